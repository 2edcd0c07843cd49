#!/usr/bin/env python3
"""What BMCs tell beside power: sensors, FRUs, event log, LAN parameters, as the API and `ingot bmc` show them.
ipmitool is the judge: for the same BMC, our emulator and OpenIPMI's ipmi_sim, it has to see the same. Then
what BMCs do wrong, a node's health, and that a long reading holds nobody up."""
import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import run_cases, tap  # noqa: E402
from ipmisim import PASSWORD, USER, IpmiSim  # noqa: E402
from simlib import BMC_PASSWORD, BMC_USER, BUILD, SLOW, Sim, wait_for, with_parent  # noqa: E402

LIMITS = ["lower_non_recoverable", "lower_critical", "lower_non_critical", "upper_non_critical", "upper_critical",
          "upper_non_recoverable"]  # in the order of `ipmitool sensor`


class Tool:
    """The real ipmitool, and ours, for one BMC."""

    def __init__(self, sim, name, port, suite, user, password):
        self.sim, self.name = sim, name
        self.words = ["ipmitool", "-I", "lanplus", "-C", str(suite), "-H", "127.0.0.1", "-p", str(port), "-U", user]
        self.env = dict(os.environ, IPMI_PASSWORD=password, TZ="UTC", HOME=sim.folder, INGOT_URL=sim.api_url)

    def ipmitool(self, *words):
        p = subprocess.run(self.words + ["-E", *words], capture_output=True, env=self.env, timeout=60 * SLOW)
        return p.stdout.decode("latin1")

    def table(self, *words):
        return [[c.strip() for c in line.split("|")] for line in self.ipmitool(*words).splitlines() if "|" in line]

    def ask(self, what):
        return self.sim.get("/ingot/v1/nodes/%s/bmc/%s" % (self.name, what))

    def ingot(self, *words):
        p = subprocess.run([os.path.join(BUILD, "ingot"), "bmc", *words], capture_output=True, env=self.env, text=True,
                           stdin=subprocess.DEVNULL, timeout=120 * SLOW)
        return p.returncode, p.stdout, p.stderr


def near(ours, theirs):
    """ipmitool rounds to three places; "na" is no reading."""
    if theirs == "na" or ours is None:
        return theirs == "na" and ours is None
    return math.isclose(ours, float(theirs), rel_tol=1e-6, abs_tol=0.00051)


def judge_sensors(tool):
    rows = {r[0]: r for r in tool.table("sensor")}
    ours = {s["name"]: s for s in tool.ask("sensors")["sensors"]}
    wrong = []
    for name, row in rows.items():
        if row[2] == "discrete":
            continue
        s = ours.get(name, {"value": "missing", "thresholds": {}})
        limits = [s["thresholds"].get(k) for k in LIMITS]
        if row[1] == "na":  # it then shows no thresholds of some sensors
            good = s["value"] is None
        else:
            good = near(s["value"], row[1]) and all(map(near, limits, row[4:10]))
        if not good or s["unit"].lower() != row[2].lower():
            wrong.append((row, s))
    tap.ok(len(rows) > 5 and not wrong, "%d sensors, their units and thresholds as ipmitool sees them" % len(rows), wrong)
    # who shares a record is shown by its name alone there: of those, the first
    states = {r[0]: r[4] for r in tool.table("sdr", "elist", "compact")}
    wrong = []
    for name, text in states.items():
        s = ours.get(name) or ours.get(name + "0") or ours.get(name + "1")
        got = {w.lower().replace("/", "") for w in (s or {"states": ["missing"]})["states"]}
        want = {w.strip().lower().replace("/", "") for w in text.split(",") if w.strip()}
        # the words are not the same everywhere, but each of theirs begins like one of ours
        if len(got) != len(want) or not all(any(g[:5] == w[:5] for g in got) for w in want):
            wrong.append((name, got, want))
    tap.ok(states and not wrong, "%d discrete sensors have the states that ipmitool shows" % len(states), wrong)


FRU_WORDS = {"Chassis Type": "chassis.type", "Chassis Part Number": "chassis.part_number",
             "Chassis Serial": "chassis.serial_number", "Board Mfg": "board.manufacturer",
             "Board Product": "board.product_name", "Board Serial": "board.serial_number",
             "Board Part Number": "board.part_number", "Product Manufacturer": "product.manufacturer",
             "Product Name": "product.product_name", "Product Part Number": "product.part_number",
             "Product Version": "product.version", "Product Serial": "product.serial_number",
             "Product Asset Tag": "product.asset_tag"}


def judge_fru(tool):
    theirs, fru = {}, None
    for line in tool.ipmitool("fru", "print").splitlines():
        key, _, value = (part.strip() for part in line.partition(" : "))
        if key == "FRU Device Description":
            fru = re.search(r"(.*) \(ID (\d+)\)", value)
            theirs[int(fru[2])] = {"name": fru[1]}
        elif key in FRU_WORDS and value:
            theirs[int(fru[2])][FRU_WORDS[key]] = value
        elif key == "Board Mfg Date":
            when = time.strptime(value.replace(" UTC", ""), "%a %b %d %H:%M:%S %Y")
            theirs[int(fru[2])]["board.manufactured_at"] = time.strftime("%Y-%m-%dT%H:%M:%S.000000+00:00", when)
    ours = {}
    for f in tool.ask("fru")["frus"]:
        ours[f["id"]] = {"name": f["name"]}
        for part in ("chassis", "board", "product"):
            for key, value in (f[part] or {}).items():
                if isinstance(value, str):
                    ours[f["id"]]["%s.%s" % (part, key)] = value
    tap.equal(ours, theirs, "%d FRUs hold what ipmitool reads in them" % len(theirs))


def judge_sel(tool, entries):
    rows = tool.table("sel", "list")
    log = tool.ask("sel")
    tap.equal((len(rows), [int(r[0], 16) for r in rows]), (entries, [e["id"] for e in log["entries"]]),
              "%d entries in the event log, by their numbers" % entries)
    wrong = [(r, e) for r, e in zip(rows, log["entries"])
             if (r[5 if len(r) > 5 else 4] == "Asserted") != e["asserted"]]
    tap.ok(not wrong, "begun and ended as ipmitool says", wrong)
    free = re.search(r"Free Space\s*: (\d+) bytes", tool.ipmitool("sel", "info"))
    if free:
        tap.equal(log["info"]["free_bytes"], int(free[1]), "and so much room is left")
    return log


def judge_lan(tool):
    theirs = dict(re.findall(r"^(\S.*?\S)\s+: (.*)$", tool.ipmitool("lan", "print", "1"), re.M))
    ours = tool.ask("lan")
    for word, key in (("IP Address", "ip_address"), ("MAC Address", "mac_address"), ("Subnet Mask", "subnet_mask"),
                      ("Default Gateway IP", "gateway")):
        tap.equal(ours[key], theirs[word], "LAN: " + key)
    tap.equal((ours["ip_source"], ours["vlan"]), ("static", "off"), "LAN: source and VLAN")


def judge_info(tool):
    theirs = dict(re.findall(r"^(\S.*?\S)\s+: (.*)$", tool.ipmitool("mc", "info"), re.M))
    ours = tool.ask("info")
    tap.equal((str(ours["manufacturer_id"]), str(ours["device_id"]), ours["ipmi_version"]),
              (theirs["Manufacturer ID"], theirs["Device ID"], theirs["IPMI Version"]), "who the BMC is")
    tap.equal([float(x) for x in (ours["firmware"],)], [float(theirs["Firmware Revision"])], "and its firmware")


# --- cases -----------------------------------------------------------------------------------------

def the_emulator():
    with Sim() as sim:
        m = sim.machines[0]
        sim.enroll(m)
        tool = Tool(sim, m.name, sim.bmcs.ports[0], 17, BMC_USER, BMC_PASSWORD)
        sim.bmcs.ask(op="power", bmc=0, on=True)
        sim.bmcs.ask(op="advance", bmc=0, ms=600000)
        for name, raw in (("CPU1 Temp", 97), ("Inlet Temp", 24), ("VRM Temp", 50), ("Exhaust Temp", 40)):
            sim.bmcs.ask(op="sensor", bmc=0, name=name, value=raw)  # they stand still from now on
        for name in ("Fan 1", "Fan 2", "Fan 3", "Fan 4", "Chipset Fan", "CPU2 Temp", "PSU1 Power In", "PSU2 Power In"):
            sim.bmcs.ask(op="sensor", bmc=0, name=name, raw=40)
        for judge in (judge_sensors, judge_fru, judge_lan, judge_info):
            judge(tool)
        sim.bmcs.ask(op="sel_clear", bmc=0)
        # IPMI 32.1: PSU2 (sensor 51h) failed, and works again
        for record in ("0000020000000020000408516f01ffff", "000002000000002000040851ef01ffff"):
            sim.bmcs.ask(op="sel_add", bmc=0, record=record)
        log = judge_sel(tool, 2)
        tap.equal([(e["sensor"], e["state"], e["event"]) for e in log["entries"]],
                  [("PSU2 Status", "critical", "power supply failure detected"),
                   ("PSU2 Status", "ok", "power supply failure detected (ended)")], "the log in words")
        for words, want in ((["sensors", m.name], "CPU1 Temp +97 degrees C +critical"), (["sel", m.name], "PSU2 Status +critical"),
                            (["fru", m.name], "serial number +EC00000000"), (["lan", m.name], "ip_source +static"),
                            (["info", m.name], "ipmi_version +2.0"), (["raw", m.name, "0x06", "0x01"], "^20 01 ")):
            code, out, err = tool.ingot(*words)
            tap.ok(code == 0 and re.search(want, out, re.M), "ingot bmc %s shows it" % words[0], out + err)
        code, out, _ = tool.ingot("sensors", m.name, "--problems", "--json")
        tap.equal((code, [s["name"] for s in json.loads(out)[0]["sensors"]]), (0, ["CPU1 Temp"]), "--problems shows problems")
        code, out, err = tool.ingot("sel", m.name, "--clear")
        tap.ok(code == 2 and "--yes" in err, "nothing is erased unasked", err)
        code, out, err = tool.ingot("sel", m.name, "--clear", "--yes")
        # IPMI 42-3, event logging disabled: 02h, log area cleared; the BMC itself notes that
        left = [e["sensor_type"] for e in tool.ask("sel")["entries"]]
        tap.ok(code == 0 and left in ([], ["event logging disabled"]), "and is erased when asked", (err, left))
        tap.equal(tool.ingot("identify", m.name, "--seconds", "5")[0], 0, "identify")
        tap.equal(tool.ingot("reset", m.name, "--yes")[0], 0, "reset")
        tap.ok(wait_for(lambda: sim.call("GET", "/ingot/v1/nodes/%s/bmc/info" % m.name)[0] == 200, 30 * SLOW, 0.2),
               "and it answers again")
        events = [e["event"] for e in sim.history(m)]
        tap.ok("clear the event log: asked for" in events and "reset the BMC: asked for" in events,
               "what changed something stands in the history", events)


def ipmi_sim():
    if not IpmiSim.installed():
        tap.ok(True, "ipmi_sim # SKIP the package openipmi is not installed")
        return
    with Sim() as sim:
        m = sim.machines[0]
        bmc = IpmiSim(sim.folder, with_parent)
        try:
            sim.enroll(m, ipmi_port=bmc.port, ipmi_username=USER, ipmi_password=PASSWORD)
            tool = Tool(sim, m.name, bmc.port, 3, USER, PASSWORD)
            for judge in (judge_sensors, judge_fru, judge_lan, judge_info):
                judge(tool)
            log = judge_sel(tool, 5)
            tap.equal([e["sensor"] for e in log["entries"]], ["Inlet Temp", "PSU2", "PSU2", None, None], "with their sensors")
            tap.equal(log["entries"][0]["event"],  # ipmitool sel elist: Reading 43 > Threshold 40 degrees C
                      "upper non-critical going high, reading 43 degrees C, threshold 40 degrees C", "and numbers with units")
            sim.must("DELETE", "/ingot/v1/nodes/%s/bmc/sel" % m.name)
            judge_sel(tool, 0)
        finally:
            bmc.stop()


def what_bmcs_do_wrong():
    with Sim() as sim:
        m = sim.machines[0]
        sim.enroll(m)
        tool = Tool(sim, m.name, sim.bmcs.ports[0], 17, BMC_USER, BMC_PASSWORD)
        names = [s["name"] for s in tool.ask("sensors")["sensors"]]
        fru = tool.ask("fru")
        for knobs in ({"sdr_read_max": 16}, {"sdr_bad_count": 5}, {"reservation_lost_nth": 9}, {"busy_nth": 7},
                      {"duplicate": 1, "reorder": 1}, {"session_ends_nth": 40}):
            sim.bmcs.ask(op="fault", bmc=0, set=knobs)
            answer = tool.ask("sensors?thresholds=false")
            tap.equal(([s["name"] for s in answer["sensors"]], answer["missing"]), (names, None), "all sensors with %s" % knobs)
            sim.bmcs.ask(op="clear", bmc=0)
        for knobs in ({"fru_read_max": 8}, {"session_requests": 25}, {"drop_nth": 25}):
            sim.bmcs.ask(op="fault", bmc=0, set=knobs)
            tap.equal(tool.ask("fru"), fru, "all FRUs with %s" % knobs)
            sim.bmcs.ask(op="clear", bmc=0)
        sim.bmcs.ask(op="fault", bmc=0, set={"sdr_last_fails": 1})
        answer = tool.ask("sensors?thresholds=false")
        tap.ok(len(answer["sensors"]) >= len(names) - 4 and answer["missing"],
               "what was read is shown, and that it is not all", answer["missing"])
        sim.bmcs.ask(op="clear", bmc=0)
        sim.bmcs.ask(op="sel_clear", bmc=0)
        sim.bmcs.ask(op="sel_add", bmc=0, record="0000020000000020000408516f01ffff", times=300)
        sim.bmcs.ask(op="fault", bmc=0, set={"reservation_lost_nth": 11})
        whole = tool.ask("sel")["entries"]
        part = tool.ask("sel?last=10")
        tap.equal((len(whole) >= 300, part["older"], [e["id"] for e in part["entries"]]),
                  (True, True, [e["id"] for e in whole[-10:]]), "the latest entries of a long log")
        sim.must("DELETE", "/ingot/v1/nodes/%s/bmc/sel" % m.name)
        tap.ok(len(tool.ask("sel")["entries"]) <= 1, "a log is cleared, whatever happens to its reservations")


def nobody_is_held_up():
    with Sim() as sim:
        m = sim.machines[0]
        sim.enroll(m)
        sim.bmcs.ask(op="fault", bmc=0, set={"delay_ms": 25})
        done = threading.Event()

        def read():
            sim.get("/ingot/v1/nodes/%s/bmc/sensors" % m.name)
            done.set()

        reader = threading.Thread(target=read)
        reader.start()
        status = sim.call("GET", "/v1/nodes/%s/management/boot_device" % m.name)[0]
        tap.ok(status == 200 and not done.is_set(), "a command comes between two steps of a reading")
        reader.join(60 * SLOW)
        tap.ok(done.is_set(), "which comes to its end")


def health():
    with Sim(power_sync=1, webhook=True) as sim:
        sim.version = "1.109"
        m = sim.machines[0]
        sim.enroll(m)
        sim.go(m, "manage", "manageable")

        def becomes(want, what):
            tap.ok(wait_for(lambda: sim.node(m)["health"] == want, 60 * SLOW, 0.1), what, sim.node(m)["health"])

        tap.equal(sim.node(m)["health"], "OK", "a node's health comes with its power state")
        sim.bmcs.ask(op="chassis", bmc=0, set={"drive-fault": True})
        becomes("Warning", "a drive fault is a warning")
        tap.ok("drive fault" in (sim.why(m)["health_reason"] or ""), "and why says which", sim.why(m))
        sim.bmcs.ask(op="chassis", bmc=0, set={"power-fault": True})
        becomes("Critical", "a power fault is critical")
        event = sim.history(m)[-1]
        tap.ok(event["severity"] == "ERROR" and event["event_type"] == "health" and "main power fault" in event["event"],
               "the history has it", event)
        sim.bmcs.ask(op="chassis", bmc=0, set={"drive-fault": False, "power-fault": False})
        becomes("OK", "all is well again")
        tap.ok(wait_for(lambda: [(e["from"], e["to"]) for e in events(sim)][-3:] == [
            ("OK", "Warning"), ("Warning", "Critical"), ("Critical", "OK")], 30 * SLOW), "webhooks tell each change", events(sim))
        sim.bmcs.ask(op="power", bmc=0, on=True)
        sim.bmcs.ask(op="sensor", bmc=0, name="CPU1 Temp", value=97)
        sim.get("/ingot/v1/nodes/%s/bmc/sensors" % m.name)
        becomes("Critical", "a part that is too hot is critical, once sensors are read")
        tap.ok("CPU1 Temp" in sim.why(m)["health_reason"], "and why says which", sim.why(m)["health_reason"])
        sim.stop(signal.SIGTERM)
        sim.start()
        tap.equal(sim.node(m)["health"], "Critical", "which a restart does not forget")
        sim.bmcs.ask(op="sensor", bmc=0, name="CPU1 Temp", value=40)
        sim.get("/ingot/v1/nodes/%s/bmc/sensors" % m.name)
        becomes("OK", "until they are read again")


def events(sim):
    return [e for e in list(sim.webhook.events) if e["event"] == "node.health"]


run_cases([the_emulator, ipmi_sim, what_bmcs_do_wrong, nobody_is_held_up, health])
