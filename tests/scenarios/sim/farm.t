#!/usr/bin/env python3
"""What a user does to try Ingot at the size of a site: a farm of BMCs whose script makes some of them
misbehave, its CSV imported, all nodes managed."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from simlib import BUILD, Sim, Tap, wait_for, with_parent  # noqa: E402

COUNT = 40
SCRIPT = """# BMC 7 knows another password; those from 30 on are slow and lose packets
always 7 wrong-password
always 30-39 delay-ms=20
with 50% 30-39 drop-percent=5
"""


def main():
    tap = Tap()
    with Sim(machines=1) as sim:
        script, csv = (os.path.join(sim.folder, n) for n in ("farm.script", "farm.csv"))
        with open(script, "w") as f:
            f.write(SCRIPT)
        seed = os.environ.get("INGOT_SEED") or str(int.from_bytes(os.urandom(2), "big"))
        print("# INGOT_SEED=" + seed)
        farm = subprocess.Popen([os.path.join(BUILD, "ingot-vrack"), "farm", str(COUNT), "--port", "0", "--script", script,
                                 "--seed", seed, "--csv", csv], stdout=subprocess.PIPE, text=True, preexec_fn=with_parent)
        try:
            ready = farm.stdout.readline().split()
            tap.ok(ready[:1] + ready[2:] == ["ready", str(COUNT)], "a farm is ready", ready)

            def ingot(*words):
                return subprocess.run([os.path.join(BUILD, "ingot"), "--url", sim.api_url, *words],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

            r = ingot("rack", "import", csv)
            tap.ok(r.returncode == 0 and "%d made" % COUNT in r.stdout, "its CSV makes a node of each", r.stdout[-500:])
            ingot("node", "manage", "sim000[00-39]")
            good = {"sim%05d" % i for i in range(COUNT)} - {"sim00007"}

            def states():
                return {n["name"]: n["provision_state"] for n in sim.get("/v1/nodes?limit=1000&fields=name,provision_state")["nodes"]}

            tap.ok(wait_for(lambda: {n for n, s in states().items() if s == "manageable"} == good, 60),
                   "all but the one with another password become manageable", states())
            node = wait_for(lambda: (lambda n: n if n["last_error"] else None)(sim.get("/v1/nodes/sim00007")), 60)
            tap.ok(node and node["provision_state"] == "enroll" and "password" in node["last_error"].lower(),
                   "and that one says so", node and node["last_error"])
        finally:
            farm.terminate()
            tap.equal(farm.wait(20), 0, "the farm ends")
            farm.stdout.close()
    tap.done()


main()
