#!/bin/bash
# Runs scenarios on simulated machines many times, to find the run in twenty that fails.
#
#   repeat.sh [N] [FILE...]     N times (20) each of FILE (tests/scenarios/sim/*.t), JOBS (4) at a time
#
# Each run has a seed of its own, which is printed with each failure; INGOT_SEED=SEED FILE repeats its
# choices. The log of a failed run is kept in build/check/repeat/. INGOT_BUILD and INGOT_SLOW are passed on.
set -u
cd "$(dirname "$0")/../.."
n=20
[[ ${1:-} =~ ^[0-9]+$ ]] && { n=$1; shift; }
[ $# -gt 0 ] || set -- tests/scenarios/sim/*.t
export INGOT_SLOW=${INGOT_SLOW:-2} PYTHONDONTWRITEBYTECODE=1
logs=build/check/repeat
rm -rf $logs && mkdir -p $logs

one() { # FILE RUN: prints "ok|FAIL seconds file seed"
	local seed=$((RANDOM * 32768 + RANDOM + 1)) log t=$SECONDS
	log=build/check/repeat/$(basename "$1" .t).$2.log
	if INGOT_SEED=$seed timeout -k 10 1500 "$1" >"$log" 2>&1 </dev/null; then
		printf 'ok   %4d s  %s  INGOT_SEED=%d\n' $((SECONDS - t)) "$1" $seed
		rm "$log"
	else
		printf 'FAIL %4d s  %s  INGOT_SEED=%d  %s\n' $((SECONDS - t)) "$1" $seed "$log"
		grep -A 3 '^not ok' "$log" | sed 's/^/       /' | cut -c1-300 | head -12
	fi
}
export -f one

for ((run = 1; run <= n; run++)); do for file in "$@"; do printf '%s\0%d\0' "$file" $run; done; done |
	xargs -0 -n 2 -P "${JOBS:-4}" bash -c 'one "$@"' one | tee $logs/summary
failed=$(grep -c '^FAIL' $logs/summary)
printf '%d runs, %d failed\n' $((n * $#)) "$failed"
for file in "$@"; do printf '%4d of %d failed: %s\n' "$(grep -c "^FAIL.*  $file  " $logs/summary)" "$n" "$file"; done
[ "$failed" = 0 ]
