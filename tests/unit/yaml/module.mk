$(call unit_tests,tests/unit/yaml,yaml json base)
