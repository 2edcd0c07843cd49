#!/bin/sh
# firmware.sh CACHE LINUX OUT: an archive with the firmware files that the network drivers of this kernel ask for, as
# far as Debian has them in non-free-firmware. RAMDISK_EXTRA may name folders with more (lib/firmware/...).
set -eu
umask 022
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 linux=$2 out=$3
mkdir -p "$(dirname "$out")"
work=$(mktemp -d "$(dirname "$out")/.firmware.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$here/../archive/packages.sh" "$cache" non-free-firmware "$work/debs" firmware-bnx2x firmware-misc-nonfree \
	firmware-netronome firmware-netxen firmware-qlogic firmware-realtek firmware-cavium firmware-intel-misc \
	firmware-mellanox || [ -n "${RAMDISK_EXTRA:-}" ]
mkdir -p "$work/root/lib/firmware"
from=$work/debs/lib/firmware
[ -d "$from" ] || from=$work/debs/usr/lib/firmware
release=$(cat "$linux/release")
find "$linux/lib/modules/$release/kernel/drivers/net/ethernet" -name '*.ko' -exec /sbin/modinfo -F firmware {} + |
	sort -u >"$work/wanted"
# names may have wildcards, and a driver finds intel/ice/ddp/ice.pkg by a name that is a link
while read -r name; do
	for file in "$from"/$name; do
		[ -e "$file" ] || continue
		install -D -m 644 "$file" "$work/root/lib/firmware/${file#"$from"/}"
	done
done <"$work/wanted"
old=$IFS
IFS=:
for extra in ${RAMDISK_EXTRA:-}; do
	cp -RL "$extra/." "$work/root/"
done
IFS=$old
echo "  RAMDISK firmware: $(find "$work/root" -type f | wc -l) files of $(wc -l <"$work/wanted") that drivers name"
"$here/build.sh" archive "$linux" firmware "$work/root" "$out"
