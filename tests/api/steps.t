#!/usr/bin/env python3
"""
Deploy, clean and service steps on fake-hardware: what clients give, what they see meanwhile, what is
refused, holds and pauses, aborts, rescue, and that none of it is lost when the conductor is killed.
Expected values: contract 2.3 and 3, and Debian 13's Ironic asked the same (where that drops
built-in steps, the contract).
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, fault, ok, same  # noqa: E402

c = Conductor()
RAID = {"logical_disks": [{"size_gb": 10, "raid_level": "1"}]}


def step(interface, name, **more):
    return dict(interface=interface, step=name, **more)


def deploy_step(interface, name, priority, **args):
    return dict(interface=interface, step=name, args=args, priority=priority)


def show(node):
    return c.request("GET", "/v1/nodes/" + node)[1]


def provision(node, target, version="1.110", **body):
    status, answer, _ = c.request("PUT", "/v1/nodes/%s/states/provision" % node,
                                  dict(target=target, **body), version)
    return status, fault(answer) if answer else ""


def reach(node, *states, seconds=30):
    """The state the node has come to, of those wanted, or the one it is in at the end."""
    until = time.monotonic() + seconds
    while True:
        state = c.node_state(node)
        if state in states or time.monotonic() > until:
            return state
        time.sleep(0.02)


def make(name, state="manageable", **fields):
    c.request("POST", "/v1/nodes", dict(driver="fake-hardware", name=name, **fields))
    provision(name, "manage")
    reach(name, "manageable")
    for verb, then in (("provide", "available"), ("active", "active")):
        if state in (then, "active") and show(name)["provision_state"] != state:
            provision(name, verb)
            reach(name, then)
    return same(show(name)["provision_state"], state, "%s is %s" % (name, state))


def accepted(node, target, what, **body):
    return same(provision(node, target, **body), (202, ""), what)


def refused(node, target, what, says, version="1.110", status=400, **body):
    before = show(node)
    got, text = provision(node, target, version, **body)
    same(got, status, what)
    ok(says in text, "and says so: " + text[:150])
    same(show(node)["provision_state"], before["provision_state"], "nothing has changed")


def internal(node):
    return show(node)["driver_internal_info"]


def test_clean():
    make("clean")
    accepted("clean", "clean", "clean steps in the order given", clean_steps=[
        step("bios", "factory_reset"), step("power", "hold"), step("power", "power_on")])
    same(reach("clean", "clean hold"), "clean hold", "the second step holds the node")
    n = show("clean")
    same((n["clean_step"]["step"], n["target_provision_state"], n["reservation"]),
         ("hold", "manageable", None), "it is shown, with its target, and nobody works on it")
    same([s["step"] for s in n["driver_internal_info"]["clean_steps"]],
         ["factory_reset", "hold", "power_on"], "the list is Ironic's clean_steps")
    same(n["driver_internal_info"]["clean_step_index"], 1, "and the place in it")
    why = c.request("GET", "/ingot/v1/why/clean")[1]
    ok("unhold" in why["waits_for"] and "hold" in why["waits_for"],
       "why says who may end it: " + why["waits_for"])
    ok("unhold" in why["next"], "and how: " + why["next"])
    refused("clean", "provide", "another verb is refused in a hold", "clean hold")
    accepted("clean", "unhold", "it is let go on")
    same(reach("clean", "manageable"), "manageable", "and comes to its end")
    n = show("clean")
    same((n["power_state"], n["clean_step"]), ("power on", {}), "the last step was done, too")
    ok("clean_steps" not in n["driver_internal_info"], "nothing is left of the list")


def test_clean_refused():
    make("picky")
    for steps, says in (([step("boot", "x")], "interface"), ([step("bios", "")], "step"),
                        ([step("bios", "x", priority=1)], "priority"),
                        ([step("bios", "x", args=[])], "args"), ([{"step": "x"}], "interface"),
                        ([step("bios", "x", execute_on_child_nodes=True,
                               limit_child_node_execution=["x"])], "UUID")):
        refused("picky", "clean", "clean with %s" % steps, says, clean_steps=steps)
    refused("picky", "clean", "clean without steps", "clean_steps")
    for steps, says, more in (
            ([step("deploy", "frob")], "deploy.frob", {}),
            ([step("bios", "apply_configuration")], "settings", {}),
            ([step("bios", "factory_reset", args={"x": 1})], "no argument x", {}),
            ([step("bios", "factory_reset")], "ramdisk", {"disable_ramdisk": True})):
        accepted("picky", "clean", "%s is taken, as by Ironic" % steps, clean_steps=steps, **more)
        same(reach("picky", "clean failed"), "clean failed", "and fails")
        n = show("picky")
        ok(says in n["last_error"], "with its cause: " + n["last_error"])
        same((n["maintenance"], n["target_provision_state"]), (False, "manageable"),
             "nothing was done: no maintenance")
        provision("picky", "manage")
    accepted("picky", "clean", "digits as order", clean_steps=[
        step("bios", "apply_configuration", args={"settings": []}, order="3")])
    same(reach("picky", "manageable"), "manageable", "are taken")


def test_step_fails():
    make("broken", driver_info={"fake_bios_failure": "the flash is worn out"})
    accepted("broken", "clean", "a step that fails", clean_steps=[step("bios", "factory_reset")])
    same(reach("broken", "clean failed"), "clean failed", "fails the cleaning")
    n = show("broken")
    ok("worn out" in n["last_error"] and "bios.factory_reset" in n["last_error"],
       "with step and cause: " + n["last_error"])
    same((n["maintenance"], n["fault"], n["clean_step"]), (True, "clean failure", {}),
         "in the middle of a step: maintenance")


def test_deploy():
    make("deploy", "available")
    for steps, says in (([deploy_step("deploy", "deploy", 50)], "core"),
                        ([deploy_step("deploy", "deploy", 0, x=1)], "no argument x"),
                        ([deploy_step("bios", "apply_configuration", 5)], "settings"),
                        ([step("deploy", "deploy", args={})], "priority"),
                        ([step("deploy", "deploy", priority=1)], "args"),
                        ([deploy_step("bios", "factory_reset", 5),
                          deploy_step("bios", "factory_reset", 6)], "twice"),
                        ([deploy_step("vendor", "send_raw", 6)], "not allowed")):
        refused("deploy", "active", "deploy with %s" % steps, says, deploy_steps=steps)
    refused("deploy", "active", "service steps do not deploy", "service_steps",
            service_steps=[step("bios", "factory_reset")])
    refused("deploy", "active", "deploy steps before 1.69", "1.69", "1.68", 406,
            deploy_steps=[deploy_step("bios", "factory_reset", 5)])
    accepted("deploy", "active", "steps before and after the core step", deploy_steps=[
        deploy_step("bios", "factory_reset", 150), deploy_step("power", "hold", "20"),
        deploy_step("raid", "apply_configuration", 100, raid_config=RAID)])
    same(reach("deploy", "deploy hold"), "deploy hold", "it is held where the client wanted")
    n = show("deploy")
    same(([s["step"] for s in n["driver_internal_info"]["deploy_steps"]], n["deploy_step"]["step"]),
         (["factory_reset", "deploy", "apply_configuration", "hold"], "hold"),
         "sorted by priority, then by interface")
    accepted("deploy", "unhold", "let go on")
    same(reach("deploy", "active"), "active", "and is active")
    accepted("deploy", "rebuild", "the core step can be disabled", deploy_steps=[
        deploy_step("deploy", "deploy", 0), deploy_step("power", "hold", 5)])
    same(reach("deploy", "deploy hold"), "deploy hold", "held again")
    same([s["step"] for s in internal("deploy")["deploy_steps"]], ["hold"], "with that step alone")
    accepted("deploy", "abort", "a hold can be aborted")
    same(reach("deploy", "deploy failed"), "deploy failed", "which fails the deployment")
    ok("aborted" in show("deploy")["last_error"], show("deploy")["last_error"])


def test_abort():
    make("abort")
    accepted("abort", "clean", "a wait without end", clean_steps=[
        step("power", "wait"), step("bios", "factory_reset")])
    same(reach("abort", "clean wait"), "clean wait", "waits for a heartbeat")
    accepted("abort", "abort", "it can be aborted")
    same(reach("abort", "clean failed"), "clean failed", "at once")
    n = show("abort")
    same((n["maintenance"], n["clean_step"]), (False, {}), "which is no fault of the machine")
    provision("abort", "manage")
    accepted("abort", "clean", "a pause", clean_steps=[step("power", "wait", args={"seconds": 1})])
    same(reach("abort", "clean wait"), "clean wait", "waits")
    same(reach("abort", "manageable"), "manageable", "and is over by itself")
    provision("abort", "provide")
    reach("abort", "available")
    accepted("abort", "active", "a deployment that waits",
             deploy_steps=[deploy_step("power", "wait", 50)])
    same(reach("abort", "wait call-back"), "wait call-back", "in Ironic's state for it")
    why = c.request("GET", "/ingot/v1/why/abort")[1]
    ok("heartbeat" in why["waits_for"], "why says for what: " + why["waits_for"])
    refused("abort", "abort", "an abort of it before 1.110", "1.110", "1.109")
    accepted("abort", "abort", "and since")
    same(reach("abort", "deploy failed"), "deploy failed", "fails the deployment")
    make("inspects")
    refused("inspects", "abort", "a stable state cannot be aborted", "manageable")


def test_service():
    make("service", "active")
    refused("service", "service", "service before 1.87", "1.87", "1.86", 406,
            service_steps=[step("vendor", "log_passthrough")])
    refused("service", "service", "service without steps", "service_steps")
    accepted("service", "service", "a step without a ramdisk", disable_ramdisk=True,
             service_steps=[step("vendor", "log_passthrough"), step("power", "hold")])
    same(reach("service", "service hold"), "service hold", "and a hold")
    same(show("service")["service_step"]["step"], "hold", "service_step shows it")
    accepted("service", "abort", "the hold is aborted")
    same(reach("service", "active"), "active", "which leaves an active node")
    accepted("service", "service", "a step that waits",
             service_steps=[step("vendor", "trigger_servicewait")])
    same(reach("service", "service wait"), "service wait", "waits")
    accepted("service", "abort", "the wait is aborted")
    same(reach("service", "active"), "active", "the node is active again")
    accepted("service", "service", "an unknown step", service_steps=[step("deploy", "frob")])
    same(reach("service", "service failed"), "service failed", "fails")
    same((show("service")["maintenance"], show("service")["target_provision_state"]),
         (False, "active"), "before anything was done")
    accepted("service", "service", "it can be serviced again",
             service_steps=[step("bios", "factory_reset")])
    same(reach("service", "active"), "active", "to its end")
    c.request("PATCH", "/v1/nodes/service", [
        {"op": "add", "path": "/driver_info/fake_raid_failure", "value": "no disks"}])
    provision("service", "service", service_steps=[
        step("raid", "apply_configuration", args={"raid_config": RAID})])
    same(reach("service", "service failed"), "service failed", "a step that fails")
    same((show("service")["maintenance"], show("service")["fault"]), (True, "service failure"),
         "is a fault")
    refused("service", "service", "a node in maintenance is not serviced", "maintenance",
            service_steps=[step("bios", "factory_reset")])


def test_rescue():
    make("rescue", "active")
    refused("rescue", "rescue", "rescue without a password", "rescue_password")
    refused("rescue", "rescue", "with an empty one", "rescue_password", rescue_password=" \t")
    refused("rescue", "rescue", "before 1.38", "1.38", "1.37", 406, rescue_password="x")
    accepted("rescue", "rescue", "rescue", rescue_password="pass-word")
    same(reach("rescue", "rescue"), "rescue", "is rescued")
    same(show("rescue")["instance_info"], {"hashed_rescue_password": "******"},
         "a hash of the password is kept, and masked")
    with open(c.folder + "/ingot.db-wal", "rb") as f:
        data = f.read()
    ok(b"$5$" in data and b"pass-word" not in data, "the password itself is nowhere")
    accepted("rescue", "unrescue", "unrescue")
    same(reach("rescue", "active"), "active", "is active")
    same(show("rescue")["instance_info"], {}, "the hash has gone")


def runbook(name, *steps, **more):
    return c.request("POST", "/v1/runbooks", dict(name=name, steps=list(steps), **more))[0]


def test_runbook():
    make("book")
    same(runbook("CUSTOM_BOOK", step("power", "power_on", args={}, order=2),
                 step("power", "hold", args={}, order=1)), 201, "a runbook")
    refused("book", "clean", "a runbook of which the node has no trait", "CUSTOM_BOOK",
            runbook="CUSTOM_BOOK")
    c.request("PUT", "/v1/nodes/book/traits", {"traits": ["CUSTOM_BOOK", "CUSTOM_TEMPLATE"]})
    refused("book", "clean", "one that is not there", "CUSTOM_NONE", status=404,
            runbook="CUSTOM_NONE")
    refused("book", "clean", "steps and a runbook", "both", runbook="CUSTOM_BOOK",
            clean_steps=[step("power", "hold")])
    refused("book", "provide", "a verb that takes none", "runbook", runbook="CUSTOM_BOOK")
    refused("book", "clean", "before 1.92", "1.92", "1.91", 406, runbook="CUSTOM_BOOK")
    accepted("book", "clean", "it is run", runbook="CUSTOM_BOOK")
    same(reach("book", "clean hold"), "clean hold", "and holds")
    same([s["step"] for s in internal("book")["clean_steps"]], ["hold", "power_on"],
         "its steps come in their order")
    accepted("book", "unhold", "let go on")
    same(reach("book", "manageable"), "manageable", "and done")
    same(show("book")["power_state"], "power on", "to the end")


def test_template():
    node = show("book")
    provision("book", "provide")
    reach("book", "available")
    same(c.request("POST", "/v1/deploy_templates", {"name": "CUSTOM_TEMPLATE", "steps": [
        deploy_step("power", "hold", 90), deploy_step("bios", "factory_reset", 95)]})[0], 201,
         "a deploy template")
    trait = {"op": "add", "path": "/instance_info/traits", "value": ["CUSTOM_OTHER"]}
    c.request("PATCH", "/v1/nodes/book", [trait])
    refused("book", "active", "an instance's trait that the node has not", "CUSTOM_OTHER")
    c.request("PATCH", "/v1/nodes/book", [dict(trait, value=["CUSTOM_TEMPLATE"])])
    accepted("book", "active", "the template's steps are done, too",
             deploy_steps=[deploy_step("bios", "factory_reset", 85)])
    same(reach("book", "deploy hold"), "deploy hold", "it holds")
    same([(s["step"], s["priority"]) for s in internal("book")["deploy_steps"]],
         [("deploy", 100), ("hold", 90), ("factory_reset", 85)],
         "and the client's own step goes before its namesake")
    accepted("book", "unhold", "let go on")
    same(reach("book", "active"), "active", "and active")
    same(node["uuid"], show("book")["uuid"], "the same node")


def test_undeploy():
    make("retired", "active")
    c.request("PATCH", "/v1/nodes/retired", [
        {"op": "add", "path": "/retired", "value": True},
        {"op": "add", "path": "/instance_info/image_source", "value": "http://x/y"}])
    accepted("retired", "undeploy", "a retired node is undeployed")
    same(reach("retired", "manageable", "available"), "manageable", "into manageable")
    same(show("retired")["instance_info"], {}, "without its instance")
    refused("retired", "provide", "and is not provided again", "retired")


def test_adopt():
    make("adopt", driver_info={"fake_power_delay": 0})
    c.request("PATCH", "/v1/nodes/adopt", [
        {"op": "add", "path": "/driver_info/fake_power_failure", "value": "no answer"}])
    accepted("adopt", "adopt", "adoption of a machine that does not answer")
    same(reach("adopt", "adopt failed"), "adopt failed", "fails")
    same((show("adopt")["power_state"], show("adopt")["target_provision_state"]), (None, "active"),
         "its power is not known")
    c.request("PATCH", "/v1/nodes/adopt", [
        {"op": "remove", "path": "/driver_info/fake_power_failure"}])
    accepted("adopt", "adopt", "it can be tried again")
    same(reach("adopt", "active"), "active", "and is active")


def test_children():
    make("parent")
    parent = show("parent")["uuid"]
    for name in ("child-a", "child-b", "child-c"):
        make(name, parent_node=parent)
    only = [show("child-a")["uuid"], show("child-c")["uuid"]]
    accepted("parent", "clean", "a power step on child nodes", clean_steps=[
        step("power", "power_on", execute_on_child_nodes=True, limit_child_node_execution=only)])
    same(reach("parent", "manageable"), "manageable", "is done")
    same([show("child-" + x)["power_state"] for x in "abc"],
         ["power on", "power off", "power on"], "on those that were named")
    accepted("parent", "clean", "on all of them",
             clean_steps=[step("power", "power_on", execute_on_child_nodes=True)])
    same(reach("parent", "manageable"), "manageable", "is done, too")
    same(show("child-b")["power_state"], "power on", "on the third as well")
    accepted("parent", "clean", "what is no power step", clean_steps=[
        step("bios", "factory_reset", execute_on_child_nodes=True)])
    same(reach("parent", "clean failed"), "clean failed", "fails: "
         + (show("parent")["last_error"] or ""))


def test_disable_power_off():
    make("always-on", disable_power_off=True)
    accepted("always-on", "clean", "power_off of a machine that stays on",
             clean_steps=[step("power", "power_off")])
    same(reach("always-on", "clean failed"), "clean failed", "is refused")
    ok("disable_power_off" in show("always-on")["last_error"], show("always-on")["last_error"])


def test_target_is_never_null():
    """Polls as fast as it can from the order to the end, as clients that wait do (2.3)."""
    make("polled", driver_info={"fake_deploy_delay": 0.2, "fake_bios_delay": 0.2})
    gaps, held = [], set()
    for verb, end, body in (
            ("clean", "manageable", {"clean_steps": [
                step("bios", "factory_reset"), step("power", "wait", args={"seconds": 1})]}),
            ("provide", "available", {}), ("active", "active", {}), ("deleted", "available", {})):
        provision("polled", verb, **body)
        while True:
            n = show("polled")
            if n["reservation"]:
                held.add(n["provision_state"])
            if n["provision_state"] == end and not n["target_provision_state"]:
                break
            if not n["target_provision_state"]:
                gaps.append((verb, n["provision_state"]))
            if n["provision_state"].endswith(("failed", "error")):
                gaps.append((verb, n["last_error"]))
                break
    same(gaps, [], "the target is there until the state is")
    ok({"cleaning", "deploying"} <= held and not held & {"clean wait", "manageable", "active"},
       "reserved while a call works on it, not while it waits: %s" % sorted(held))


def test_killed():
    for name in ("killed-hold", "killed-step", "killed-wait"):
        make(name, driver_info={"fake_bios_delay": 1})
    provision("killed-hold", "clean", clean_steps=[step("power", "hold"),
                                                   step("power", "power_on")])
    same(reach("killed-hold", "clean hold"), "clean hold", "one is held")
    provision("killed-wait", "clean", clean_steps=[
        step("power", "wait", args={"seconds": 2}), step("power", "power_on")])
    reach("killed-wait", "clean wait")
    provision("killed-step", "clean", clean_steps=[step("bios", "factory_reset"),
                                                   step("power", "power_on")])
    c.kill()
    c.start()
    same(c.node_state("killed-hold"), "clean hold", "after kill -9 it is held still")
    for name in ("killed-step", "killed-wait"):
        same(reach(name, "manageable"), "manageable", name + " goes on")
        same(show(name)["power_state"], "power on", "to its last step")
    accepted("killed-hold", "unhold", "what is held can be let go")
    same(reach("killed-hold", "manageable"), "manageable", "and goes on, too")
    same(show("killed-hold")["power_state"], "power on", "to its last step")


for test in (test_clean, test_clean_refused, test_step_fails, test_deploy, test_abort, test_service,
             test_rescue, test_runbook, test_template, test_undeploy, test_adopt, test_children, test_disable_power_off,
             test_target_is_never_null, test_killed):
    print("# " + test.__name__)
    test()
done()
