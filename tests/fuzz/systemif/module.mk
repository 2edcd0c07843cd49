$(call fuzz_target,systemif,bmcemu base,libuv nettle jansson)
