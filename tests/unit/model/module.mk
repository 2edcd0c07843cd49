$(call unit_tests,tests/unit/model,rule model json base)
