#!/usr/bin/env python3
"""What happens when something goes wrong, on simulated machines: each fault ends as the contract says,
last_error tells what was tried, on what, what came back and what to do, and when the fault is gone one
command brings the node where it was to go."""
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import IMAGE, check_cured, check_failure, ready, run_cases, tap  # noqa: E402
from simlib import SLOW, Sim, post, read_at, wait_for  # noqa: E402


def set_password(sim, m, password):
    sim.patch(m, {"op": "replace", "path": "/driver_info/ipmi_password", "value": password})


# --- BMC -------------------------------------------------------------------------------------------

def wrong_password():
    with Sim() as sim:
        m = sim.machines[0]
        sim.images.files["system.img"] = IMAGE
        where = r"127\.0\.0\.1.*%d" % sim.bmcs.ports[0]
        sim.enroll(m, ipmi_password="not-this-one")
        sim.provision(m, "manage")
        node = sim.reach(m, "enroll")
        check_failure(sim, m, node, "enroll", None, "read the power state", where, "password", "check|set|correct")
        tap.ok("not-this-one" not in sim.conductor_log() + str(node), "the password is nowhere to be read")
        set_password(sim, m, "sim-secret")
        check_cured(sim, m, "manage", "manageable")
        sim.go(m, "provide", "available")
        sim.image(m, "system.img")
        set_password(sim, m, "changed-meanwhile")
        sim.go(m, "active", "deploy failed")
        check_failure(sim, m, sim.reach(m, "deploy failed"), "deploy failed", "active", "deploy", where, "password")
        set_password(sim, m, "sim-secret")
        check_cured(sim, m)


def silent_bmc():
    with Sim(power_timeout=3) as sim:
        m = ready(sim)
        where = r"127\.0\.0\.1.*%d" % sim.bmcs.ports[0]
        sim.bmcs.ask(op="fault", bmc=0, set={"silent": 1})
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "deploy: ", where, "no answer|did not answer|silent", "check|look|ping")
        sim.bmcs.ask(op="clear", bmc=0)
        check_cured(sim, m)


def silent_from_the_start():
    """It never answered: the node is not taken over, and its neighbour is not held up."""
    with Sim(2, power_timeout=3) as sim:
        m, other = sim.machines
        sim.bmcs.ask(op="fault", bmc=0, set={"silent": 1})
        sim.enroll(m)
        sim.enroll(other)
        sim.provision(m, "manage")
        sim.go(other, "manage", "manageable")
        node = wait_for(lambda: (lambda n: n if n["provision_state"] == "enroll" and n["last_error"] else None)(sim.node(m)), 30)
        check_failure(sim, m, node or sim.node(m), "enroll", None, "read the power state", r"127\.0\.0\.1.*%d" % sim.bmcs.ports[0],
                      "no answer", "power and network|reachable")
        sim.bmcs.ask(op="clear", bmc=0)
        check_cured(sim, m, "manage", "manageable")


def bmc_comes_back():
    """It is away for a while in the middle: nobody has to do anything."""
    with Sim(power_timeout=20) as sim:
        m = ready(sim)
        sim.deploy_held(m)
        sim.bmcs.ask(op="fault", bmc=0, set={"silent": 1})
        sim.images.release("system.img")
        step = wait_for(lambda: sim.node(m)["deploy_step"].get("step") == "prepare_instance_boot", 20)
        tap.ok(step, "a deploy waits for a BMC that is away, and says in which step")
        tap.ok("boot device" in (sim.why(m)["waits_for"] or ""), "`why` names the boot device", sim.why(m)["waits_for"])
        sim.bmcs.ask(op="reset", bmc=0)  # sessions are gone, too
        sim.bmcs.ask(op="clear", bmc=0)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "and goes on when it is back")


def bmc_dies_for_long():
    """A BMC that starts anew takes minutes, longer than one request has patience: it is asked again."""
    with Sim(power_timeout=3) as sim:
        m = ready(sim)
        sim.deploy_held(m)
        sim.bmcs.ask(op="fault", bmc=0, set={"silent": 1})
        sim.images.release("system.img")
        again = wait_for(lambda: re.search(r"set boot device to disk: the BMC fell silent \d+ s ago and is asked again",
                                           sim.why(m)["waits_for"] or ""), 40)
        tap.ok(again, "the request has failed, the deployment has not, and `why` says what goes on", sim.why(m)["waits_for"])
        sim.bmcs.ask(op="clear", bmc=0)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "it goes on when the BMC is back")
        # and when it never comes back, it is told with its reason
        sim.stop(signal.SIGTERM)
        sim.start(bmc_patience=6)
        sim.go(m, "deleted", "available")
        sim.image(m, "system.img")
        sim.deploy_held(m)
        sim.bmcs.ask(op="fault", bmc=0, set={"silent": 1})
        sim.images.release("system.img")
        node = sim.reach(m, "deploy failed", "active")
        check_failure(sim, m, node, "deploy failed", "active", "set boot device to disk", "no answer", "check that the BMC")
        sim.bmcs.ask(op="clear", bmc=0)
        check_cured(sim, m)


# --- boot path -------------------------------------------------------------------------------------

def never_boots():
    with Sim(wait=3) as sim:
        m = ready(sim)
        m.boots = False
        sim.deploy(m)
        sim.reach(m, "wait call-back")
        why = sim.why(m)
        tap.ok(why["waits_for"] and why["waits_until"] and m.mac in why.get("boot_path", ""),
               "`why` says what it waits for, until when, and for which MAC", why)
        node = sim.reach(m, "deploy failed")
        words = ("deploy|wait", "agent to report", m.mac, "nothing was seen", "cable|boot order")
        check_failure(sim, m, node, "deploy failed", "active", *words)
        tap.ok(wait_for(lambda: not m.on(), 5), "the machine is powered off")
        m.boots = True
        check_cured(sim, m)
        sim.go(m, "deleted", "available")
        sim.go(m, "manage", "manageable")
        m.boots = False
        sim.provision(m, "inspect")
        node = sim.reach(m, "inspect failed")
        check_failure(sim, m, node, "inspect failed", "manageable", "agent to report", m.mac, "cable|boot order")
        sim.provision(m, "manage")
        sim.reach(m, "manageable")
        sim.provision(m, "provide")
        node = sim.reach(m, "clean failed")
        check_failure(sim, m, node, "clean failed", "available", "agent to report", m.mac, "cable|boot order")
        tap.equal((node["maintenance"], node["fault"]), (False, None), "no disk was touched: no maintenance")
        m.boots = True
        sim.go(m, "manage", "manageable")
        check_cured(sim, m, "provide", "available")


def stuck_in_agent_boot():
    """The agent is loaded, then nothing: the last thing seen is named."""
    with Sim(wait=3) as sim:
        m = ready(sim)
        start, m.start_agent = m.start_agent, lambda cmdline: start(cmdline.replace("ipa-api-url=", "was="))
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "kernel and ramdisk", "agent has not called since", m.mac, "console", "boot explain")
        m.start_agent = start
        check_cured(sim, m)


# --- image -----------------------------------------------------------------------------------------

def image_404():
    with Sim() as sim:
        m = ready(sim)
        del sim.images.files["system.img"]
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "write the image", re.escape(sim.images.url("system.img")),
                      "404", "check|put|correct|look")
        sim.images.files["system.img"] = IMAGE
        check_cured(sim, m)


def wrong_checksum():
    with Sim() as sim:
        m = ready(sim)
        sim.image(m, "system.img", checksum="0123456789abcdef" * 4)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", "write the image", "system.img", "sha256|SHA-256",
                      "0123456789abcdef", "check|correct|look")
        tap.ok(read_at(m.disk, 510, 2) != b"\x55\xaa", "the disk with the wrong image does not boot")
        sim.image(m, "system.img")
        check_cured(sim, m)


# --- agents ----------------------------------------------------------------------------------------

def impostors():
    with Sim(2) as sim:
        m, other = ready(sim), sim.machines[1]
        sim.to_available(other)
        sim.image(other, "system.img")
        for one in (m, other):
            one.boots = False
            sim.deploy(one)
        node = [sim.reach(one, "wait call-back") for one in (m, other)]
        status, first = sim.call("GET", "/v1/lookup?addresses=" + m.mac)
        token = first["config"]["agent_token"]
        tap.ok(status == 200 and len(token) >= 32, "the first lookup is given a token")
        tap.equal(sim.call("GET", "/v1/lookup?addresses=" + m.mac)[1]["config"]["agent_token"], "******", "the second is not")
        theirs = sim.call("GET", "/v1/lookup?addresses=" + other.mac)[1]["config"]["agent_token"]
        tap.equal(sim.call("GET", "/v1/lookup?addresses=52:54:00:99:99:99")[0], 404, "a stranger finds no node")
        tap.equal(sim.call("GET", "/v1/lookup?addresses=%s,%s" % (m.mac, other.mac))[0], 404, "MACs of two nodes are no answer")

        def beat(token, **more):
            body = {"callback_url": "https://%s:9" % m.address, "agent_token": token, "agent_version": "1", "agent_verify_ca": "x"}
            body.update(more)
            return sim.call("POST", "/v1/heartbeat/" + node[0]["uuid"], {k: v for k, v in body.items() if v})[0]
        tap.equal(beat(theirs), 400, "another node's token is refused")
        tap.equal(beat(None), 400, "no token is refused")
        tap.equal(beat("x" * 43), 400, "a wrong token is refused")
        tap.equal(beat(token, callback_url="http://%s:9" % m.address), 400, "an agent without TLS is refused")
        tap.equal(sim.state(m), "wait call-back", "none of them moved the node")
        body = {"agent_token": theirs, "phase": "x", "bytes_done": 1}
        tap.ok(sim.call("POST", "/ingot/v1/nodes/%s/progress" % node[0]["uuid"], body)[0] in (401, 403),
               "progress by another node's token is refused")
        tap.equal(beat(token), 202, "its own token is taken")
        failed = sim.reach(m, "deploy failed")
        check_failure(sim, m, failed, "deploy failed", "active", "deploy steps", "https://%s:9" % m.address, "certificate|connect|CA")
        m.boots = True
        check_cured(sim, m)


def second_agent():
    """The same machine boots twice at once (a clone, a second NIC): the first agent goes on."""
    with Sim() as sim:
        m = ready(sim)
        sim.deploy_held(m)
        clone = m.start_agent(m.cmdline, "127.0.0.77")
        tap.ok(wait_for(lambda: re.search(r"token", m.agent_text()) and clone.poll() is not None or None, 20),
               "the second agent finds that the token is not for it, and ends", m.agent_text()[-800:])
        sim.images.release("system.img")
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "the deploy goes on with the first")
        if clone.poll() is None:
            clone.kill()
        clone.wait()


def wrong_nonce():
    with Sim() as sim:
        m = ready(sim)
        m.phones_home = False
        sim.deploy(m)
        sim.reach(m, "active", "deploy failed")
        home = wait_for(lambda: getattr(m, "meta", None), 10)["meta"]
        answer = post(home["ingot_phone_home"], {"hostname": "x", "nonce": "not-the-nonce"})
        tap.ok(answer[0] == 400 and "nonce" in answer[1], "a wrong nonce is refused, and named", answer)
        tap.equal(sim.why(m).get("phone_home"), None, "and does not count as a homecoming")
        answer = post(home["ingot_phone_home"][:-4] + "AAAA", {"hostname": "x", "nonce": home["ingot_nonce"]})
        tap.equal(answer[0], 404, "neither does a wrong token")
        tap.ok(post(home["ingot_phone_home"], {"hostname": m.name, "nonce": home["ingot_nonce"]})[0] < 300, "the right one does")
        tap.equal(post(home["ingot_phone_home"], {"hostname": "thief", "nonce": home["ingot_nonce"]})[0], 404, "once")
        tap.equal(sim.why(m)["phone_home"]["hostname"], m.name, "the first homecoming stays")


# --- news ------------------------------------------------------------------------------------------

def webhook_away():
    with Sim(webhook=True) as sim:
        m = ready(sim)
        sim.webhook.broken = True
        sim.deploy(m)
        sim.reach(m, "active", "deploy failed")
        sim.home(m)
        tap.ok(wait_for(lambda: sim.webhook.refused, 10), "the receiver refuses")
        sim.webhook.stop()
        sim.go(m, "deleted", "available")
        sim.stop(signal.SIGKILL)
        sim.start()
        sim.webhook.broken = False
        sim.webhook.start()
        want = [(h["event"]) for h in sim.history(m)]

        def moves():
            return [(e.get("from"), e.get("to")) for e in sim.webhook.events if e.get("event") == "node.provision_state"]
        all_moves = [(e["from"], e["to"]) for e in reversed(sim.why(m)["events"]) if e["from"]]
        wait_for(lambda: moves()[-len(all_moves):] == all_moves, 60)
        tap.ok(len(want) > 10 and moves()[-len(all_moves):] == all_moves, "every change of state arrives, in order, once",
               "got  %s\nwant %s\nkeys %s" % (moves(), all_moves, sorted(sim.webhook.events[-1]) if sim.webhook.events else None))


def agent_pauses():
    """An agent that does not answer for a while is asked again; nothing is failed for it."""
    with Sim(fast_track=True, command_timeout=int(24 * SLOW)) as sim:
        m = ready(sim)
        m.agent.send_signal(signal.SIGSTOP)
        sim.deploy(m)
        # the first of four attempts gets a quarter of the time
        tap.ok(wait_for(lambda: "ask the agent for its deploy steps" in (sim.why(m)["waits_for"] or ""), 10),
               "`why` tells what is waited for", sim.why(m)["waits_for"])
        time.sleep(8 * SLOW)
        tap.equal(sim.state(m), "deploying", "no answer for a third of the time")
        m.agent.send_signal(signal.SIGCONT)
        node = sim.reach(m, "active", "deploy failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "then the agent goes on, and so does the deployment")


CASES = (wrong_password, silent_from_the_start, silent_bmc, bmc_comes_back, bmc_dies_for_long, never_boots,
         stuck_in_agent_boot, image_404, wrong_checksum,
         impostors, second_agent, wrong_nonce, webhook_away, agent_pauses)

if __name__ == "__main__":
    run_cases(CASES)
