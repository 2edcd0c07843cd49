#!/usr/bin/env python3
"""Steps that clients give, on a machine with an agent: among those of a deployment, in a cleaning by
hand and in a service; with a restart of the machine in between, and a conductor that is killed in
the middle of each."""
import os
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import IMAGE, ready, tap  # noqa: E402
from simlib import Sim, need_programs, read_at, wait_for  # noqa: E402

ERASE = {"interface": "deploy", "step": "erase_devices_metadata"}
HOLD = {"interface": "power", "step": "hold"}
REBOOT = {"interface": "power", "step": "reboot"}


def deploy_step(step, priority):
    return dict(step, args={}, priority=priority)


def names(node, member):
    return [s["step"] for s in node["driver_internal_info"].get(member) or []]


def order(sim, m, target, **body):
    tap.equal(sim.provision(m, target, **body)[0], 202, "%s is taken" % target)


def deploy(sim, m):
    starts = m.agents_started
    sim.deploy(m, deploy_steps=[deploy_step(ERASE, 95), deploy_step(REBOOT, 90), deploy_step(HOLD, 85)])
    node = sim.reach(m, "deploy hold", "deploy failed")
    tap.equal((node["provision_state"], node["deploy_step"].get("step")), ("deploy hold", "hold"),
              "the deployment is held before the image is written") or tap.diag(str(node["last_error"]))
    tap.equal(names(node, "deploy_steps"), ["deploy", "erase_devices_metadata", "reboot", "hold", "write_image",
                                            "prepare_instance_boot", "tear_down_agent", "boot_instance"],
              "the client's steps lie among those of the deployment")
    tap.equal(m.agents_started - starts, 2, "the machine was restarted into its agent in between")
    tap.ok(not any(read_at(m.disk, 0, 1 << 20)), "and nothing is on its disk yet")
    sim.stop(signal.SIGKILL)
    sim.start()
    order(sim, m, "unhold")
    node = sim.reach(m, "active", "deploy failed")
    tap.equal(node["provision_state"], "active", "held over a kill -9, and deployed when it is let go on") or tap.diag(
        str(node["last_error"]))
    tap.ok(read_at(m.disk, 34 * 512, 1 << 20) == IMAGE[34 * 512:34 * 512 + (1 << 20)], "the image is on its disk")


def service(sim, m):
    starts = m.agents_started
    order(sim, m, "service", service_steps=[HOLD, {"interface": "power", "step": "wait", "args": {"seconds": 1}}])
    node = sim.reach(m, "service hold", "service failed")
    tap.equal((node["provision_state"], m.agents_started - starts), ("service hold", 1),
              "a serviced machine runs the agent") or tap.diag(str(node["last_error"]))
    order(sim, m, "unhold")
    node = sim.reach(m, "active", "service failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "the service ends")
    tap.ok(wait_for(lambda: m.log[-1] == "system", 30), "and the machine runs its own system again") or tap.diag(
        "\n".join(m.log[-8:]))
    order(sim, m, "service", service_steps=[HOLD])
    sim.reach(m, "service hold", "service failed")
    order(sim, m, "abort")
    tap.equal(sim.reach(m, "active")["provision_state"], "active", "a service that is aborted leaves an active node")
    order(sim, m, "service", service_steps=[{"interface": "deploy", "step": "frob"}])
    node = sim.reach(m, "service failed", "active")
    tap.ok("deploy.frob" in (node["last_error"] or ""), "a step that the agent does not offer: %s" % node["last_error"])
    tap.equal(node["maintenance"], False, "nothing was done: no maintenance")


def clean(sim, m):
    order(sim, m, "manage")
    sim.reach(m, "manageable")
    order(sim, m, "clean", clean_steps=[HOLD, REBOOT, ERASE])
    sim.reach(m, "clean hold", "clean failed")
    starts = m.agents_started
    order(sim, m, "unhold")
    node = sim.reach(m, "manageable", "clean failed", limit_s=90)
    tap.equal((node["provision_state"], m.agents_started - starts), ("manageable", 1),
              "a cleaning by hand: a hold, a restart into the agent, and a step of the agent") or tap.diag(
        str(node["last_error"]))
    order(sim, m, "clean", clean_steps=[REBOOT, HOLD], disable_ramdisk=True)
    node = sim.reach(m, "clean hold", "clean failed")
    tap.equal((node["provision_state"], m.agents_started - starts), ("clean hold", 1),
              "without a ramdisk no agent is booted") or tap.diag(str(node["last_error"]))
    sim.stop(signal.SIGKILL)
    sim.start()
    order(sim, m, "unhold")
    tap.equal(sim.reach(m, "manageable", "clean failed")["provision_state"], "manageable",
              "held over a kill -9, it comes to its end")


if __name__ == "__main__":
    need_programs(tap)
    with Sim(1) as sim:
        sim.version = "1.110"
        ready(sim)
        machine = sim.machines[0]
        deploy(sim, machine)
        service(sim, machine)
        order(sim, machine, "deleted")
        sim.reach(machine, "available", "clean failed")
        clean(sim, machine)
        tap.equal(sim.stop(15), 0, "the conductor ends well")
    tap.done()
