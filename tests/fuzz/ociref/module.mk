$(call fuzz_target,ociref,image json base,jansson)
