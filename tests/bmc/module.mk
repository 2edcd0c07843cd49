$(eval $(call library,bmcemu,tests/bmc,libuv nettle jansson -lm))
$(eval $(call library,bmcfarm,tests/bmc/bmcd,libuv nettle jansson,$(filter-out %/main.c,$(wildcard tests/bmc/bmcd/*.c))))
$(eval $(call program,ingot-bmcd,tests/bmc/bmcd/main.c,bmcfarm bmcemu json base,libuv nettle jansson,$(obj)/tests/bmc/))
test_programs += $(obj)/tests/bmc/ingot-bmcd
