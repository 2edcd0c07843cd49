$(call unit_tests,tests/unit/hwid,hwid json base,jansson)
