#!/bin/sh
# partition.sh OUT SYSTEM: makes OUT, an image of a root partition, out of the third partition of SYSTEM
# (build.sh), and OUT.sha256. Beside the test system it holds what an agent runs to make it boot: Debian's own
# grub-install with its modules and libraries, and a grub-mkconfig that writes the test system's configuration.
# Needs no root.
set -eu

out=$1 system=$2
here=$(dirname "$0")
. "$here/fill.sh"
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
umask 022
work=$out.work
rm -rf "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
tree=$work/tree
mkdir -p "$tree/usr/sbin" "$tree/etc" "$tree/bin" "$tree/usr/bin" "$tree/run"

copy() { # FILE
	mkdir -p "$tree${1%/*}"
	cp -L "$1" "$tree$1"
}

echo "  SYSTEM partition image"
for program in grub-install grub-probe; do
	path=$(command -v $program)
	cp -L "$path" "$tree/usr/sbin/$program"
	ldd "$path" | awk '$3 ~ "^/" { print $3 } $1 ~ "^/" { print $1 }'
done | sort -u >"$work/libraries"
while read -r library; do copy "$library"; done <"$work/libraries"
for platform in i386-pc x86_64-efi; do
	for file in /usr/lib/grub/$platform/*.mod /usr/lib/grub/$platform/*.lst /usr/lib/grub/$platform/*.img \
		/usr/lib/grub/$platform/modinfo.sh; do
		case $file in */gdb*|*_test.mod|*/monolithic*) continue ;; esac
		[ ! -e "$file" ] || copy "$file"
	done
done
cat >"$tree/usr/sbin/grub-mkconfig" <<'S'
#!/bin/sh
echo "Generating grub configuration file ..."
[ "$1" = -o ] && { echo '# by grub-mkconfig'; cat /etc/grub.system; } >"$2"
S
chmod 755 "$tree/usr/sbin/grub-mkconfig"
cp "$here/grub.cfg" "$tree/etc/grub.system"
printf '# <file system> <mount point> <type> <options> <dump> <pass>\n' >"$tree/etc/fstab"

start=$(sfdisk -d "$system" | sed -n 's/.*3 : start= *\([0-9]*\), size= *\([0-9]*\).*/\1 \2/p')
dd if="$system" of="$work/image" bs=1M iflag=skip_bytes,count_bytes skip=$((${start% *} * 512)) \
	count=$((${start#* } * 512)) conv=sparse status=none
{
	for name in cat ls mkdir rm cp mv; do echo "symlink /bin/$name busybox"; done
	echo "rm /boot/grub/grub.cfg"
} | fill "$work/image" "$tree" "$work"
e2fsck -fy "$work/image" >"$work/fsck.out" 2>&1 || [ $? -le 1 ] || { cat "$work/fsck.out" >&2; exit 1; }
mv "$work/image" "$out"
(cd "$(dirname "$out")" && sha256sum "$(basename "$out")") >"$out.sha256"
