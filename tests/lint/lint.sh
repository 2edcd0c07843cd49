#!/bin/sh
# Layout, layers and analysers over the whole tree. Shows only what is wrong.
set -u
cd "$(dirname "$0")/../.."
failed=0
files=$(git ls-files '*.c' '*.h' 2>/dev/null || find lib hwdb boot firmware conductor agent tests -name '*.[ch]')

step() { # NAME COMMAND...: runs it, says that it failed
	name=$1
	shift
	if ! "$@"; then
		echo "lint: $name failed" >&2
		failed=1
	fi
}

step layers python3 tests/lint/layers.py
# the layout differs a little between versions of clang-format: Debian 12's decides
case "$(clang-format --version)" in
*' 14.'*) step clang-format clang-format --dry-run --Werror $files ;;
*) echo "lint: clang-format 14 decides the layout; this is another one, left out" ;;
esac
if make -s man; then
	step manuals mandoc -Tlint -Wwarning build/man/*
fi
if make -s tests; then
	mkdir -p build && build/obj/release/tests/api/api-tables >build/api-tables.json
	step openapi python3 conductor/api/openapi.py check build/api-tables.json
fi
step cppcheck cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr -j2 -I. \
	--suppress=funcArgOrderDifferent --suppress=normalCheckLevelMaxBranches --suppress=nullPointerOutOfMemory \
	--include=tests/lint/cppcheck.h -UTAKE_PTR --suppress=internalAstError --suppress=selfAssignment --suppress=legacyUninitvar \
	conductor lib boot agent hwdb
if [ "${TIDY:-}" ]; then # slow: minutes
	step clang-tidy sh -c 'clang-tidy --quiet $(git ls-files "conductor/*.c" "lib/*.c" "boot/*.c" "agent/*.c" "hwdb/*.c") -- -std=gnu17 -D_GNU_SOURCE -DINGOT_VERSION=\"x\" -I. 2>/dev/null'
fi
exit $failed
