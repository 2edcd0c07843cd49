$(call fuzz_target,systemmeta,vracksystem)
