#!/bin/sh
# rescue.sh CACHE LINUX OUTDIR: OUTDIR/rescue.zst, what a person needs in the ramdisk and the agent does not: busybox
# with all its commands, an SSH server and the libraries it needs beyond the agent's; and OUTDIR/initramfs-rescue,
# the agent's ramdisk with that behind it. Needs OUTDIR/initramfs. Debian's packages are unpacked, not installed.
set -eu
umask 022
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 linux=$2 out=$3
work=$(mktemp -d "$out/.rescue.XXXXXX")
trap 'rm -rf "$work"' EXIT

"$here/../archive/packages.sh" "$cache" main "$work/debs" busybox-static dropbear-bin libtomcrypt1 libtommath1 libcrypt1 zlib1g
libdir=lib/$(gcc -print-multiarch)
root=$work/root
mkdir -p "$root/bin" "$root/sbin" "$root/usr/bin" "$root/usr/sbin" "$root/$libdir" "$root/etc/dropbear" "$root/root" \
	"$root/mnt" "$root/var/log"
busybox=$(ls "$work"/debs/bin/busybox "$work"/debs/usr/bin/busybox 2>/dev/null | head -n 1)
cp "$busybox" "$root/bin/busybox"
"$busybox" --list-full | while read -r applet; do
	case $applet in
	*/mke2fs) ;; # the agent has the real one
	bin/* | sbin/* | usr/bin/* | usr/sbin/*) [ -e "$root/$applet" ] || ln -s /bin/busybox "$root/$applet" ;;
	esac
done
cp "$work/debs/usr/sbin/dropbear" "$root/usr/sbin/"
cp "$work/debs/usr/bin/dropbearkey" "$root/usr/bin/"
for library in libtomcrypt.so.1 libtommath.so.1 libcrypt.so.1 libz.so.1; do
	from=$(find "$work/debs" -name "$library" | head -n 1)
	[ -n "$from" ] || { echo "rescue.sh: the packages have no $library" >&2; exit 1; }
	cp -L "$from" "$root/$libdir/$library"
done
printf '/bin/sh\n' >"$root/etc/shells"
printf 'export PS1="rescue:\\w# " HOME=/root\n' >"$root/etc/profile"
"$here/build.sh" archive "$linux" rescue "$root" "$out/rescue.zst"
cat "$out/initramfs" "$out/rescue.zst" >"$out/initramfs-rescue.new"
mv "$out/initramfs-rescue.new" "$out/initramfs-rescue"
echo "  RAMDISK initramfs-rescue $(stat -c %s "$out/initramfs-rescue") bytes"
