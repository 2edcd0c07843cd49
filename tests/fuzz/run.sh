#!/bin/sh
# run.sh MINUTES TARGET...: each fuzz target for so long, beginning with its corpus. What it finds
# stays in build/fuzz/<target>/; new inputs that reach more code go to build/fuzz/<target>/corpus.
set -u
cd "$(dirname "$0")/../.."
minutes=$1
shift
make -s -j2 VARIANT=fuzz $(printf "build/obj/fuzz/tests/fuzz/fuzz_%s " "$@") || exit 1
bad=0
for t in "$@"; do
	dir=build/fuzz/$t
	mkdir -p "$dir/corpus"
	printf '%-14s ' "$t"
	if LLVM_PROFILE_FILE=/dev/null build/obj/fuzz/tests/fuzz/fuzz_"$t" -max_total_time=$((minutes * 60)) -timeout=20 \
		-rss_limit_mb=2048 -artifact_prefix="$dir/" -print_final_stats=1 "$dir/corpus" tests/fuzz/"$t"/corpus >"$dir/log" 2>&1; then
		grep -E 'number_of_executed_units' "$dir/log" | tr -s ' '
	else
		bad=1
		echo "FINDING, see $dir/log"
		tail -n 25 "$dir/log"
	fi
done
exit $bad
