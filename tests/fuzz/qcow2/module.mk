$(call fuzz_target,qcow2,image base,gnutls libzstd -l:libdeflate.a)
