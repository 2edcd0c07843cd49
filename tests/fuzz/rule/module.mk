$(call fuzz_target,rule,rule model json base)
