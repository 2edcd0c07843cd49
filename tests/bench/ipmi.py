#!/usr/bin/env python3
"""Measures the IPMI client against a farm of emulated BMCs on the same cores, beside FreeIPMI's ipmipower,
and prints a table with the targets. Usage: ipmi.py [OUTPUT.json]. Judges nothing."""
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OBJ = os.path.join(ROOT, "build/obj", os.environ.get("VARIANT") or "release")
FARM = int(os.environ.get("INGOT_FARM") or 10000)
FIRST = f"127.{128 + os.getpid() % 64}.0.1"
PORT = 6230
PASSWORD = "secret123"


def start_farm(folder):
    secret = os.path.join(folder, "password")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        f.write(PASSWORD + "\n")
    control = os.path.join(folder, "control")
    process = subprocess.Popen(
        [os.path.join(OBJ, "tests/bmc/ingot-bmcd"), "--listen", f"{FIRST}:{PORT}", "--step", "address",
         "--count", str(FARM), "--user", "admin", "--password-file", secret, "--on", "--control", control],
        stdout=subprocess.PIPE, text=True)
    if not process.stdout.readline().startswith("ready"):
        raise RuntimeError("ingot-bmcd did not start")
    return process, control


def tell(control, **words):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(control)
        s.sendall((json.dumps(words) + "\n").encode())
        if not json.loads(s.makefile().readline())["ok"]:
            raise RuntimeError(words)


def address(i):
    a, b, c, d = (int(x) for x in FIRST.split("."))
    n = (a << 24 | b << 16 | c << 8 | d) + i
    return ".".join(str(n >> s & 255) for s in (24, 16, 8, 0))


def client(*options, first=0, count=FARM):
    words = [os.path.join(OBJ, "tests/bench/ipmi_status"), "--address", address(first), "--step-address", "--port",
             str(PORT), "--count", str(count), "--user", "admin", "--password", PASSWORD, *options]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=300).stdout)


def ipmipower(count):
    """CPU microseconds per BMC of the peer with its best flags, or None without it."""
    if not shutil.which("ipmipower"):
        return None
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["ipmipower", "-D", "LAN_2_0", "-I", "17", "-l", "USER", "-u", "admin", "-p", PASSWORD, "-h",
                    ",".join(f"{address(i)}:{PORT}" for i in range(count)), "--stat"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e6 / count


def measure(control):
    few = min(FARM, 200)
    silent = FARM // 10
    fresh = client("--suite", "17")
    kept = client("--keep", "300", "--rounds", "3")
    swept = client("--probe", "3", "--rounds", "2")
    alone = client(first=silent, count=FARM - silent)
    tell(control, op="fault", bmc=[0, silent - 1], set={"silent": 1})
    beside = client("--rounds", "2")
    rows = [
        ("CPU per power status, fresh session, suite 17", fresh["rounds"][0]["cpu_us_per_bmc"], "us", "150"),
        ("the same by ipmipower", ipmipower(few), "us", "peer"),
        ("CPU per power status, kept session", kept["rounds"][-1]["cpu_us_per_bmc"], "us", "40"),
        (f"sweep of {FARM} BMCs", fresh["rounds"][0]["wall_ms"], "ms", "10000"),
        ("resident with all sessions kept", kept["resident_kb"] / 1024, "MB", ""),
        ("operator's command during a sweep, p99", swept["commands"]["p99_ms"], "ms", "100 and the BMC's time"),
        (f"{FARM - silent} alive, alone", alone["rounds"][0]["alive_ms"], "ms", ""),
        (f"beside {silent} silent, not known before", beside["rounds"][0]["alive_ms"], "ms", "1.2 times alone"),
        (f"beside {silent} silent, known from the last sweep", beside["rounds"][1]["alive_ms"], "ms",
         "1.2 times alone"),
    ]
    failed = fresh["failed"] + kept["failed"] + swept["failed"] + alone["failed"] + swept["commands"]["failed"]
    return rows, failed + abs(beside["failed"] - silent)


def main():
    folder = tempfile.mkdtemp(prefix="ipmibench.")
    farm = None
    try:
        farm, control = start_farm(folder)
        rows, failed = measure(control)
    finally:
        if farm:
            farm.terminate()
            farm.wait()
        shutil.rmtree(folder)
    for what, value, unit, target in rows:
        print(f"{what:52} {'-' if value is None else format(value, '10.1f')} {unit:3} {target and 'target ' + target}")
    print(f"{'requests that failed and should not have':52} {failed:10}")
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w") as f:
            json.dump({"farm": FARM, "failed": failed,
                       "rows": [dict(zip(("what", "value", "unit", "target"), r)) for r in rows]}, f, indent=1)


if __name__ == "__main__":
    main()
