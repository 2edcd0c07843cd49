#!/bin/bash
# Runs the tests in stages and says what it runs, how it went and how long it took.
#
#   check.sh unit VARIANT PROGRAM... -- TARGET=CORPUS...   unit programs and corpora of one build
#   check.sh all                                           what CI runs (root)
#   check.sh everything                                    every combination (root; long)
#
# A stage is a make goal or a set of TAP programs run by prove. A failing stage does not stop the
# others. The last line counts them: "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin PYTHONDONTWRITEBYTECODE=1
passed=0 failed=0 started=$SECONDS
logs=build/check
mkdir -p $logs

# Each stage is a job with a process group of its own, so that an interruption can end all of it;
# timeout stays in the group it is started in.
set -m
running=
interrupted() {
	trap - INT TERM HUP
	[ -z "$running" ] || kill -TERM -- "-$running" 2>/dev/null
	wait
	exit 130
}
trap interrupted INT TERM HUP

say() { printf '%s %5ss  %s\n' "$1" "$2" "$3"; }

# stage NAME COMMAND...: its output goes to a log, which is shown when it fails
stage() {
	local name=$1 t=$SECONDS log
	shift
	log=$logs/$(echo "$name" | tr ' /' '__').log
	printf '      ...  %s\n' "$name"
	"$@" >"$log" 2>&1 </dev/null &
	running=$!
	if wait $running; then
		passed=$((passed + 1))
		say ok $((SECONDS - t)) "$name $(grep -E '^Files=' "$log" | sed 's/, *[0-9]* wallclock.*//')"
	else
		failed=$((failed + 1))
		say FAIL $((SECONDS - t)) "$name"
		sed 's/^/    /' "$log" | tail -n 60
	fi
}

taps() { # TIMEOUT FILE...: TAP programs and scripts, JOBS (1) at a time
	local limit=$1
	shift
	[ $# -gt 0 ] || { echo "no tests found"; return 1; }
	prove --timer --merge --failures --comments --jobs "${JOBS:-1}" --exec "timeout --foreground -k 10 $limit" "$@"
}

unit() { # VARIANT PROGRAM... -- TARGET=CORPUS...
	local variant=$1 programs=() pair
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do programs+=("$1"); shift; done
	shift
	stage "unit tests ($variant)" taps 60 "${programs[@]}"
	stage "corpora ($variant)" corpora "$@"
}

corpora() {
	local pair bad=0
	for pair in "$@"; do
		echo "${pair##*/}"
		timeout --foreground 120 "${pair%%=*}" "${pair#*=}" || { echo "FAILED: $pair"; bad=1; }
	done
	return $bad
}

# The scenarios on simulated machines with the programs of one build. They wait more than they work, so several run at
# a time; those that take minutes begin, so that none of them is left for the end. The names are a hint and no list:
# what is not named comes after them.
long_ones="boot_path restart bad_luck disks corridor logs moods clock"
simulated() { # VARIANT SLOWNESS
	local build=build files
	[ "$1" = release ] || build=build/$1
	files=$( (printf 'tests/scenarios/sim/%s.t\n' $long_ones; ls tests/scenarios/sim/*.t) | awk '!seen[$0]++')
	# without address randomisation: the thread sanitizer's shadow may not fit beside it
	stage "simulated machines ($1)" setarch -R env INGOT_BUILD="$build" VARIANT="$1" INGOT_SLOW="$2" JOBS=6 \
		tests/check.sh taps 1500 $files
}

summary() {
	printf '%d stages in %d s\n%d passed, %d failed\n' $((passed + failed)) $((SECONDS - started)) $passed $failed
	[ $failed = 0 ] && [ $passed -gt 0 ]
}

mode=$1
shift
case $mode in
taps)
	set +m
	trap - INT TERM HUP # the group it runs in is ended as a whole
	taps "$@"
	;;
unit)
	unit "$@"
	summary
	;;
all | everything)
	[ "$(id -u)" = 0 ] || { echo "make check needs root for network namespaces; make check-unit does not" >&2; exit 1; }
	stage "build (release)" make -s -j2 all tests
	stage "lint" make -s lint
	stage "unit tests and corpora (release)" make -s check-unit
	stage "build (asan)" make -s -j2 VARIANT=asan programs tests
	stage "unit tests and corpora (asan, ubsan)" make -s VARIANT=asan check-unit
	simulated release 2
	simulated asan 4
	stage "emulated BMC against ipmitool and FreeIPMI" taps 600 tests/bmc/*.t
	stage "API clients" env JOBS=3 tests/check.sh taps 600 tests/api/*.t
	stage "real services" env JOBS=3 tests/check.sh taps 1200 tests/scenarios/*.t
	for t in tests/scenarios/qemu/*.t; do stage "QEMU: $(basename "$t" .t)" taps 1200 "$t"; done
	if [ $mode = everything ]; then
		stage "build (tsan)" make -s -j2 VARIANT=tsan programs tests
		stage "unit tests (tsan)" make -s VARIANT=tsan check-unit
		simulated tsan 6
		stage "contract: beside Debian's Ironic" tests/contract/check.py
		for t in tests/scenarios/all/*.t; do [ -e "$t" ] && stage "all: $(basename "$t" .t)" taps 3600 "$t"; done
	fi
	stage "demo" tests/scenarios/demo.py --quiet
	summary
	;;
*)
	echo "usage: check.sh unit|all|everything" >&2
	exit 2
	;;
esac
