#!/usr/bin/env python3
"""Fails on an #include that the may-use table of the house does not allow.

The table is the project's architecture: arrows only ever point down. A folder may always include
itself. To allow a new arrow, change the table here and say why in the commit.
"""
import os
import re
import sys

TABLE = {
    "lib": [],
    "hwdb": ["lib"],
    "boot": ["lib"],
    "conductor/bmc": ["lib"],
    "conductor/model": ["lib"],
    "conductor/store": ["conductor/model", "lib"],
    "conductor/agentlink": ["conductor/model", "lib"],
    "conductor/report": ["conductor/model", "lib"],
    "conductor/driver": ["conductor/model", "conductor/bmc", "boot", "conductor/agentlink", "hwdb", "lib"],
    "conductor/flow": ["conductor/model", "conductor/driver", "conductor/agentlink", "lib"],
    "conductor/node": ["conductor/model", "conductor/flow", "conductor/store", "lib"],
    "conductor/api": ["conductor/model", "conductor/node", "conductor/store", "conductor/report", "lib"],
    "conductor/cli": ["lib"],
    "agent": ["lib"],
    "tests/bmc": ["lib"],
    "tests/vrack": ["tests/bmc", "lib"],
    "tests/shim": [],
}
# main.c and wire/ tie the parts together; tests may look at everything
FREE = ["conductor/main.c", "conductor/wire", "conductor/config.c", "conductor/config.h", "tests/unit", "tests/fuzz",
        "tests/api", "tests/bench", "tests/boot", "tests/lint"]


def area(path):
    """The longest folder of the table that holds the path."""
    best = ""
    for folder in TABLE:
        if path.startswith(folder + "/") and len(folder) > len(best):
            best = folder
    return best


def check(path):
    if any(path == f or path.startswith(f + "/") for f in FREE):
        return []
    mine = area(path)
    wrong = []
    if not mine:
        return [f"{path}: lies in no folder of the may-use table"]
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
        if not match:
            continue
        target = match.group(1)
        theirs = area(target)
        if theirs == mine:
            continue
        if not os.path.exists(target):
            wrong.append(f'{path}:{number}: "{target}": includes are written from the project\'s root')
        elif theirs not in TABLE[mine]:
            wrong.append(f'{path}:{number}: {mine} may not use {theirs or target}')
    return wrong


def main():
    wrong = []
    for top in ("lib", "hwdb", "boot", "firmware", "conductor", "agent", "tests"):
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if name.endswith((".c", ".h")):
                    wrong += check(os.path.join(folder, name))
    for text in wrong:
        print(text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
