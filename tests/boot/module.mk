# Boot services alone, with a fixed answer for every machine: for scenarios and for trying things.
$(eval $(call program,bootd,tests/boot/bootd.c,boot http base,libuv,$(obj)/tests/boot/))
scenario_programs += $(obj)/tests/boot/bootd
# The ramdisk's network code alone, for scenarios in a network namespace.
$(eval $(call program,netprobe,tests/boot/netprobe.c,agentinit agentinspect agentreport hwid http json base,jansson gnutls,$(obj)/tests/boot/))
scenario_programs += $(obj)/tests/boot/netprobe
