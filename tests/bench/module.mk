$(eval $(call program,ipmi_status,tests/bench/ipmi_status.c,ipmi json base,libuv nettle jansson,$(obj)/tests/bench/))
test_programs += $(obj)/tests/bench/ipmi_status
$(eval $(call program,store_bench,tests/bench/store_bench.c,store model json base,sqlite3 jansson,$(obj)/tests/bench/))
test_programs += $(obj)/tests/bench/store_bench
