$(call unit_tests,tests/unit/cast,cast json base,jansson)
