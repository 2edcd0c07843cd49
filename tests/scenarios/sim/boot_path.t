#!/usr/bin/env python3
"""Machines that do not come by network, each stopped at another place: while they wait `why` names the last
step and what comes next, the boot begins again once when nothing moves, then the node fails with a cause a
person can act on; and when the cause is gone one command brings it to active."""
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from simlib import BUILD, SLOW, Sim, make_image, wait_for  # noqa: E402

IMAGE = make_image(8)


def ready(sim, i=0):
    m = sim.machines[i]
    sim.images.files["system.img"] = IMAGE
    sim.to_available(m)
    sim.image(m, "system.img")
    return m


def holds(text, *words):
    """Whether the text holds all the words, regular expressions."""
    return all(re.search(w, text or "") for w in words)


def starts(m, since=0):
    """How often the machine was switched on or reset."""
    return sum(1 for line in m.log[since:] if re.match("power (on|reset)", line))


def cured(sim, m):
    sim.deploy(m)
    node = sim.reach(m, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "one command later it is active",
              ) or tap.diag("\n".join(m.log[-12:]))


def ingot(sim, *args):
    done = subprocess.run([os.path.join(BUILD, "ingot"), "--url", sim.api_url, *args], capture_output=True, text=True,
                          timeout=60 * SLOW, check=False)
    return done.stdout + done.stderr


def failed(sim, m, since, *words):
    """It failed early, after its boot had begun again once, and says why."""
    node = sim.reach(m, "deploy failed")
    tap.equal(node["provision_state"], "deploy failed", "in the end it fails")
    tap.ok(holds(node["last_error"], "Timeout reached", "boot device was set again and the machine restarted", *words),
           "with the last step, what it means and what to do", node["last_error"])
    tap.equal(starts(m, since), 2, "the machine was restarted once")
    again = [h["event"] for h in sim.history(m) if h["event"].startswith("no progress for")]
    tap.ok(len(again) == 1 and holds(again[0], "boot device is set again", "once"), "the history says so", again)
    tap.ok(holds(sim.why(m)["next"], "ingot node deploy " + m.name), "`why` says what to do next", sim.why(m)["next"])


def stops(place, *words):
    """The machine hangs before a step, each time it boots."""
    def case():
        with Sim(boot_retry=2, wait=60) as sim:
            m = ready(sim)
            m.stops_at = place
            since = len(m.log)
            began = time.monotonic()
            sim.deploy(m)
            wait_for(lambda: "hangs before " + place in m.log[since:], 20)
            why = wait_for(lambda: (lambda w: w if holds(w.get("boot_path"), *words) else None)(sim.why(m)), 10)
            tap.ok(why, "while it waits `why` names the step it stopped after", sim.why(m).get("boot_path"))
            why = why or sim.why(m)
            tap.ok(why["waits_for"] and why["waits_until"] and why["next"] and holds(why["then"], "deploy failed"),
                   "and until when, what then, and what to do", why)
            failed(sim, m, since, *words)
            tap.ok(time.monotonic() - began < 50 * SLOW, "long before the state's own limit")
            m.stops_at = None
            cured(sim, m)
    case.__name__ = "stops_before_" + place
    return case


def boots_its_disk():
    """The BMC says that it took the boot device, but the machine boots its disk."""
    with Sim(boot_retry=2, wait=60) as sim:
        m = ready(sim)
        m.order = ["disk", "network"]
        sim.bmcs.ask(op="fault", bmc=0, set={"ignore_boot_flags": 1})
        with open(m.disk, "r+b") as f:  # a system of somebody else
            f.write(IMAGE)
        since = len(m.log)
        sim.deploy(m)
        sim.reach(m, "wait call-back")
        why = sim.why(m)
        words = (m.mac, "not even a DHCP request", "powered on", "booted its disk", "console")
        tap.ok(holds(why["boot_path"], *words[1:]), "`why` says that nothing was seen since power-on", why["boot_path"])
        tap.ok(holds(why["then"], "boot device is set again"), "and that its boot begins again", why["then"])
        failed(sim, m, since, *words)
        tap.ok(m.log[since:].count("system") == 2, "it booted its disk twice", m.log[since:])
        sim.bmcs.ask(op="clear", bmc=0)
        cured(sim, m)


def forgotten_once():
    """The first boot went to the disk; the second, after the boot device was set again, comes."""
    with Sim(boot_retry=2, wait=60) as sim:
        m = ready(sim)
        m.boots = False
        since = len(m.log)
        sim.deploy(m)
        sim.reach(m, "wait call-back")
        wait_for(lambda: starts(m, since), 10)  # the machine hears of it later than the conductor
        with m.lock:
            m.boots = True
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "nobody has to do anything")
        tap.equal(m.log[since:].count("power reset pxe"), 1, "the boot device was set again, and the machine restarted",
                  ) or tap.diag("\n".join(m.log[since:]))


def boot_device_refused():
    """The BMC takes the boot device and forgets it: read back, told again, then reported."""
    with Sim(power_timeout=10) as sim:
        m = ready(sim)
        sim.bmcs.ask(op="fault", bmc=0, set={"forget_boot_flags": 1})
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        tap.ok(holds(node["last_error"], "set boot device to network", r"127\.0\.0\.1", "wrote pxe", "reads back",
                     "told 3 times", "update its firmware"), "it fails with what was written and read", node["last_error"])
        why = sim.why(m)
        tap.ok(why["bmc"]["last_request"] and why["bmc"]["last_answer"], "`why` has the BMC's last answer", why["bmc"])
        sim.bmcs.ask(op="clear", bmc=0)
        cured(sim, m)


def boot_device_told_again():
    with Sim(power_timeout=20) as sim:
        m = ready(sim)
        sim.bmcs.ask(op="fault", bmc=0, set={"forget_boot_flags": 1})
        sim.deploy(m)
        wait_for(lambda: "boot device" in (sim.why(m)["waits_for"] or ""), 10, 0.01)
        time.sleep(0.3)
        sim.bmcs.ask(op="clear", bmc=0)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "one that forgets once is told again")
        events = [h["event"] for h in sim.history(m)]
        tap.ok(any("forgot the boot device and was told again" in e for e in events), "and the history says so", events)


def moving():
    """A machine that is seen moving is not restarted, however long it takes."""
    with Sim(boot_retry=4, wait=60) as sim:
        m = ready(sim)
        fetch, m.fetch = m.fetch, lambda url: (time.sleep(1.5 * SLOW), fetch(url))[1]
        since = len(m.log)
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        wait_for(lambda: starts(m, since) > 1, 10)
        tap.equal((node["provision_state"], starts(m, since)), ("active", 2), "it is started, and restarted into its system",
                  ) or tap.diag("\n".join(m.log[since:]))


def mistyped():
    """The port has a wrong digit: a stranger asks while the node waits."""
    with Sim(wait=6) as sim:
        m = ready(sim)
        right, m.mac = m.mac, m.mac[:-1] + "7"
        sim.deploy(m)
        sim.reach(m, "wait call-back")
        path = wait_for(lambda: (lambda p: p if m.mac in p else None)(sim.why(m).get("boot_path", "")), 10)
        words = ("a machine with " + m.mac, r"asked at \d\d:\d\d:\d\d", "is that this node's")
        tap.ok(holds(path, *words), "`why` asks whether the stranger is this node", sim.why(m).get("boot_path"))
        node = sim.reach(m, "deploy failed")
        tap.ok(holds(node["last_error"], right, *words), "and so does the error", node["last_error"])
        port = sim.get("/v1/ports?address=" + right)["ports"][0]["uuid"]
        sim.must("PATCH", "/v1/ports/" + port, [{"op": "replace", "path": "/address", "value": m.mac}])
        cured(sim, m)


def told():
    """What the program shows of it."""
    with Sim(boot_retry=8, wait=60) as sim:  # looked at before it is restarted, also on a busy machine
        m = ready(sim)
        m.stops_at = "agent"
        sim.deploy(m)
        wait_for(lambda: "hangs before agent" in m.log, 20)
        text = wait_for(lambda: (lambda t: t if "stopped at" in t and "agent has not called" in t else None)(
            ingot(sim, "boot", "explain", m.name)), 10)
        tap.ok(holds(text, "script-answered .*agent: node sim1", "kernel", "ramdisk", "that means .*console", m.mac),
               "`boot explain` replays the boot of a node", ingot(sim, "boot", "explain", m.mac))
        tap.ok(holds(ingot(sim, "why", m.name), "waits for +the agent to report", "until ", "and then +without progress until",
                     "boot path ", "do next ", "BMC's last +.*: 00h"), "`why` for people", ingot(sim, "why", m.name))
        m.stops_at = None
        sim.reach(m, "active", "deploy failed")
        sim.home(m)
        text = ingot(sim, "node", "history", m.name)
        tap.ok(holds(text, r"available -> deploying \(after", r"\[power\]  deploy: power on into the agent", "no progress for",
                     "the agent reported: script after", r"\[agent\] .*given its token", "phases:", "deploying +prepare",
                     "deploying +boot", "deploying +work", "deploying +finish", "deploying +system"),
               "`node history` is a timeline with phases", text)
        metrics = sim.metrics()
        tap.ok(holds(metrics, r'ingot_waiting_nodes\{for="boot"\} 0', r'ingot_failures_total\{cause="boot"\} 0',
                     r"ingot_bmc_request_duration_seconds_count [1-9]"), "/metrics counts waits, failures and latency", metrics)


CASES = (stops("script", "fetched boot.ipxe", "no request for a script since", "HTTP"),
         stops("kernel", "it was given its script", "no request for the kernel since", "console"),
         stops("ramdisk", "fetched the agent's kernel", "no request for the ramdisk since", "memory"),
         stops("agent", "kernel and ramdisk", "the agent has not called since", "console"),
         boots_its_disk, forgotten_once, boot_device_refused, boot_device_told_again, moving, mistyped, told)

if __name__ == "__main__":
    run_cases(CASES)
