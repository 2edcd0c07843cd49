$(call fuzz_target,bmap,image json base,gnutls)
