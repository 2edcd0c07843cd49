# Boot programs made here; iPXE's come from Debian's package.
firmware_files := $(out)/firmware/bootdisk.efi

$(out)/firmware/bootdisk.efi: firmware/bootdisk/build.sh firmware/bootdisk/grub.cfg
	@mkdir -p $(@D)
	@firmware/bootdisk/build.sh firmware/bootdisk/grub.cfg $@

.PHONY: firmware
firmware: $(firmware_files)
all: $(firmware_files)
