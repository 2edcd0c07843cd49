#!/usr/bin/python3
"""make check-contract: the same scripts against Debian's Ironic and against Ingot, compared.

    check.py [RELEASE...] [--script NAME] [--keep DIR] [--ironic URL]

For each release of Debian its own clients talk to its own Ironic and to Ingot (the same versions of
clients ask for the same microversions). Ends with 0 when every script met its expectations, every
difference is listed with a reason in tests/api/differences.md, and every listed one occurred.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../api")]
import compare  # noqa: E402
import harness  # noqa: E402
import ironic  # noqa: E402

LIST = os.path.join(ironic.TOP, "tests/api/differences.md")
SCRIPTS = ("baremetal", "sdk")


def transcript(release, script, url, scratch):
    """(events, whether all was as expected) of a script run with a release's clients."""
    out = os.path.join(scratch, "transcript")
    process = ironic.inside(os.path.join(ironic.ROOTS, release), "python3", "/srv/tests/contract/run.py", script, url,
                            "/srv/state/transcript", state=scratch)
    status = process.wait()
    if not os.path.exists(out):
        return [], False
    with open(out, encoding="utf-8") as f:
        events = json.load(f)
    os.unlink(out)
    return events, status == 0


class Judge:
    """Counts what is not accepted."""

    def __init__(self, args):
        self.args = args
        self.accepted = compare.Accepted(LIST)
        self.bad = self.good = 0

    def script(self, release, script, theirs, ours):
        scratch = tempfile.mkdtemp(prefix="ingot-contract-")
        both = []
        for who, url in (("ironic", theirs), ("ingot", ours)):
            print("%s: %s, %s's clients" % (who, script, release), flush=True)
            events, fine = transcript(release, script, url, scratch)
            if who == "ingot":  # what Ironic does otherwise than expected is a difference, to be listed
                self.bad += not fine
            both.append(events)
            if self.args.keep:
                with open(os.path.join(self.args.keep, "%s-%s-%s.json" % (release, script, who)), "w",
                          encoding="utf-8") as f:
                    json.dump(events, f, indent=1)
        shutil.rmtree(scratch)
        found = compare.differences(script, *both)
        for key, cases in sorted(found.items()):
            if self.accepted.has(key):
                self.good += 1
                continue
            self.bad += 1
            done, a, b = cases[0]
            print("DIFFERS %s%s\n    ironic %s\n    ingot  %s" % (
                key, "" if len(cases) == 1 else " (%d times)" % len(cases), compare.shown(a), compare.shown(b)))

    def release(self, release):
        running = None if self.args.ironic else ironic.Ironic(release, durable=False)
        print("Ironic %s, API 1.%d" % (ironic.version(release), ironic.RELEASES[release]), flush=True)
        conductor = harness.Conductor()
        for script in self.args.script or SCRIPTS:
            self.script(release, script, self.args.ironic or running.url, conductor.url)
        conductor.stop()
        if running:
            running.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("releases", nargs="*", default=[])
    parser.add_argument("--script", action="append", choices=SCRIPTS)
    parser.add_argument("--keep", help="a folder for the transcripts")
    parser.add_argument("--ironic", help="one that runs already")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("check-contract enters roots with Ironic, which needs to be root")
    ironic.end_when_told()
    judge = Judge(args)
    for release in args.releases or ironic.RELEASES:
        ironic.make(release)
        judge.release(release)
    if not args.releases and not args.script:
        for pattern in judge.accepted.unmet():
            judge.bad += 1
            print("NOT MET: %s is listed in %s and does not occur" % (pattern, os.path.relpath(LIST, ironic.TOP)))
    print("%d differences are accepted; %d findings" % (judge.good, judge.bad))
    sys.exit(1 if judge.bad else 0)


if __name__ == "__main__":
    main()
