$(call fuzz_target,fsid,image base,zlib)
