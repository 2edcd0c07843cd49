$(call fuzz_target,qcow2,image base,gnutls libzstd zlib)
