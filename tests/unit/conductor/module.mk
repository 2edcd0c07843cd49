$(call unit_tests,tests/unit/conductor,config base,inih)
