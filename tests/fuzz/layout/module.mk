$(call fuzz_target,layout,image base,zlib)
