"""What the conductor and its command line cost: power sweep, command line, store."""
import json
import os
import shutil
import subprocess
import time

from benchlib import BUILD, OBJ, CannotMeasure, Conductor, Farm, folder, need, row, timed


def wait_states(conductor, state, count, limit_s):
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        seen = conductor.metric('ingot_nodes{state="%s"}' % state, 0)
        if seen >= count:
            return
        time.sleep(0.5)
    raise CannotMeasure("%d of %d nodes are %s after %d s" % (seen, count, state, limit_s))


def sweep(count, interval_s, seconds):
    """ingotd with so many nodes on emulated BMCs: its CPU per power state it reads."""
    extra = "[drivers]\nenabled = ipmi\npower_sync_interval = %d\n" % interval_s
    with folder() as place, Farm(place, count) as farm, Conductor(place, extra) as conductor:
        nodes = [{"name": "b%d" % i, "driver": "ipmi",
                  "driver_info": {"ipmi_address": farm.address(i), "ipmi_port": farm.PORT,
                                  "ipmi_username": farm.USER, "ipmi_password": farm.PASSWORD}}
                 for i in range(count)]
        uuids, _ = conductor.create(nodes)
        connection = conductor.connect()
        for uuid in uuids:
            conductor.call("PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"}, connection)
        connection.close()
        wait_states(conductor, "manageable", count, 60)
        time.sleep(min(interval_s, seconds) + 1)  # each is polled once, and has a session, or had
        polls, cpu, began = conductor.metric("ingot_power_polls_total"), conductor.cpu_s(), time.monotonic()
        failures = conductor.metric("ingot_bmc_failures_total")
        time.sleep(seconds)
        cpu = conductor.cpu_s() - cpu
        wall = time.monotonic() - began
        polls = conductor.metric("ingot_power_polls_total") - polls
        failures = conductor.metric("ingot_bmc_failures_total") - failures
    if not polls:
        raise CannotMeasure("ingotd polled nothing in %d s" % seconds)
    return {"us": cpu / polls * 1e6, "polls_per_s": polls / wall, "failures": failures}


def bench_sweep(quick):
    """CPU of ingotd itself per IPMI power status, sessions kept."""
    got = sweep(200, 5, 3 if quick else 20)
    return [row("ingotd: CPU per power status, kept sessions, 200 BMCs every 5 s", "us", got["us"], 40,
                note="%.0f polls/s, %d failed" % (got["polls_per_s"], got["failures"]))]


def bench_sweep_fresh(quick):
    """The same with a session of its own for each: an idle one is closed after 50 s, and polls are 60 s apart."""
    count = 500 if quick else 2000
    got = sweep(count, 60, 60)
    return [row("ingotd: CPU per power status, fresh sessions, %d BMCs every 60 s" % count, "us", got["us"], 150,
                note="%.0f polls/s, %d failed" % (got["polls_per_s"], got["failures"]))]


def bench_cli(quick):
    """Start to end of `ingot node list` with 100 nodes, beside the baremetal command."""
    ingot = os.path.join(BUILD, "ingot")
    need(ingot)
    with folder() as place, Conductor(place, "[drivers]\nenabled = fake-hardware\n") as conductor:
        conductor.create([{"name": "n%d" % i, "driver": "fake-hardware"} for i in range(100)])
        env = dict(os.environ, HOME=place, INGOT_URL=conductor.url)
        ours = timed([ingot, "node", "list"], 10 if quick else 50, env)
        start = timed([ingot, "--help"], 10 if quick else 50, env)
        peer = None
        if shutil.which("baremetal"):
            peer = timed(["baremetal", "--os-auth-type", "none", "--os-endpoint", conductor.url, "node", "list"],
                         1 if quick else 3, env)
    return [row("ingot node list, 100 nodes, median", "ms", ours["wall_ms"], 20,
                [("baremetal node list", peer and peer["wall_ms"])],
                "least %.1f ms; CPU %.1f ms; start alone (ingot --help) %.1f ms"
                % (ours["wall_min_ms"], ours["cpu_ms"], start["wall_ms"]))]


def bench_store(quick):
    """Durable commits of the store, beside SQLite used directly, on the disk of the build."""
    program = os.path.join(OBJ, "tests/bench/store_bench")
    need(program)
    run = subprocess.run([program, BUILD, "2" if quick else "10"], stdout=subprocess.PIPE, text=True, timeout=180,
                         check=False)
    if run.returncode:
        raise CannotMeasure("store_bench: exit status %d" % run.returncode)
    got = json.loads(run.stdout)
    return [row("store: durable commits, %s" % text, "1/s", got[key], None, ("SQLite alone", got["sqlite_plain"]))
            for key, text in (("store_1_thread", "1 thread"), ("store_4_threads", "4 threads"),
                              ("store_16_threads", "16 threads"))]
