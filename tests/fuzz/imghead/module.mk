$(call fuzz_target,imghead,image base,)
