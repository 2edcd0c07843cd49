$(call fuzz_target,fatdrive,image base,)
