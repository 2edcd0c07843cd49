#!/usr/bin/env python3
"""A whole site at once: two hundred machines out of one rack file, taken over, cleaned and deployed by one command
each, all of them booting from the network in the same minute. Every one ends active and has reported itself, with
the host name that it alone was given."""
import hashlib
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from simlib import BMC_PASSWORD, BMC_USER, BUILD, Sim, SLOW, Tap, make_image, need_programs, wait_for  # noqa: E402

COUNT = int(os.environ.get("INGOT_MACHINES", "200"))
LIMIT_S = int(900 * SLOW)
tap = Tap()


def ingot(sim, *words):
    began = time.monotonic()
    r = subprocess.run([os.path.join(BUILD, "ingot"), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE, text=True, timeout=LIMIT_S + 60,
                       env=dict(os.environ, INGOT_URL=sim.api_url))
    tap.ok(r.returncode == 0, "ingot %s: %.1f s" % (" ".join(words[:2]), time.monotonic() - began),
           (r.stdout + r.stderr)[-3000:])
    return r


def main():
    need_programs(tap)
    with Sim(COUNT, fast_track=True, wait=LIMIT_S, power_sync=60) as sim:
        sim.images.files["system.img"] = make_image(8)
        rack = os.path.join(sim.folder, "rack.csv")
        with open(rack, "w") as f:
            f.write("name,bmc_address,bmc_port,bmc_username,bmc_password,mac\n")
            for m in sim.machines:
                f.write("%s,127.0.0.1,%d,%s,%s,%s\n" % (m.name, sim.bmcs.ports[m.i], BMC_USER, BMC_PASSWORD, m.mac))
        ingot(sim, "rack", "import", rack)
        ingot(sim, "node", "manage", "--all", "--wait")
        ingot(sim, "node", "provide", "--all", "--wait", "--max", str(COUNT), "--timeout", str(LIMIT_S))
        ingot(sim, "node", "deploy", "sim*", "--image", sim.images.url("system.img"), "--checksum",
              hashlib.sha256(sim.images.files["system.img"]).hexdigest(), "--hostname", "{name}.site", "--wait",
              "--max", str(COUNT), "--timeout", str(LIMIT_S))
        home = lambda m: (sim.why(m).get("phone_home") or {}).get("hostname")  # noqa: E731
        wait_for(lambda: all(home(m) for m in sim.machines), 120, 1)
        wrong = [(m.name, home(m)) for m in sim.machines if home(m) != m.name + ".site"]
        tap.equal(wrong, [], "every system has reported itself by its own name")
        states = {n["provision_state"] for n in sim.get("/v1/nodes?limit=1000")["nodes"]}
        tap.equal(states, {"active"}, "all are active")
        errors = [n["name"] for n in sim.get("/v1/nodes/detail?limit=1000")["nodes"] if n["last_error"]]
        tap.equal(errors, [], "and none has an error left")
    tap.done()


main()
