$(call fuzz_target,gpt,image base,zlib)
