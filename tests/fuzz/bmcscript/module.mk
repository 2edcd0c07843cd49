$(call fuzz_target,bmcscript,bmcemu base,libuv nettle jansson -lm)
