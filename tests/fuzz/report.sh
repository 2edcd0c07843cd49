#!/bin/sh
# report.sh TARGET...: how many lines of the code it is meant for each target's corpus reaches.
# tests/fuzz/<target>/files names that code, one file a line.
set -u
cd "$(dirname "$0")/../.."
make -s -j2 VARIANT=fuzz tests || exit 1
cov=$(command -v llvm-cov || ls /usr/bin/llvm-cov-* | tail -n 1)
prof=$(command -v llvm-profdata || ls /usr/bin/llvm-profdata-* | tail -n 1)
for t in "$@"; do
	dir=build/fuzz/$t
	bin=build/obj/fuzz/tests/fuzz/fuzz_$t
	mkdir -p "$dir"
	LLVM_PROFILE_FILE="$dir/prof" "$bin" -runs=0 tests/fuzz/"$t"/corpus >/dev/null 2>&1
	"$prof" merge -o "$dir/prof.data" "$dir/prof"
	files=$(cat tests/fuzz/"$t"/files 2>/dev/null)
	"$cov" report "$bin" -instr-profile="$dir/prof.data" $files | awk -v t="$t" '/^TOTAL/ { print t, $10, "of lines" }'
done
