"""What ten thousand machines cost the conductor: memory, an operator's command during their sweep, and what others
notice of their agents' heartbeats."""
import os
import random
import signal
import statistics
import threading
import time

from benchlib import CannotMeasure, Conductor, Farm, folder, row, with_parent
from conductor import wait_states

CONNECTIONS = 8


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def spread(conductor, items, work):
    """work(item, connection) for each, over several connections."""
    todo, problems, lock = list(reversed(items)), [], threading.Lock()

    def run():
        connection = conductor.connect()
        try:
            while not problems:
                with lock:
                    if not todo:
                        return
                    item = todo.pop()
                work(item, connection)
        except Exception as problem:  # pylint: disable=broad-except
            problems.append(problem)
        finally:
            connection.close()
    threads = [threading.Thread(target=run, daemon=True) for _ in range(CONNECTIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if problems:
        raise CannotMeasure(str(problems[0]))


def mac(i):
    return "52:54:%02x:%02x:%02x:%02x" % (i >> 24 & 255, i >> 16 & 255, i >> 8 & 255, i & 255)


def enroll(conductor, farm):
    nodes = [{"name": "c%d" % i, "driver": "ipmi",
              "driver_info": {"ipmi_address": farm.address(i), "ipmi_port": farm.PORT, "ipmi_username": farm.USER,
                              "ipmi_password": farm.PASSWORD},
              "properties": {"cpu_arch": "x86_64", "cpus": 64, "memory_mb": 262144, "local_gb": 900}}
             for i in range(farm.count)]
    uuids, _ = conductor.create(nodes)
    spread(conductor, list(enumerate(uuids)), lambda item, c: conductor.call(
        "POST", "/v1/ports", {"node_uuid": item[1], "address": mac(item[0])}, c))
    spread(conductor, uuids, lambda uuid, c: conductor.call(
        "PUT", "/v1/nodes/%s/states/provision" % uuid, {"target": "manage"}, c))
    wait_states(conductor, "manageable", farm.count, 120)
    return uuids


def operator_ms(conductor, uuids, times, chance):
    """A power command for one machine after the other, each until it is done, in milliseconds."""
    walls, connection = [], conductor.connect()
    for uuid in chance.sample(uuids, min(times, len(uuids))):
        began = time.monotonic()
        conductor.call("PUT", "/v1/nodes/%s/states/power" % uuid, {"target": "power on"}, connection)
        while conductor.call("GET", "/v1/nodes/%s?fields=target_power_state" % uuid, None,
                             connection)["target_power_state"]:
            time.sleep(0.001)
        walls.append((time.monotonic() - began) * 1000)
    connection.close()
    return walls


def give_tokens(conductor, count):
    """Each machine's agent makes itself known and reports once; [(uuid, body of its next heartbeat)]."""
    beats, lock = [], threading.Lock()

    def introduce(i, connection):
        found = conductor.call("GET", "/v1/lookup?addresses=" + mac(i), None, connection)
        body = {"callback_url": "https://127.0.0.1:9999", "agent_token": found["config"]["agent_token"],
                "agent_version": "9.9", "agent_verify_ca": "ca"}
        conductor.call("POST", "/v1/heartbeat/" + found["node"]["uuid"], body, connection)
        with lock:
            beats.append((found["node"]["uuid"], body))
    spread(conductor, list(range(count)), introduce)
    return beats


def start_heartbeats(conductor, beats, per_s):
    """A child that sends so many a second until it is killed."""
    child = os.fork()
    if child:
        return child
    try:
        with_parent()
        connections = [conductor.connect() for _ in range(4)]
        began, n = time.monotonic(), 0
        while True:
            uuid, body = beats[n % len(beats)]
            conductor.call("POST", "/v1/heartbeat/" + uuid, body, connections[n % len(connections)])
            n += 1
            time.sleep(max(0, began + n / per_s - time.monotonic()))
    finally:
        os._exit(1)  # only by a problem


def get_ms(conductor, uuids, seconds, chance):
    """GETs of one node after the other, with a pause between them, in milliseconds."""
    walls, connection, until = [], conductor.connect(), time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        conductor.call("GET", "/v1/nodes/" + chance.choice(uuids), None, connection)
        walls.append((time.monotonic() - began) * 1000)
        time.sleep(0.003)
    connection.close()
    return walls


def bench_crowd(quick):
    """10,000 nodes with BMCs that answer, known and swept, and with agents."""
    count = 500 if quick else int(os.environ.get("INGOT_FARM") or 10000)
    seconds, interval = (3, 10) if quick else (20, 60)
    chance = random.Random(1)
    extra = "[drivers]\nenabled = ipmi\npower_sync_interval = %d\n[agent]\nfast_track = true\n" % interval
    with folder() as place, Farm(place, count) as farm, Conductor(place, extra) as conductor:
        uuids = enroll(conductor, farm)
        polls = conductor.metric("ingot_power_polls_total")
        time.sleep(interval + 2)
        polls = conductor.metric("ingot_power_polls_total") - polls
        resident = conductor.resident_mb()
        failures = conductor.metric("ingot_bmc_failures_total")
        power = operator_ms(conductor, uuids, 50 if quick else 500, chance)
        quiet = get_ms(conductor, uuids, seconds, chance)
        beats = give_tokens(conductor, count)
        child = start_heartbeats(conductor, beats, 100)
        try:
            before = conductor.metric("ingot_requests_total")
            beside = get_ms(conductor, uuids, seconds, chance)
            rate = (conductor.metric("ingot_requests_total") - before) / seconds
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        with_agents = conductor.resident_mb()
    return [row("ingotd: resident, %d nodes known and swept" % count, "MB", resident, 64,
                note="%d power states read in %d s, %d failed; with a port and an agent each: %.1f MB"
                % (polls, interval + 2, failures, with_agents)),
            row("ingotd: operator's power command during the sweep, p99", "ms", percentile(power, 0.99), 100,
                ("median", statistics.median(power)), "from the request until the machine is seen to be on"),
            row("ingotd: GET of a node beside 100 heartbeats a second, p99", "ms", percentile(beside, 0.99), 5,
                [("without them", percentile(quiet, 0.99)), ("median", statistics.median(beside))],
                "%.0f heartbeats/s arrived; both clients are Python on the same cores" % rate)]
