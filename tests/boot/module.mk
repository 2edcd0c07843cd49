# Boot services alone, with a fixed answer for every machine: for scenarios and for trying things.
$(eval $(call program,bootd,tests/boot/bootd.c,boot http base,libuv,$(obj)/tests/boot/))
scenario_programs += $(obj)/tests/boot/bootd
