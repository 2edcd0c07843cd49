#!/bin/sh
# packages.sh CACHE COMPONENT FOLDER PACKAGE...: unpacks packages of Debian's archive into FOLDER, without
# installing them. They stay in CACHE/debs/more; what is there is not fetched again. COMPONENT is main, or one that the machine's
# own lists may lack (non-free-firmware). A package that this release does not have is passed over with a word.
# Needs no root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lists.sh"
umask 022
mkdir -p "$1/debs/more"
cache=$(cd "$1" && pwd) component=$2 into=$3
shift 3
lists=$cache/apt-$component

exec 9>"$cache/.lock"
flock 9

apt() {
	if [ -e "$lists/sources.list" ]; then
		own_apt "$lists" "$@"
	else
		"$@"
	fi
}

have() {
	ls "$cache/debs/more/$1"_*.deb 2>/dev/null | sort -V | tail -n 1
}

download() { # PACKAGE: if apt knows it; have tells
	new=$cache/debs/more/.new
	rm -rf "$new" && mkdir "$new" # so that an interrupted download is never taken for whole
	if (cd "$new" && apt apt-get -o APT::Sandbox::User=root -qq download "$1" 2>/dev/null); then
		mv "$new"/*.deb "$cache/debs/more"
	fi
	rm -rf "$new"
}

got=0
mkdir -p "$into"
for package in "$@"; do
	[ -n "$(have "$package")" ] || download "$package"
	if [ -z "$(have "$package")" ] && [ ! -e "$lists/sources.list" ]; then
		echo "  DEBIAN fetching package lists of $component"
		own_lists "$lists" deb "" "$component"
		download "$package"
	fi
	deb=$(have "$package")
	if [ -z "$deb" ]; then
		echo "  DEBIAN there is no package $package"
		continue
	fi
	dpkg-deb -x "$deb" "$into"
	got=$((got + 1))
done
rm -rf "$lists"
[ $got -gt 0 ] || { echo "packages.sh: none of $* could be downloaded; is the Debian archive reachable?" >&2; exit 1; }
