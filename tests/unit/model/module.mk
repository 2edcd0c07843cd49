$(call unit_tests,tests/unit/model,model json base)
