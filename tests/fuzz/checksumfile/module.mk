$(call fuzz_target,checksumfile,image http json base,libcurl gnutls)
