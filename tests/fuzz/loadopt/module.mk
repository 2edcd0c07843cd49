$(call fuzz_target,loadopt,agentnvram base,)
