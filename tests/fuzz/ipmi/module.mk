$(call fuzz_target,ipmi,ipmi json base,libuv nettle)
