$(call fuzz_target,bootscript,boot http base,libuv)
