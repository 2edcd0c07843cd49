$(eval $(call library,bmcemu,tests/bmc,libuv nettle jansson))
