$(call fuzz_target,configdrive,image http json base,libcurl gnutls libzstd liblzma zlib -lbz2)
