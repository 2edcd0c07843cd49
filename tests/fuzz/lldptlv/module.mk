$(call fuzz_target,lldptlv,hwid json base)
