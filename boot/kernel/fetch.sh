#!/bin/sh
# fetch.sh CACHE [SUITE]: fills CACHE/linux with Debian's own kernel, without installing it; with a SUITE (trixie,
# bookworm-backports, ...) CACHE/linux-SUITE with the kernel of that one.
#
# Afterwards the folder holds boot/vmlinuz-RELEASE, lib/modules/RELEASE with modules.dep and
# modules.alias, `vmlinuz` (a link), `release` (the kernel's release) and `version` (the package's
# version). Modules are unpacked (.ko) also where Debian ships them compressed. The package
# stays in CACHE/debs, and as long as it is there nothing is fetched again. Needs no root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../archive/lists.sh"

umask 022
mkdir -p "$1"
cache=$(cd "$1" && pwd) suite=${2:-}
debs=$cache/debs${suite:+/$suite}
tree=$cache/linux${suite:+-$suite}
lists=$cache/apt${suite:+-$suite}
meta=linux-image-amd64

say() {
	echo "  LINUX $*"
}

# apt PROGRAM ARGUMENT...: on the machine's lists, or on our own once they are there.
apt() {
	if [ -e "$lists/sources.list" ]; then
		own_apt "$lists" "$@"
	else
		"$@"
	fi
}

# The package that the metapackage stands for.
resolve() {
	apt apt-cache show --no-all-versions "$meta" 2>/dev/null |
		sed -n 's/^Depends: .*\(linux-image-[0-9][^ ,]*\).*/\1/p' | head -n 1
}

download() {
	package=$(resolve)
	[ -n "$package" ] || return 1
	say "downloading $package"
	rm -rf "$debs/new" && mkdir "$debs/new" # so that an interrupted download is never taken for whole
	(cd "$debs/new" && apt apt-get -o APT::Sandbox::User=root -qq download "$package") &&
		mv "$debs"/new/*.deb "$debs" && rmdir "$debs/new"
}

# Another suite is on no list of the machine's; and a machine may have none, or some too old to download by.
fetch() {
	[ -n "$suite" ] || ! download || return 0
	say "fetching package lists${suite:+ of $suite}"
	own_lists "$lists" deb "$suite" && download
}

mkdir -p "$debs"
exec 9>"$cache/.lock" # two makes may want the same kernel at the same time
flock 9
[ "$tree/.stamp" -nt "$0" ] && exit 0
deb=$(ls "$debs"/linux-image-[0-9]*.deb 2>/dev/null | sort -V | tail -n 1)
if [ -z "$deb" ]; then
	fetch || {
		echo "fetch.sh: no package for $meta could be downloaded${suite:+; is $suite a suite of Debian?}" >&2
		echo "fetch.sh: is the Debian archive reachable?" >&2
		exit 1
	}
	rm -rf "$lists"
	deb=$(ls "$debs"/linux-image-[0-9]*.deb | sort -V | tail -n 1)
fi

say "unpacking ${deb##*/}"
rm -rf "$tree.new"
mkdir -p "$tree.new"
dpkg-deb -x "$deb" "$tree.new"

# Debian 13 ships /usr/lib/modules, Debian 12 /lib/modules, and depmod looks where its own system has
# them: the modules end in lib/modules, and usr/lib leads there as well.
[ -d "$tree.new/lib/modules" ] || mv "$tree.new/usr/lib" "$tree.new/lib"
rm -rf "$tree.new/usr"
mkdir "$tree.new/usr"
ln -s ../lib "$tree.new/usr/lib"

release=$(ls "$tree.new/lib/modules")
find "$tree.new/lib/modules" -name '*.ko.xz' -print0 | xargs -0 -r -n 64 -P "$(nproc)" xz -d
find "$tree.new/lib/modules" -name '*.ko.zst' -print0 | xargs -0 -r -n 64 -P "$(nproc)" zstd -q -d --rm
PATH=$PATH:/usr/sbin:/sbin depmod -b "$tree.new" "$release"
ln -s "boot/vmlinuz-$release" "$tree.new/vmlinuz"
echo "$release" >"$tree.new/release"
dpkg-deb -f "$deb" Version >"$tree.new/version"

rm -rf "$tree"
mv "$tree.new" "$tree"
touch "$tree/.stamp"
