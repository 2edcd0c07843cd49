#!/usr/bin/env python3
"""The conductor ends in the middle, by SIGTERM and by SIGKILL, in every state in which something is
under way: nothing acknowledged is lost, the node goes on or fails as the contract says, and one command
later it is where it was to go. On simulated machines."""
import os
import re
import signal
import sqlite3
import sys
import types
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from shimlib import Shim, need_shim  # noqa: E402
from simlib import SLOW, Sim, make_image, wait_for  # noqa: E402

IMAGE = make_image(8)
SLOW_MS = 700  # of each answer of the BMC, so that there is a middle
ENDS = ("manageable", "available", "active", "enroll", "inspect failed", "clean failed", "deploy failed", "error")


def slow(sim, ms=SLOW_MS):
    sim.bmcs.ask(op="fault", bmc=0, set={"delay_ms": ms})


def to_manageable(sim, m):
    sim.enroll(m)
    sim.go(m, "manage", "manageable")


def to_available(sim, m):
    sim.to_available(m)
    sim.images.files["system.img"] = IMAGE
    sim.image(m, "system.img")


def to_active(sim, m):
    to_available(sim, m)
    sim.deploy(m)
    sim.reach(m, "active")


# state in which the conductor ends; what comes before; the verb; where it ends when all goes well
STATES = (
    ("verifying", lambda sim, m: sim.enroll(m), "manage", "manageable"),
    ("inspecting", to_manageable, "inspect", "manageable"),
    ("inspect wait", to_manageable, "inspect", "manageable"),
    ("cleaning", to_manageable, "provide", "available"),
    ("clean wait", to_manageable, "provide", "available"),
    ("deploying", to_available, "active", "active"),
    ("wait call-back", to_available, "active", "active"),
    ("deleting", to_active, "deleted", "available"),
)


# What a client may leave alone: contract section 3, the states with an asterisk, and where failures end.
AT_REST = {"enroll", "manageable", "available", "active", "error", "rescue", "deploy failed", "clean failed", "inspect failed",
           "adopt failed", "rescue failed", "unrescue failed", "service failed"}

# The same on fake hardware, which has every verb: state, what takes long in it, the verbs before, the verb
# and what goes with it, where it ends.
RESCUE, SERVICE = {"rescue_password": "x"}, {"service_steps": [{"interface": "vendor", "step": "log_passthrough"}]}
TO_ACTIVE = (("manage", "manageable"), ("provide", "available"), ("active", "active"))
FAKE_STATES = (
    ("adopting", "power", (("manage", "manageable"),), ("adopt", {}), "active"),
    ("rescuing", "rescue", TO_ACTIVE, ("rescue", RESCUE), "rescue"),
    ("unrescuing", "rescue", TO_ACTIVE + (("rescue", "rescue"),), ("unrescue", {}), "active"),
    ("servicing", "service", TO_ACTIVE, ("service", SERVICE), "active"),
)

# States that no step leads to: a record that says so (from another time, another program) is put into the
# store. Where the node goes, or None: an operator has to say.
WRITTEN_STATES = (
    ("rescue wait", "rescue", "rescue failed"), ("service wait", "active", "service failed"),
    ("clean hold", "available", None), ("deploy hold", "active", None), ("service hold", "active", None),
)


def every_state_has_a_story():
    """The table's states, as /metrics names them all."""
    with Sim() as sim:
        with urllib.request.urlopen(sim.api_url + "/metrics") as answer:
            states = set(re.findall(r'^ingot_nodes\{state="([^"]+)"\}', answer.read().decode(), re.M))
    told = {row[0] for row in STATES + FAKE_STATES + WRITTEN_STATES}
    tap.ok(len(states) > 25, "the table's states are known", states)
    tap.equal(told | AT_REST, states, "each state in which something is under way has its story here")


def in_the_middle_fake(state, slow_part, before, verb, end, signum):
    with Sim() as sim:
        sim.version = "1.95"
        node = sim.must("POST", "/v1/nodes", {"name": "fake", "driver": "fake-hardware"})
        m = types.SimpleNamespace(name="fake", log=[], agent_text=lambda: "")
        for target, reached in before:
            sim.go(m, target, reached, **(RESCUE if target == "rescue" else {}))
        sim.patch(m, {"op": "add", "path": "/driver_info/fake_%s_delay" % slow_part, "value": 2})
        status, answer = sim.provision(m, verb[0], **verb[1])
        tap.equal(status, 202, "%s is acknowledged" % verb[0]) or tap.diag(str(answer))
        tap.equal(sim.reach(m, state, limit_s=20)["provision_state"], state, "%s is reached" % state)
        sim.stop(signum)
        sim.start()
        held = wait_for(lambda: (lambda w: w["provision_state"] == end or w["waits_until"])(sim.why(m)), 10, 0.02)
        tap.ok(held, "it has a deadline, as soon as its next step is noted", sim.why(m))
        node = sim.reach(m, end, limit_s=30)
        tap.equal((node["provision_state"], node["last_error"]), (end, None), "it goes on to " + end)


def written(state, target, end):
    """The record is found in a state, and nothing is known of what led to it."""
    with Sim() as sim:
        sim.version = "1.95"
        node = sim.must("POST", "/v1/nodes", {"name": "fake", "driver": "fake-hardware"})
        m = types.SimpleNamespace(name="fake", log=[], agent_text=lambda: "")
        sim.stop(signal.SIGTERM)
        store = sqlite3.connect(os.path.join(sim.folder, "ingot.sqlite"))
        store.execute("UPDATE nodes SET provision_state=?, doc=json_set(doc, '$.provision_state', ?, '$.target_provision_state', ?)"
                      " WHERE uuid=?", (state, state, target, node["uuid"]))
        store.commit()
        store.close()
        sim.start()
        if end:
            node = sim.reach(m, end)
            tap.equal(node["provision_state"], end, "%s, of which nothing is known: %s" % (state, end))
            tap.ok("restarted" in (node["last_error"] or "") and "try again" in node["last_error"], "and why", node["last_error"])
            return
        tap.ok("operator" in (sim.why(m)["waits_for"] or ""), "%s waits for an operator, and says so" % state, sim.why(m))
        tap.equal(sim.provision(m, "unhold")[0], 202, "unhold is taken")
        node = sim.reach(m, *AT_REST)
        tap.ok(node["provision_state"] in AT_REST and node["last_error"], "and ends with a reason, as nothing is known",
               (node["provision_state"], node["last_error"]))


def ask(sim, m, verb):
    return sim.deploy(m) if verb == "active" else sim.provision(m, verb)


def in_the_middle(state, before, verb, end, signum):
    with Sim(power_timeout=15) as sim:
        m = sim.machines[0]
        before(sim, m)
        m.boots = "wait" not in state and state != "wait call-back"
        slow(sim)
        tap.equal(ask(sim, m, verb)[0], 202, "%s is acknowledged" % verb)
        seen = sim.reach(m, state, limit_s=20)
        tap.equal(seen["provision_state"], state, "%s is reached" % state)
        events = [e["event"] for e in sim.history(m)]
        status = sim.stop(signum)
        tap.equal(status, 0 if signum == signal.SIGTERM else -signum, "the conductor ends")
        sim.bmcs.ask(op="clear", bmc=0)
        sim.start()
        if not m.boots:
            tap.equal(sim.state(m), state, "the node waits on")
            m.boots = True
            sim.bmcs.ask(op="reboot", bmc=0)
        tap.equal([e["event"] for e in sim.history(m)][:len(events)], events, "the history is whole")
        node = sim.reach(m, *ENDS, limit_s=40)
        tap.equal((node["provision_state"], node["last_error"]), (end, None), "it goes on to " + end) or \
            tap.diag("\n".join(m.log[-10:]) + sim.conductor_log()[-1500:])


def kill_while_writing(when):
    """kill -9 while the agent writes; the agent ends before or after the conductor is back."""
    with Sim() as sim:
        m = sim.machines[0]
        to_available(sim, m)
        sim.deploy_held(m)
        sim.stop(signal.SIGKILL)
        if when == "before":
            sim.images.release("system.img")
            wait_for(lambda: "prepare_image succeeded" in m.agent_text(), 20)
        sim.start()
        if when == "after":
            tap.ok(wait_for(lambda: sim.state(m) == "wait call-back", 5), "the deploy waits on")
            sim.images.release("system.img")
        node = sim.reach(m, "active", "deploy failed", limit_s=40)
        tap.equal((node["provision_state"], node["last_error"]), ("active", None),
                  "the agent ends its work %s the conductor is back: active" % when)
        tap.equal((sim.home(m) or {}).get("hostname"), m.name + ".sim", "and the system reports itself")
        tap.equal(sim.images.asked.count("system.img"), 1, "the image was written once")


def gone_for_long():
    """Ten minutes without a conductor while the agent writes: the agent goes on asking, and the deploy goes on by itself."""
    with Sim() as sim:
        sim.stop(signal.SIGTERM)
        shim = Shim(sim)
        shim.clock(0)
        sim.start()
        m = sim.machines[0]
        to_available(sim, m)
        sim.deploy_held(m)
        sim.stop(signal.SIGKILL)
        sim.images.release("system.img")
        wait_for(lambda: "prepare_image succeeded" in m.agent_text(), 20)
        tried = wait_for(lambda: m.agent_text().count("; next try in ") >= 3, 40)
        tap.ok(tried, "the agent asks again and again, and says so") or tap.diag(m.agent_text()[-800:])
        shim.clock(600)
        sim.start()
        node = sim.reach(m, "active", "deploy failed", limit_s=60)
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "ten minutes later the deploy goes on by itself")
        tap.equal(sim.images.asked.count("system.img"), 1, "and the image was written once")


def token_on_the_way():
    """The token was given out, and the conductor ended before the agent had it."""
    with Sim() as sim:
        m = sim.machines[0]
        to_available(sim, m)
        m.boots = False
        sim.deploy(m)
        sim.reach(m, "wait call-back")
        lookup = "/v1/lookup?addresses=" + m.mac
        lost = sim.get(lookup)["config"]["agent_token"]
        tap.equal(sim.get(lookup)["config"]["agent_token"], "******", "a token is told once")
        sim.stop(signal.SIGKILL)
        sim.start()
        token = sim.get(lookup)["config"]["agent_token"]
        tap.ok(len(token) >= 32 and token != lost, "after a restart an agent that never reported gets another")
        tap.equal(sim.get(lookup)["config"]["agent_token"], "******", "once")
        body = {"callback_url": "https://%s:9" % m.address, "agent_token": lost, "agent_version": "1"}
        tap.equal(sim.call("POST", "/v1/heartbeat/" + sim.node(m)["uuid"], body)[0], 400, "the first one is over")


def machine_dies_too():
    """Power is lost while the conductor is away."""
    with Sim(command_timeout=int(3 * SLOW)) as sim:
        m = sim.machines[0]
        to_available(sim, m)
        sim.deploy_held(m)
        sim.stop(signal.SIGKILL)
        sim.bmcs.ask(op="power", bmc=0, on=False)
        sim.images.release("system.img")
        sim.start()
        node = sim.reach(m, "active", "deploy failed", limit_s=60)
        missing = [w for w in ("deploy: write the image", "standby.prepare_image", re.escape(m.address), "[Cc]onnect|refused")
                   if not re.search(w, node["last_error"] or "")]
        tap.ok(node["provision_state"] == "deploy failed" and not missing, "it fails and says why",
               "%s: %s" % (node["provision_state"], node["last_error"]))
        sim.deploy(m)
        tap.equal(sim.reach(m, "active", "deploy failed")["provision_state"], "active", "one command later it is active")


def kill_in_last_step(agent, later_s):
    """In the restart into the deployed system: its agent tells whether that happened. When it is gone, and
    that is long ago, nobody knows what the machine does."""
    with Sim(power_timeout=15) as sim:
        m = sim.machines[0]
        sim.stop(signal.SIGTERM)
        shim = Shim(sim)
        shim.clock(0)
        sim.start()
        to_available(sim, m)
        sim.deploy_held(m)
        m.phones_home = not later_s
        slow(sim)
        sim.images.release("system.img")
        tap.ok(wait_for(lambda: sim.node(m)["deploy_step"].get("step") == "boot_instance", 20, 0.05), "the last step begins")
        sim.stop(signal.SIGKILL)
        sim.bmcs.ask(op="clear", bmc=0)
        if not agent:
            m.kill_agent()
        shim.clock(later_s)
        sim.start()
        node = sim.reach(m, "active", "deploy failed")
        error = node["last_error"] or ""
        if later_s:
            tap.ok(node["provision_state"] == "deploy failed" and "restarted" in error and "look at the machine" in error,
                   "it fails and says what was interrupted and what to do",
                   (node["provision_state"], error, [(h["created_at"], h["event"]) for h in sim.history(m)[-5:]]))
            m.phones_home = True
            sim.deploy(m)
            node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "it is active")
        tap.equal((sim.home(m) or {}).get("hostname"), m.name + ".sim", "and its system reports itself")


def home_meanwhile():
    """The conductor is killed when the machine has been restarted and the BMC has not answered yet: the deployed system
    reports itself, so it is left to run."""
    with Sim(power_timeout=15) as sim:
        m = sim.machines[0]
        to_available(sim, m)
        sim.deploy_held(m)
        slow(sim)
        at = len(m.log)
        sim.images.release("system.img")
        started = lambda: [w for w in m.log[at:] if w.startswith(("power on", "power reset"))]  # noqa: E731
        tap.ok(wait_for(started, 20, 0.01), "the machine is restarted into its system", m.log[at:])
        sim.stop(signal.SIGKILL)
        sim.bmcs.ask(op="clear", bmc=0)
        sim.start()
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "it is active")
        tap.equal((sim.home(m) or {}).get("hostname"), m.name + ".sim", "its system has reported itself")
        tap.equal(len(started()), 1, "and was not restarted once more") or tap.diag(str(m.log[at:]))


if __name__ == "__main__":
    need_shim(tap)
    cases = [("%s, %s" % (state[0], signal.Signals(s).name), in_the_middle, (*state, s))
             for state in STATES for s in (signal.SIGTERM, signal.SIGKILL)]
    cases += [("writing, ended before", kill_while_writing, ("before",)), ("writing, ended after", kill_while_writing, ("after",)),
              ("gone for long", gone_for_long, ()), ("token", token_on_the_way, ()), ("machine dies too", machine_dies_too, ()),
              ("last step, agent there", kill_in_last_step, (True, 0)),
              ("last step, agent gone", kill_in_last_step, (False, 0)),
              ("last step, long ago", kill_in_last_step, (False, 3600)), ("last step, home", home_meanwhile, ())]
    cases += [("%s, %s" % (state[0], signal.Signals(s).name), in_the_middle_fake, (*state, s))
              for state in FAKE_STATES for s in (signal.SIGTERM, signal.SIGKILL)]
    cases += [(state[0] + ", written", written, state) for state in WRITTEN_STATES]
    cases += [("every state", every_state_has_a_story, ())]
    run_cases(cases)
