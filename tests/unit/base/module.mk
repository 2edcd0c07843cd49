$(call unit_tests,tests/unit/base,json base,jansson)
