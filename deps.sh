#!/bin/sh
# deps.sh [GROUP...]: installs the Debian packages that building, testing and demonstrating Ingot need and the
# machine lacks. Does nothing when all are there. Run as root (or with sudo); Debian 12 and 13.
#
# Groups, all of them when none is named: build (programs and tests), unit (what unit tests compare with), image (the
# agent's ramdisk and the firmware), run (what ingotd starts), rack (virtual machines), judge (all other tests).
set -eu

build='gcc make pkg-config git libuv1-dev libmicrohttpd-dev libcurl4-gnutls-dev libgnutls28-dev nettle-dev
libjansson-dev libpcre2-dev libsqlite3-dev libinih-dev libzstd-dev zlib1g-dev libdeflate-dev liblzma-dev libbz2-dev
libcrypt-dev libyaml-dev libarchive-dev python3 python3-yaml'
unit='perl fdisk e2fsprogs dosfstools mtools efibootmgr xorriso libarchive-tools busybox-static sqlite3'
image='zstd xz-utils cpio kmod mtools e2fsprogs fdisk dosfstools grub-common grub-pc-bin grub-efi-amd64-bin grub2-common busybox-static
binutils dpkg-dev'
run='dnsmasq-base tftpd-hpa ipxe ipmitool iproute2'
rack='qemu-system-x86 qemu-utils ovmf seabios swtpm'
judge='clang clang-format clang-tidy cppcheck llvm openipmi freeipmi-tools python3-ironicclient
python3-openstacksdk curl openssl universal-ctags wrk hyperfine debootstrap lldpd dmidecode gdisk bmap-tools mandoc zsh fish nginx-light'

# clang's sanitizer and fuzzer runtimes carry the compiler's major version in their name
judge="$judge libclang-rt-$(. /etc/os-release; [ "${VERSION_ID:-12}" -ge 13 ] && echo 19 || echo 14)-dev"

wanted=
for group in ${*:-build unit image run rack judge}; do
	case $group in
	build | unit | image | run | rack | judge) eval "wanted=\"\$wanted \$$group\"" ;;
	*) echo "deps: there is no group $group, only build, unit, image, run, rack and judge" >&2; exit 2 ;;
	esac
done

missing=
for p in $wanted; do
	case "$(dpkg-query -W -f '${Status}' "$p" 2>/dev/null)" in
	*' installed') ;;
	*) missing="$missing $p" ;;
	esac
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
as_root=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || { echo "deps: run this as root, or install sudo" >&2; exit 1; }
	as_root=sudo
fi

# A package's own service must not start: ingotd starts what it needs, where it needs it.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
	$as_root chmod 755 $policy
	made_policy=yes
fi
trap '[ -z "$made_policy" ] || $as_root rm -f $policy' EXIT
trap 'exit 130' INT TERM

# A fresh machine has old package lists or none; one that has them is not made to fetch them again.
if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; then
	$as_root apt-get update -q
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
fi
