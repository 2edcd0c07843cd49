$(call fuzz_target,dnsmasqlog,boot http base,libuv)
