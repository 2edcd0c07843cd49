#!/bin/sh
# build.sh CONFIG OUT: an EFI program that starts the boot loader of a local disk. It is GRUB with the disk
# and FAT modules and the configuration inside; it needs no other file and no root.
set -eu

config=$1 out=$2
modules="memdisk tar normal minicmd boot part_gpt part_msdos fat chain test echo ls sleep"

command -v grub-mkimage >/dev/null || { echo "bootdisk: apt-get install grub-common" >&2; exit 1; }
[ -d /usr/lib/grub/x86_64-efi ] || { echo "bootdisk: apt-get install grub-efi-amd64-bin" >&2; exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# A configuration that is built in directly gets GRUB's rescue parser, which knows neither `for` nor `if`;
# `normal` reads this one from a memory disk.
mkdir -p "$work/boot/grub"
cp "$config" "$work/boot/grub/grub.cfg"
tar -C "$work" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=go=rX,u=rwX \
	-cf "$work/memdisk.tar" boot
# shellcheck disable=SC2086 # the list is one word per module
grub-mkimage -O x86_64-efi -p '(memdisk)/boot/grub' -m "$work/memdisk.tar" -o "$out.new" $modules
mv "$out.new" "$out"
echo "  GRUB    $out, $(stat -c %s "$out") bytes"
