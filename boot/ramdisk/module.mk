# The agent's image: build/agent/vmlinuz and build/agent/initramfs. The modules are packed by
# themselves, because they take half a minute and change only with the kernel or the driver list.
# DRIVERS is virtual, common, all (drivers.* here), or a file of one's own.
DRIVERS ?= common
driver_list := $(or $(wildcard boot/ramdisk/drivers.$(DRIVERS)),$(DRIVERS))
ramdisk_modules := build/cache/ramdisk/modules-$(subst /,_,$(DRIVERS))$(if $(KERNEL),-$(KERNEL)).zst
ramdisk_libraries := $(if $(filter small,$(LIBCURL)),build/cache/curl)
agent_image := $(out)/agent/initramfs

# What the image was last made of: another kernel or list is a reason to make it again.
agent_choice := $(out)/agent/.choice
ifneq ($(strip $(KERNEL) $(DRIVERS) $(LIBCURL)),$(strip $(file <$(agent_choice))))
.PHONY: $(agent_choice)
endif
$(agent_choice):
	@mkdir -p $(@D); echo $(KERNEL) $(DRIVERS) $(LIBCURL) >$@

$(ramdisk_modules): boot/ramdisk/build.sh boot/ramdisk/closure.awk $(wildcard boot/ramdisk/drivers.*) $(driver_list) $(agent_linux)/.stamp
	@mkdir -p $(@D)
	@boot/ramdisk/build.sh modules $(agent_linux) $(driver_list) $@

$(agent_image): $(ramdisk_modules) $(out)/ingot-agent $(agent_choice) $(addsuffix /.stamp,$(ramdisk_libraries))
	@RAMDISK_LIBRARIES=$(abspath $(ramdisk_libraries)) boot/ramdisk/build.sh image $(agent_linux) $(ramdisk_modules) $(out)/ingot-agent $(@D)

.PHONY: agent-image
agent-image: $(agent_image)
all: $(agent_image)

# Optional: a ramdisk to rescue machines with, and firmware files for NICs; boot/README.md says how they are served.
agent_rescue := $(out)/agent/initramfs-rescue
agent_firmware := $(out)/agent/firmware.zst
$(agent_rescue): $(agent_image) boot/ramdisk/rescue.sh boot/archive/packages.sh
	@boot/ramdisk/rescue.sh build/cache $(agent_linux) $(@D)
$(agent_firmware): $(agent_linux)/.stamp boot/ramdisk/firmware.sh boot/archive/packages.sh
	@boot/ramdisk/firmware.sh build/cache $(agent_linux) $@
.PHONY: agent-rescue agent-firmware
agent-rescue: $(agent_rescue)
agent-firmware: $(agent_firmware)
