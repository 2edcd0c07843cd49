$(call fuzz_target,bmcemu,bmcemu base,libuv nettle jansson)
