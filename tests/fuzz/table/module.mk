$(call fuzz_target,table,image base,zlib)
