# To be sourced. Needs no root and no mount.
#
# fill IMAGE TREE WORK: puts what is in the folder TREE into the ext4 file system IMAGE with debugfs, in an order of ours
# and with its fake time (`mke2fs -d` takes the folder's order and the time of the copy). More commands for debugfs come
# on standard input. Folders that IMAGE has already stay as they are. WORK is for what it leaves behind.
fill() {
	image=$(realpath "$1") commands=$(realpath "$3")/commands
	(
		cd "$2"
		find . -mindepth 1 -type d | sort | sed 's|^\.\(.*\)$|mkdir \1|'
		find . -type f | sort | while read -r f; do
			echo "write $f ${f#.}"
			[ ! -x "$f" ] || echo "set_inode_field ${f#.} mode 0100755"
		done
		cat
	) >"$commands"
	(cd "$2" && debugfs -w -f "$commands" "$image") >"$3/debugfs.out" 2>&1
	if grep -v '^debugfs\|^Allocated inode\|already exists' "$3/debugfs.out" | grep -q .; then
		echo "debugfs failed on $1:" >&2
		head -n 20 "$3/debugfs.out" >&2
		exit 1
	fi
}
