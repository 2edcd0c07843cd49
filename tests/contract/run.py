#!/usr/bin/python3
"""One script against one endpoint, with the clients of the Debian it runs in.

    run.py SCRIPT URL [TRANSCRIPT]      SCRIPT is baremetal or sdk

Prints what was not as expected and how many expectations there were; writes the transcript as JSON.
Ends with 0 when all was as expected and all was covered.
"""

import importlib
import json
import os
import sys
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import talk  # noqa: E402

TALKS = {"baremetal": talk.Baremetal, "sdk": talk.Sdk}


def run(name, url, ok):
    """Runs a script; the talk. An exception of the script is one more unmet expectation."""
    t = TALKS[name](url, ok)
    try:
        importlib.import_module(name).script(t)
    except Exception:  # the answers so far are still worth comparing
        ok(False, "the script ends: " + traceback.format_exc().replace("\n", " | "))
    t.same(t.uncovered(), [], "what the client offers and the script does not use")
    return t


def main():
    name, url = sys.argv[1:3]
    count = {True: 0, False: 0}

    def ok(good, what):
        count[bool(good)] += 1
        if not good:
            print("    not as expected: " + what, flush=True)
        return good

    t = run(name, url, ok)
    if len(sys.argv) > 3:
        with open(sys.argv[3], "w", encoding="utf-8") as f:
            json.dump(t.events, f)
    print("    %d expectations, %d not met" % (sum(count.values()), count[False]))
    sys.exit(1 if count[False] else 0)


if __name__ == "__main__":
    main()
