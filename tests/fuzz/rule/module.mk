$(call fuzz_target,rule,model json base)
