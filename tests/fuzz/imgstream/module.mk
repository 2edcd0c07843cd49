$(call fuzz_target,imgstream,image base,libzstd liblzma zlib)
