$(eval $(call library,bmcemu,tests/bmc,libuv nettle jansson -lm))
$(eval $(call program,ingot-bmcd,$(wildcard tests/bmc/bmcd/*.c),bmcemu json base,libuv nettle jansson,$(obj)/tests/bmc/))
test_programs += $(obj)/tests/bmc/ingot-bmcd
