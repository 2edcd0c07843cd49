$(call unit_tests,tests/unit/hwdb,hwdb base,nettle)
