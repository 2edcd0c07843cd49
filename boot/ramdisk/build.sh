#!/bin/sh
# Builds the agent's ramdisk out of two archives, one after the other, which the kernel unpacks as one:
#
#   build.sh modules LINUX DRIVERS OUT         the modules that the driver list chooses (changes seldom)
#   build.sh image LINUX MODULES AGENT OUTDIR  OUTDIR/vmlinuz, OUTDIR/initramfs, OUTDIR/manifest.txt
#
# LINUX is what boot/kernel/fetch.sh unpacked, MODULES an OUT of before, AGENT the agent's program, which
# becomes /init with the shared libraries it needs, those in the folder RAMDISK_LIBRARIES before the system's.
# RAMDISK_EXTRA may name folders (separated by ':') that are copied in as they are, e.g. with lib/firmware/, and
# RAMDISK_PROGRAMS the programs beside the agent (mke2fs). The same input gives the same bytes; needs no root.
#
#   build.sh archive LINUX NAME FOLDER OUT     one more archive, which may be given to the kernel after the others
set -eu
umask 022
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)

die() {
	echo "ramdisk: $*" >&2
	exit 1
}

# Everything half-made lives in $work, beside the output; the archive's content in $stage.
work=
cleanup() {
	[ -z "$work" ] || rm -rf "$work"
}
make_work() {
	mkdir -p "$1"
	work=$(mktemp -d "$1/.work.XXXXXX")
	stage=$work/root
	mkdir "$stage"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

# Every file gets one time: of the kernel's package, unless the caller asks for another.
epoch() {
	echo "${SOURCE_DATE_EPOCH:-$(stat -L -c %Y "$1/vmlinuz")}"
}

# pack EPOCH OUT NAME: $stage, sorted by name, between its two marks: a kernel that runs out of memory while
# it unpacks goes on with what it has, and the agent sees by the missing end that something is missing.
pack() {
	marks=etc/ingot/archives
	bytes=$(cd "$stage" && find . -type f -printf '%s\n' | awk '{ s += $1 } END { print s + 0 }')
	mkdir -p "$stage/$marks/begin" "$stage/$marks/end"
	echo "$bytes" >"$stage/$marks/begin/$3"
	echo "$bytes" >"$stage/$marks/end/$3"
	chmod 644 "$stage/$marks"/*/*
	find "$stage" -exec touch -h -d "@$1" {} +
	{
		printf '%s\n' etc etc/ingot $marks $marks/begin $marks/begin/"$3"
		(cd "$stage" && find . -mindepth 1 -printf '%P\n' | grep -vx -e etc -e etc/ingot -e "$marks.*" | sort)
		printf '%s\n' $marks/end $marks/end/"$3"
	} >"$work/list"
	# --reproducible: inode and device numbers of this machine do not show
	(cd "$stage" && cpio -o -H newc --quiet --reproducible -R 0:0) <"$work/list" >"$work/cpio"
	compress "$2"
}

# Half a minute of compression for modules that are what they were: a younger date is enough then.
compress() {
	if [ -e "$1" ] && zstd -q -d -c "$1" | cmp -s - "$work/cpio"; then
		touch "$1"
	else
		zstd -q -T0 -19 "$work/cpio" -o "$work/zst"
		mv "$work/zst" "$1"
	fi
	rm "$work/cpio"
}

# choose LINUX RELEASE DRIVERS: the chosen modules, as modules.dep names them.
choose() {
	tree=$1/lib/modules/$2
	awk -f "$here/closure.awk" file=list "$3" file=builtin "$tree/modules.builtin" \
		file=softdep "$tree/modules.softdep" file=alias "$tree/modules.alias" file=dep "$tree/modules.dep"
}

# Keeps of modules.alias and modules.softdep what speaks of a chosen module; modules.dep line by line.
trim_indexes() {
	from=$1 chosen=$2 to=$3
	awk 'NR == FNR { keep[$1 ":"] = 1; next } $1 in keep' "$chosen" "$from/modules.dep" >"$to/modules.dep"
	for index in alias softdep; do
		awk -v column=$([ $index = alias ] && echo 3 || echo 2) '
			NR == FNR { sub(".*/", "", $1); sub("\\.ko.*", "", $1); gsub("-", "_", $1); keep[$1] = 1; next }
			{ name = $column; gsub("-", "_", name) }
			name in keep' "$chosen" "$from/modules.$index" >"$to/modules.$index"
	done
	cp "$from/modules.builtin" "$to/modules.builtin"
}

build_modules() {
	linux=$1 drivers=$2 out=$3
	release=$(cat "$linux/release")
	from=$linux/lib/modules/$release
	make_work "$(dirname "$out")"
	to=$stage/lib/modules/$release
	mkdir -p "$to"
	choose "$linux" "$release" "$drivers" >"$work/unsorted"
	sort "$work/unsorted" >"$work/chosen"
	while read -r module; do
		install -D -m 644 "$from/$module" "$to/$module"
	done <"$work/chosen"
	trim_indexes "$from" "$work/chosen" "$to"
	(cd "$stage" && find . -type f -printf '%s %P\n') >"$out.files"
	pack "$(epoch "$linux")" "$out" modules
	echo "  RAMDISK $(wc -l <"$work/chosen") modules of $release"
}

# The closure that the loader would map, each library under its own name.
copy_libraries() {
	LD_LIBRARY_PATH=${RAMDISK_LIBRARIES:-} ldd "$1" >"$work/ldd"
	grep 'not found' "$work/ldd" >&2 && die "$1 needs libraries that are not installed"
	awk '$2 == "=>" && $3 ~ "^/" { print "library", $3 } $1 ~ "^/" { print "loader", $1 }' "$work/ldd" >"$work/libs"
	while read -r kind path; do
		case $kind in
		loader) install -D -m 755 "$(readlink -f "$path")" "$stage$path" ;;
		library) install -D -m 644 "$(readlink -f "$path")" "$stage/$libdir/${path##*/}" ;;
		esac
	done <"$work/libs"
}

# Programs that the agent runs, from this system: mke2fs for ephemeral partitions.
copy_programs() {
	for program in ${RAMDISK_PROGRAMS-mke2fs}; do
		source=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program") || die "there is no $program"
		copy_libraries "$source"
		install -D -m 755 "$(readlink -f "$source")" "$stage/sbin/$program"
	done
}

copy_extras() {
	old=$IFS
	IFS=:
	for extra in ${RAMDISK_EXTRA:-}; do
		cp -R "$extra/." "$stage/"
	done
	IFS=$old
}

build_image() {
	linux=$1 modules=$2 agent=$3 out=$4
	make_work "$out"
	libdir=lib/$(gcc -print-multiarch)
	(cd "$stage" && mkdir -p dev etc/ingot proc run sys tmp)
	LD_BIND_NOW=1 LD_LIBRARY_PATH=${RAMDISK_LIBRARIES:-} "$agent" version >"$work/version" ||
		die "$agent does not run with ${RAMDISK_LIBRARIES:-the system's libraries}"
	copy_libraries "$agent"
	copy_programs
	strip --strip-all -o "$stage/init" "$agent"
	printf 'hosts: files dns\n' >"$stage/etc/nsswitch.conf"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$stage/etc/hosts"
	copy_extras
	cp "$linux/release" "$stage/etc/ingot/kernel"
	chmod -R u=rwX,go=rX "$stage"
	chmod 755 "$stage/init"
	(cd "$stage" && find . -type f -printf '%s %P\n') >"$work/files"
	pack "$(epoch "$linux")" "$work/agent" agent

	cat "$modules" "$work/agent" >"$work/initramfs"
	cp -L "$linux/vmlinuz" "$work/vmlinuz"
	chmod 644 "$work/vmlinuz"
	write_manifest >"$work/manifest.txt"
	mv "$work/manifest.txt" "$work/vmlinuz" "$work/initramfs" "$out/"
	sed '/^$/,$d; s/^/  RAMDISK /' "$out/manifest.txt"
}

build_archive() {
	linux=$1 name=$2 folder=$3 out=$4
	make_work "$(dirname "$out")"
	cp -a "$folder/." "$stage/"
	pack "$(epoch "$linux")" "$out" "$name"
	echo "  RAMDISK archive $name $(stat -c %s "$out") bytes"
}

write_manifest() {
	v=$(stat -c %s "$work/vmlinuz") i=$(stat -c %s "$work/initramfs")
	printf 'kernel %s %s bytes\n' "$(cat "$linux/release")" "$v"
	printf 'initramfs %s bytes: modules %s, agent and libraries %s\n' "$i" \
		"$(stat -c %s "$modules")" "$(stat -c %s "$work/agent")"
	printf 'kernel and initramfs %s bytes\n' $((v + i))
	awk '{ n++; s += $1 } END { print "unpacked", s, "bytes in", n, "files" }' "$modules.files" "$work/files"
	echo
	sort -k 2 "$modules.files" "$work/files" | awk '{ printf "%9d %s\n", $1, $2 }'
}

case ${1:-} in
modules) [ $# = 4 ] || die "usage: build.sh modules LINUX DRIVERS OUT"; build_modules "$2" "$3" "$4" ;;
image) [ $# = 5 ] || die "usage: build.sh image LINUX MODULES AGENT OUTDIR"; build_image "$2" "$3" "$4" "$5" ;;
archive) [ $# = 5 ] || die "usage: build.sh archive LINUX NAME FOLDER OUT"; build_archive "$2" "$3" "$4" "$5" ;;
*) die "usage: build.sh modules|image|archive ..." ;;
esac
