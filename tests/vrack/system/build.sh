#!/bin/sh
# build.sh OUT LINUX INIT: makes OUT/system.img, .gz and .zst of it, and a .sha256 beside each; and
# OUT/system4k.img, the same for disks with sectors of 4096 bytes, with .zst.
#
# A disk of 300 MB that boots under BIOS and UEFI: GPT with a BIOS boot partition (GRUB's core), an
# EFI system partition (GRUB as BOOTX64.EFI) and an ext4 root. LINUX is the unpacked kernel package
# (boot/kernel/fetch.sh), INIT our static program. Everything else is Debian's. Needs no root, no
# loop device and no mount, and the same inputs give the same bytes: all times are SOURCE_DATE_EPOCH
# (by default the kernel's date), all UUIDs are fixed.
set -eu

out=$1 linux=$2 init=$3
here=$(dirname "$0")
. "$here/fill.sh"
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C TZ=UTC
umask 022

size_mb=300
core_at=2048     # sectors of 512 bytes; the BIOS boot partition holds GRUB's core
core_sectors=2048
esp_at=4096      # 16 MiB
esp_sectors=32768
root_at=36864
root_sectors=$((size_mb * 2048 - root_at - 2048))
disk_uuid=8C2B4F0E-6D3A-4B57-9C1E-1A60C7D5E201
root_uuid=8c2b4f0e-6d3a-4b57-9c1e-1a60c7d5e202
hash_seed=8c2b4f0e-6d3a-4b57-9c1e-1a60c7d5e203

release=$(cat "$linux/release")
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat -c %Y "$linux/boot/vmlinuz-$release")}
export SOURCE_DATE_EPOCH
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH # e2fsprogs 1.47.0 knows only this name

work=$out/work
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Copies modules and what they depend on into a tree, and makes an index of just those.
copy_modules() { # TREE, words that select lines of modules.list
	tree=$1
	modules=$tree/lib/modules/$release
	from=$linux/lib/modules/$release
	mkdir -p "$modules" "$tree/usr"
	sed -n "s/^\($2\) \([a-z0-9_]*\)\$/\2/p" "$here/modules.list" | sed 's/_/[-_]/g' >"$work/names"
	while read -r name; do
		grep "/$name\.ko:" "$from/modules.dep" ||
			grep -q "/$name\.ko\$" "$from/modules.builtin" || # virtio_pci in Debian 13
			{ echo "build.sh: no module $name in $release" >&2; exit 1; }
	done <"$work/names" >"$work/deps"
	tr -d : <"$work/deps" | tr ' ' '\n' | sort -u >"$work/files"
	while read -r file; do
		mkdir -p "$modules/${file%/*}"
		cp "$from/$file" "$modules/$file"
	done <"$work/files"
	cp "$from/modules.builtin" "$from/modules.order" "$modules"
	ln -s ../lib "$tree/usr/lib" # where Debian 13's depmod looks
	depmod -b "$tree" "$release" 2>/dev/null
	rm -r "$tree/usr"
	mv "$modules/modules.dep" "$modules/modules.alias" "$work"
	rm "$modules"/modules.*
	mv "$work/modules.dep" "$work/modules.alias" "$modules"
}

echo "  SYSTEM initramfs"
boot=$work/initramfs
mkdir -p "$boot/dev" "$boot/proc" "$boot/sys" "$boot/sysroot"
copy_modules "$boot" boot
cp "$init" "$boot/init"
find "$boot" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$boot" && find . | sort | cpio -o -H newc -R 0:0 --reproducible --quiet) |
	zstd -q -15 >"$work/initrd.img"

echo "  SYSTEM root file system"
root=$work/root
mkdir -p "$root/bin" "$root/boot/grub" "$root/config" "$root/dev" "$root/etc" "$root/proc" \
	"$root/sbin" "$root/sys" "$root/tmp"
copy_modules "$root" 'boot\|root'
cp "$init" "$root/sbin/init"
cp /bin/busybox "$root/bin/busybox"
cp "$linux/boot/vmlinuz-$release" "$root/boot/vmlinuz"
cp "$work/initrd.img" "$root/boot/initrd.img"
cp "$here/grub.cfg" "$root/boot/grub/grub.cfg"
cp "$here/udhcpc.sh" "$root/etc/udhcpc.sh"
echo "Ingot test system" >"$root/etc/issue"

make_root() { # IMAGE
	truncate -s $((root_sectors * 512)) "$1"
	mke2fs -q -t ext4 -b 4096 -I 256 -J size=4 -m 0 -L ingot-root -U "$root_uuid" \
		-O ^metadata_csum_seed,^orphan_file,^resize_inode \
		-E "hash_seed=$hash_seed,lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0" \
		"$1"
	fill "$1" "$root" "$work" <<'E'
symlink /bin/sh busybox
set_inode_field /tmp mode 041777
E
	e2fsck -fn "$1" >"$work/fsck.out" 2>&1 || { cat "$work/fsck.out" >&2; exit 1; }
}
make_root "$work/root.ext4"

echo "  SYSTEM boot loaders"
# "(,gpt3)" is the third partition of the disk that GRUB was started from
grub-mkimage -O x86_64-efi -o "$work/bootx64.efi" -p '(,gpt3)/boot/grub' \
	part_gpt ext2 normal linux echo
grub-mkimage -O i386-pc -o "$work/core.img" -p '(,gpt3)/boot/grub' \
	biosdisk part_gpt ext2 normal linux echo
[ "$(stat -c %s "$work/core.img")" -le $((core_sectors * 512)) ]
cp /usr/lib/grub/i386-pc/boot.img "$work/boot.img"
patch() { # FILE OFFSET BYTES
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
patch "$work/boot.img" 92 '\000\010\000\000\000\000\000\000'  # 0x5c: core is at sector 2048
patch "$work/boot.img" 102 '\220\220'                         # 0x66: any BIOS drive number
patch "$work/core.img" 500 '\001\010\000\000\000\000\000\000' # its rest is at sector 2049

touch -d "@$SOURCE_DATE_EPOCH" "$work/bootx64.efi"
make_esp() { # IMAGE, sector size, its code for mformat
	truncate -s $((esp_sectors * 512)) "$1"
	mformat -i "$1" -v INGOT-ESP -N 16a0c7d5 -S "$3" -T $((esp_sectors * 512 / $2)) -h 64 -s 32 ::
	mmd -i "$1" ::/EFI ::/EFI/BOOT
	mcopy -m -i "$1" "$work/bootx64.efi" ::/EFI/BOOT/BOOTX64.EFI
}
make_esp "$work/esp" 512 2
make_esp "$work/esp4k" 4096 5

# The table, in sectors of that size. fdisk takes the size, which sfdisk does not in Debian 12.
make_table() { # IMAGE, sector size
	n=$(($2 / 512))
	cat >"$work/table" <<E
label: gpt
label-id: $disk_uuid
start=$((core_at / n)), size=$((core_sectors / n)), type=21686148-6449-6E6F-744E-656564454649, uuid=${disk_uuid%1}4
start=$((esp_at / n)), size=$((esp_sectors / n)), type=U, name=ESP, uuid=${disk_uuid%1}5
start=$((root_at / n)), size=$((root_sectors / n)), type=L, name=root, uuid=${disk_uuid%1}6
E
	truncate -s "${size_mb}M" "$1"
	printf 'I\n%s\nw\n' "$work/table" | fdisk -b "$2" "$1" >"$work/fdisk.out" 2>&1 ||
		{ cat "$work/fdisk.out" >&2; exit 1; }
}
place() { # IMAGE FILE SECTOR
	dd if="$2" of="$1" bs=64k oflag=seek_bytes seek=$(($3 * 512)) conv=notrunc,sparse status=none
}

echo "  SYSTEM disk"
disk=$work/system.img
make_table "$disk" 512
dd if="$work/boot.img" of="$disk" bs=440 count=1 conv=notrunc status=none
place "$disk" "$work/core.img" "$core_at"
place "$disk" "$work/esp" "$esp_at"
place "$disk" "$work/root.ext4" "$root_at"

echo "  SYSTEM disk of 4096-byte sectors"
disk4k=$work/system4k.img # no firmware of BIOS kind boots it
make_table "$disk4k" 4096
place "$disk4k" "$work/esp4k" "$esp_at"
place "$disk4k" "$work/root.ext4" "$root_at"

echo "  SYSTEM compressing"
gzip -9nc "$disk" >"$work/system.img.gz"
zstd -q -12 -T0 "$disk" -o "$work/system.img.zst"
zstd -q -12 -T0 "$disk4k" -o "$work/system4k.img.zst"
for f in system.img system.img.gz system.img.zst system4k.img system4k.img.zst; do
	(cd "$work" && sha256sum "$f") >"$work/$f.sha256"
	mv "$work/$f" "$work/$f.sha256" "$out"
done
