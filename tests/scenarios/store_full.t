#!/usr/bin/env python3
"""The store's disk is full, a real one: a small tmpfs in a mount namespace of this test. Nodes are made
until there is no room; then nothing is lost, reads and a running deploy go on, and when there is room
again everything does. Then the file system is made read-only and writable again."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faultlib import run_cases, tap  # noqa: E402
from simlib import Sim, make_image, wait_for  # noqa: E402
from vracklib import need_root  # noqa: E402

MIB = 1 << 20


def with_own_mounts():
    """Goes on in a mount namespace, which ends with this program."""
    if "INGOT_OWN_MOUNTS" not in os.environ:
        os.environ["INGOT_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, os.path.abspath(__file__), *sys.argv[1:]])


def fill(path):
    """Takes all the room that is left."""
    with open(path, "ab", buffering=0) as f:
        for size in (MIB, 4096, 1):
            try:
                while f.write(bytes(size)) == size:
                    pass
            except OSError:
                pass


def create(sim, i):
    return sim.call("POST", "/v1/nodes", {"name": "n%05d" % i, "driver": "fake-hardware", "extra": {"fill": "x" * 2000}})


def names(sim):
    found, path = set(), "/v1/nodes?limit=1000&fields=name"
    while path:
        answer = sim.get(path)
        found |= {n["name"] for n in answer["nodes"]}
        path = answer["next"][len(sim.api_url):] if answer.get("next") else None
    return found


def until_refused(sim, most):
    """How many were acknowledged, and the answer that refused the next."""
    for i in range(most):
        status, answer = create(sim, i)
        if status != 201:
            return i, status, answer
    return most, 0, None


def fills():
    with Sim() as sim:
        m = sim.machines[0]
        store = os.path.join(sim.folder, "store")
        os.mkdir(store)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m,mode=700", "tmpfs", store], check=True)
        try:
            story(sim, m, store)
        finally:
            sim.stop(15)
            subprocess.run(["umount", "-l", store], check=False)


def story(sim, m, store):
    sim.stop(15)
    sim.start(store=store)
    sim.images.files["system.img"] = make_image(4)
    sim.to_available(m)
    sim.image(m, "system.img")
    sim.deploy_held(m)
    fill(os.path.join(store, "filler"))
    n, status, answer = until_refused(sim, 5000)
    tap.ok(status == 507 and "free some space" in str(answer), "after %d nodes: 507, and what to do" % n, "%s %s" % (status, answer))
    sim.images.release("system.img")
    for i in range(n, n + 50):
        create(sim, i)
    time.sleep(2)
    tap.ok({"n%05d" % i for i in range(n)} <= names(sim), "reads go on: what was acknowledged is there")
    tap.equal(sim.metric("ingot_store_failing"), 1, "/metrics says so")
    os.unlink(os.path.join(store, "filler"))
    node = sim.reach(m, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "with room again the deploy goes on by itself")
    status, answer = create(sim, n + 100)
    tap.equal(status, 201, "and so do requests") or tap.diag(str(answer))
    tap.equal(sim.metric("ingot_store_failing"), 0, "/metrics says that it is over")
    log = sim.conductor_log()
    tap.ok(0 < log.count("flows wait, and requests") < 10, "the log says it a few times at most", log.count("flows wait"))
    sim.stop(9)
    sim.start()
    tap.ok({"n%05d" % i for i in range(n)} | {"n%05d" % (n + 100), m.name} <= names(sim), "after SIGKILL all of it is there")
    sim.stop(9)
    done = subprocess.run(["mount", "-o", "remount,ro", store], check=False)
    tap.equal(done.returncode, 0, "the file system is made read-only")
    try:
        sim.start()
        tap.ok(False, "does not start")
    except RuntimeError as problem:
        sim.status.append(0)
        tap.ok("ead-only" in str(problem) and store in str(problem), "it does not start, and says why", problem)
    subprocess.run(["mount", "-o", "remount,rw", store], check=True)
    sim.start()
    tap.ok(wait_for(lambda: sim.state(m) == "active", 5), "writable again it starts, with everything")


if __name__ == "__main__":
    need_root(tap)
    with_own_mounts()
    run_cases((fills,))
