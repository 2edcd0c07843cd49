$(call unit_tests,tests/unit/vrack,vrackdata vracksystem base,inih nettle)
