#!/usr/bin/env python3
"""The store's disk is full, fails, or may only be read; its file is damaged at the start. Requests are
refused with what to do, reads and deploys go on, nothing acknowledged is lost, also not from a sync that
failed; it heals by itself, and the log tells it once. By a preloaded library; store_full.t fills a disk."""
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from shimlib import EIO, ENOSPC, EROFS, Shim, need_shim  # noqa: E402
from simlib import BUILD, RANDOM, Sim, make_image, wait_for  # noqa: E402

IMAGE = make_image(4)


def extra(sim, m, value):
    status, answer = sim.call("PATCH", "/v1/nodes/" + m.name, [{"op": "add", "path": "/extra/x", "value": value}])
    return status, (answer or {}).get("error_message", "")


def with_shim(sim):
    sim.stop(signal.SIGKILL)
    shim = Shim(sim)
    sim.start()
    return shim


def deploying(sim, m):
    """The agent writes the image; release("system.img") lets it end."""
    sim.images.files["system.img"] = IMAGE
    sim.to_available(m)
    sim.image(m, "system.img")
    sim.deploy_held(m)


def deploys_wait(call, code, status, words):
    """All writes or all syncs fail in the middle of a deploy."""
    with Sim() as sim:
        m = sim.machines[0]
        shim = with_shim(sim)
        deploying(sim, m)
        tap.equal(extra(sim, m, 1)[0], 409, "the node is in the middle of something")
        before = len(sim.get("/v1/nodes")["nodes"])
        shim.fail(call, code)
        for _ in range(3):
            got, answer = sim.call("POST", "/v1/nodes", {"driver": "fake-hardware"})
            tap.ok(got == status and re.search(words, str(answer)), "%d, and what to do" % status, "%s %s" % (got, answer))
        tap.equal(len(sim.get("/v1/nodes")["nodes"]), before, "reads go on, what was refused is not there")
        tap.equal(sim.metric("ingot_store_failing"), 1, "/metrics says so")
        sim.images.release("system.img")
        why = wait_for(lambda: "store" in (sim.why(m)["waits_for"] or "") and sim.why(m), 20)
        tap.ok(why, "the deploy stands still, and `why` says for what it waits", sim.why(m))
        shim.heal()
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "and goes on by itself")
        tap.equal(sim.metric("ingot_store_failing"), 0, "/metrics says that it is over")
        log = sim.conductor_log()
        tap.equal((log.count("flows wait, and requests"), log.count("takes changes again")), (1, 1),
                  "the log says each once")
        events = [e["event"] for e in sim.history(m)]
        tap.equal(events.count("deploy: done"), 1, "nothing happened twice")


def failed_sync():
    """What a sync that failed left behind is not on the disk; nobody may be told that it is."""
    with Sim() as sim:
        m = sim.machines[0]
        sim.enroll(m)
        shim = with_shim(sim)
        acked = 0
        for value in range(1, 40):
            if value % 4 == 0:
                shim.fail("sync", EIO, RANDOM.randrange(1, 3))
            status, _ = extra(sim, m, value)
            acked = value if status == 200 else acked
            tap.ok(status == 200 or value % 4 == 0 or value % 4 == 1, "change %d" % value, status) if status != 200 else None
        shim.heal()
        sim.stop(signal.SIGKILL)
        shim.lose_power(RANDOM)
        sim.start()
        now = sim.node(m)["extra"]["x"]
        tap.ok(acked > 30 and now >= acked, "after failed syncs and a loss of power the last acknowledged change is there",
               "acknowledged %s, is %s" % (acked, now))


def read_only():
    with Sim() as sim:
        m = sim.machines[0]
        sim.enroll(m)
        shim = with_shim(sim)
        shim.fail("write", EROFS)
        status, text = extra(sim, m, 1)
        tap.ok(status == 503 and "ead-only" in text, "a file system that became read-only is a 503 that says so", text)
        tap.equal(sim.node(m)["extra"], {}, "reads go on")
        shim.heal()
        tap.equal(extra(sim, m, 2)[0], 200, "and changes, when it is writable again")


def damaged():
    with Sim() as sim:
        m = sim.machines[0]
        sim.enroll(m)
        sim.stop(signal.SIGTERM)
        path = os.path.join(sim.folder, "ingot.sqlite")
        shutil.copy(path, path + ".good")
        for what, at, size in (("its head", 0, 200), ("its pages", 4096, os.path.getsize(path) - 4096)):
            shutil.copy(path + ".good", path)
            with open(path, "r+b") as f:
                f.seek(at)
                f.write(RANDOM.randbytes(size))
            with open(path, "rb") as f:
                before = f.read()
            done = subprocess.run([os.path.join(BUILD, "ingotd"), "--config", os.path.join(sim.folder, "ingot.conf")],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
            tap.ok(done.returncode not in (0, -signal.SIGSEGV) and path in done.stdout and "backup" in done.stdout,
                   "a file with %s damaged: it does not start, names the file and what to do" % what, done.stdout[-600:])
            with open(path, "rb") as f:
                tap.ok(f.read() == before, "and leaves it as it is")
        shutil.copy(path + ".good", path)
        sim.start()
        tap.equal(sim.node(m)["name"], m.name, "the backup is taken")


CASES = (("disk full", deploys_wait, ("write", ENOSPC, 507, "free some space")),
         ("sync fails", deploys_wait, ("sync", EIO, 503, "Input/output error; look at the store")),
         ("failed sync", failed_sync, ()), ("read-only", read_only, ()), ("damaged", damaged, ()))

if __name__ == "__main__":
    need_shim(tap)
    run_cases(CASES)
