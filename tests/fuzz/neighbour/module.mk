$(call fuzz_target,neighbour,boot http hwid base,libuv)
