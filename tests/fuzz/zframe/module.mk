$(call fuzz_target,zframe,image base,libzstd)
