"""What stories about faults share: that a fault ends as the contract says, in words a person can act on, and
that one command is enough once it is gone."""
import os
import re
import resource
import signal
import subprocess
import sys

import simlib
from simlib import Tap, make_image, need_programs, wait_for

IMAGE = make_image(8)
tap = Tap()


def check_failure(sim, m, node, state, target, *words):
    """The node is in that state, and its last_error holds all the words (regular expressions)."""
    tap.equal((node["provision_state"], node["target_provision_state"]), (state, target), "ends %s, target %s" % (state, target))
    error = node["last_error"] or ""
    missing = [w for w in words if not re.search(w, error)]
    tap.ok(not missing, "last_error says what, on what, what came back, what to do", "missing %s in: %s" % (missing, error))
    newest = sim.history(m)[-1]
    tap.ok(newest["severity"] == "ERROR" and newest["event"] == error, "the history says the same", newest)
    def told():
        why = sim.why(m)
        return why["provision_state"], why["last_error"]
    wait_for(lambda: told() == (state, error), 5)  # the store answers a moment before the engine knows
    tap.equal(told(), (state, error), "and so does `why`")


def check_cured(sim, m, verb="active", end="active"):
    """One command and the node is there, without an error."""
    status, answer = sim.deploy(m) if verb == "active" else sim.provision(m, verb)
    node = sim.reach(m, end, "deploy failed", "clean failed", "inspect failed", "enroll")
    tap.equal((status, node["provision_state"], node["last_error"]), (202, end, None), "one command later it is " + end,
              ) or tap.diag("%s\n%s" % (answer, "\n".join(m.log[-8:])))
    if end == "active":
        tap.equal((sim.home(m) or {}).get("hostname"), m.name + ".sim", "and its system has reported itself")


def ready(sim, **driver_info):
    """The first machine, available, with an image chosen."""
    m = sim.machines[0]
    sim.images.files["system.img"] = IMAGE
    sim.to_available(m, **driver_info)
    sim.image(m, "system.img")
    return m


def as_qcow2(sim, name, options, *convert):
    """Serves the image as QEMU's tools make a qcow2 of it."""
    raw, path = os.path.join(sim.folder, "image.raw"), os.path.join(sim.folder, "image.qcow2")
    with open(raw, "wb") as f:
        f.write(IMAGE)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", options, *convert, raw, path], check=True)
    with open(path, "rb") as f:
        sim.images.files[name] = f.read()


def limited(m, limit):
    """The agent's disks fail beyond a byte: as a disk that dies, with another errno."""
    start = m.start_agent

    def setup():
        simlib.with_parent()
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    def start_limited(cmdline, address=None):
        popen = subprocess.Popen
        try:
            subprocess.Popen = lambda *a, **k: popen(*a, **dict(k, preexec_fn=setup, restore_signals=False))
            return start(cmdline, address)
        finally:
            subprocess.Popen = popen
    m.start_agent = start_limited
    return lambda: setattr(m, "start_agent", start)


def ip(text):
    subprocess.run(["ip", *text.split()], check=True)


def run_cases(cases):
    """All cases, or those with a word of the command line in their names; one that breaks off is a failure and not the
    end. A case is a function, or (name, function, arguments)."""
    need_programs(tap)
    for case in cases:
        name, run, args = (case.__name__, case, ()) if callable(case) else case
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        tap.diag(name)
        try:
            run(*args)
        except Exception as problem:  # pylint: disable=broad-except
            tap.ok(False, name + " ran to its end", "%s: %s" % (type(problem).__name__, problem))
    tap.done()
