# The agent's image: build/agent/vmlinuz and build/agent/initramfs. The modules are packed by
# themselves, because they take half a minute and change only with the kernel or the driver list.
DRIVERS ?= boot/ramdisk/drivers.common
ramdisk_modules := build/cache/ramdisk/modules.zst
agent_image := $(out)/agent/initramfs

$(ramdisk_modules): boot/ramdisk/build.sh boot/ramdisk/closure.awk $(DRIVERS) build/cache/linux/.stamp
	@mkdir -p $(@D)
	@boot/ramdisk/build.sh modules build/cache/linux $(DRIVERS) $@

$(agent_image): $(ramdisk_modules) $(out)/ingot-agent $(if $(filter small,$(LIBCURL)),build/cache/curl/.stamp)
	@RAMDISK_LIBRARIES=$(if $(filter small,$(LIBCURL)),$(CURDIR)/build/cache/curl) boot/ramdisk/build.sh image build/cache/linux $(ramdisk_modules) $(out)/ingot-agent $(@D)

.PHONY: agent-image
agent-image: $(agent_image)
all: $(agent_image)
