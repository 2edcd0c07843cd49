#!/bin/sh
# report.sh TARGET...: how many lines of the code it is meant for each target reaches: with the corpus
# that is kept, and with what fuzzing on this machine has added to it (build/fuzz/<target>/corpus).
# tests/fuzz/<target>/files names that code, one file a line. The files themselves, line by line:
#   llvm-cov show build/obj/fuzz/tests/fuzz/fuzz_TARGET -instr-profile=build/fuzz/TARGET/prof.data FILE
set -u
cd "$(dirname "$0")/../.."
make -s -j2 VARIANT=fuzz $(printf "build/obj/fuzz/tests/fuzz/fuzz_%s " "$@") || exit 1

tool() { # NAME: as it is, or with a version behind it
	command -v "$1" || ls /usr/bin/"$1"-[0-9]* 2>/dev/null | sort -V | tail -n 1
}
cov=$(tool llvm-cov)
prof=$(tool llvm-profdata)
[ -n "$cov" ] && [ -n "$prof" ] || { echo "report.sh: needs llvm-cov and llvm-profdata" >&2; exit 1; }

percent() { # TARGET CORPUS...: prints "LINES% of N lines"
	t=$1
	shift
	dir=build/fuzz/$t
	bin=build/obj/fuzz/tests/fuzz/fuzz_$t
	rm -f "$dir/prof" "$dir/prof.data"
	LLVM_PROFILE_FILE="$dir/prof" "$bin" -runs=0 "$@" >"$dir/report.log" 2>&1 || { echo "failed, see $dir/report.log"; return 1; }
	"$prof" merge -o "$dir/prof.data" "$dir/prof" || return 1
	# shellcheck disable=SC2046 # one word per file
	"$cov" report "$bin" -instr-profile="$dir/prof.data" $(cat tests/fuzz/"$t"/files) |
		awk '/^TOTAL/ { print $10, "of", $8, "lines" }'
}

bad=0
printf '%-14s %-22s %s\n' target "corpus" "corpus and build/fuzz"
for t in "$@"; do
	mkdir -p "build/fuzz/$t/corpus"
	[ -s "tests/fuzz/$t/files" ] || { echo "$t: tests/fuzz/$t/files is missing"; bad=1; continue; }
	kept=$(percent "$t" "tests/fuzz/$t/corpus") || bad=1
	grown=$(percent "$t" "tests/fuzz/$t/corpus" "build/fuzz/$t/corpus") || bad=1
	printf '%-14s %-22s %s\n' "$t" "$kept" "$grown"
done
exit $bad
