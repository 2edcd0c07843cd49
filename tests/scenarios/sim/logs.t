#!/usr/bin/env python3
"""The logs of an agent are kept when a step fails, before its machine is powered off, on simulated machines."""
import io
import os
import re
import subprocess
import sys
import tarfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import simlib  # noqa: E402
from faultlib import check_cured, check_failure, limited, ready, run_cases, tap  # noqa: E402
from simlib import Sim, wait_for  # noqa: E402


def logs(sim, m):
    return sim.get("/ingot/v1/nodes/%s/logs" % m.name)["logs"]


def ingot(sim, *words):
    return subprocess.run([os.path.join(simlib.BUILD, "ingot"), "--url", sim.api_url, *words], capture_output=True,
                          timeout=30 * simlib.SLOW)


def members(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return {t.name: tar.extractfile(t).read().decode(errors="replace") for t in tar.getmembers()}


def deploy_fails():
    with Sim() as sim:
        m = ready(sim)
        tap.equal(logs(sim, m), [], "what goes well leaves no logs")
        image = sim.images.files.pop("system.img")
        for n in range(1, 5):
            sim.deploy(m)
            sim.reach(m, "deploying", "wait call-back")
            node = sim.reach(m, "deploy failed")
            if n == 1:
                check_failure(sim, m, node, "deploy failed", "active", "404")
                name = sim.why(m).get("agent_logs")
                tap.equal([f["file"] for f in logs(sim, m)], [name], "one file, and `why` names it")
                tap.ok(re.match(node["uuid"] + r"_deploy_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.tar\.gz$", name or ""), "by node, flow and time", name)
                tap.ok(wait_for(lambda: not m.on(), 10), "the machine is off all the same")
                done = ingot(sim, "node", "logs", m.name, "--output", "-")
                held = members(done.stdout)
                tap.ok("404" in held["agent.log"] and "SIM0000" in held["inventory.json"], "the agent's own words are in it",
                       held.get("agent.log", "")[-600:])
                tap.ok("agent_token=" not in str(held) or not re.search(r"agent_token=[\w-]{32}", str(held)), "and no token")
                shown = ingot(sim, "node", "logs", m.name).stdout.decode()
                tap.ok(name and name in shown, "ingot node logs lists it", shown)
        tap.ok(1 <= len(logs(sim, m)) <= 3, "no more are kept than the configuration says", logs(sim, m))
        tap.equal(sim.call("GET", "/ingot/v1/nodes/%s/logs/..%%2f..%%2fingot.conf" % m.name)[0], 404, "no other file can be had")
        sim.images.files["system.img"] = image
        check_cured(sim, m)


def clean_fails():
    with Sim() as sim:
        m = ready(sim)
        sim.go(m, "manage", "manageable")
        heal = limited(m, 3 << 30)  # the end of its larger disk cannot be written
        sim.provision(m, "provide")
        node = sim.reach(m, "clean failed")
        check_failure(sim, m, node, "clean failed", "available", "File too large")
        name = sim.why(m).get("agent_logs") or ""
        tap.ok("_clean_" in name and [f["file"] for f in logs(sim, m)] == [name], "logs of a failed cleaning are kept", name)
        heal()
        sim.must("DELETE", "/v1/nodes/%s/maintenance" % m.name)
        sim.go(m, "manage", "manageable")
        check_cured(sim, m, "provide", "available")


def agent_gone():
    """An agent that cannot be asked any more delays the failure by seconds, and that is all."""
    with Sim(wait=4) as sim:
        m = ready(sim)
        sim.deploy_held(m)
        m.boots = False
        m.kill_agent()
        sim.images.release("system.img")
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "write the image")
        tap.equal(logs(sim, m), [], "there are no logs of it")
        tap.ok("the agent's logs could not be kept" in sim.conductor_log(), "and the conductor says so")
        m.boots = True
        check_cured(sim, m)


def out_of_time():
    """The time limit passes while the agent works on and answers."""
    with Sim(wait=4) as sim:
        m = ready(sim)
        sim.images.hold("system.img", 3 << 20)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "Timeout reached")
        tap.equal([f["file"] for f in logs(sim, m)], [sim.why(m).get("agent_logs")], "the logs of an agent that ran out of time are kept")
        sim.images.release("system.img")
        check_cured(sim, m)


def always_and_never():
    with Sim() as sim:
        import signal
        sim.stop(signal.SIGTERM)
        sim.start(logs="always")
        m = ready(sim)
        names = [f["file"] for f in logs(sim, m)]
        tap.ok(len(names) == 1 and "_clean_" in names[0], "always: of a cleaning that went well", names)
        sim.stop(signal.SIGTERM)
        sim.start(logs="never")
        del sim.images.files["system.img"]
        sim.deploy(m)
        sim.reach(m, "deploy failed")
        tap.equal([f["file"] for f in logs(sim, m)], names, "never: not even of a failure")


CASES = (deploy_fails, clean_fails, agent_gone, out_of_time, always_and_never)

if __name__ == "__main__":
    run_cases(CASES)
