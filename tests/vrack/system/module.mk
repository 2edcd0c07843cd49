# The disk image that a deploy writes in tests and in the demo: build/system/system.img and its
# compressed forms. It is the same in every VARIANT.
# The part of its program that reads foreign data is a library too, for the unit tests.
$(eval $(call library,vracksystem,tests/vrack/system,,$(addprefix tests/vrack/system/,meta.c post.c)))

system_images := $(foreach f,system.img system.img.gz system.img.zst system4k.img system4k.img.zst, \
  build/system/$(f) build/system/$(f).sha256)
system_src := $(addprefix tests/vrack/system/,init.c disks.c meta.c modules.c post.c)
sources += $(addprefix tests/vrack/system/,init.c disks.c modules.c)

build/system/init: $(system_src) $(wildcard tests/vrack/system/*.h)
	@mkdir -p $(@D)
	@echo "  CC    $@"
	@$(cc.release) -std=gnu17 -D_GNU_SOURCE -I. $(warnings) -Os -static -s -o $@ $(system_src)

$(system_images) &: build/system/init build/cache/linux/.stamp \
  $(addprefix tests/vrack/system/,build.sh fill.sh modules.list grub.cfg udhcpc.sh)
	@tests/vrack/system/build.sh build/system build/cache/linux build/system/init

# The root of that disk as an image of its own, with the GRUB that makes it boot.
build/system/partition.img: build/system/system.img $(addprefix tests/vrack/system/,partition.sh fill.sh)
	@tests/vrack/system/partition.sh $@ $<

.PHONY: system
system: $(system_images) build/system/partition.img
all: system
