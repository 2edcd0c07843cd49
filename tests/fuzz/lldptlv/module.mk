$(call fuzz_target,lldptlv,model json base)
