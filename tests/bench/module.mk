$(eval $(call program,ipmi_status,tests/bench/ipmi_status.c,ipmi json base,libuv nettle jansson,$(obj)/tests/bench/))
test_programs += $(obj)/tests/bench/ipmi_status
