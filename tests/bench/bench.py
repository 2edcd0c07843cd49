#!/usr/bin/env python3
"""make bench: what Ingot needs, beside its targets and its peers in the same run.

    bench.py [--quick] [--list] [NAME...]

Prints one table and writes build/bench/NAME.json for each measurement. It judges nothing: the exit
status is 0 when everything could be measured, whatever came out. --quick takes few repetitions, to try
a measurement out. The load average stands beside each, because others' work shows in every figure.
"""
import argparse
import datetime
import json
import os
import signal
import sys
import time

sys.dont_write_bytecode = True  # nothing is left outside build/
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import boot  # noqa: E402
import conductor  # noqa: E402
import crowd  # noqa: E402
import image  # noqa: E402
import inspection  # noqa: E402
import ipmi  # noqa: E402
import peer  # noqa: E402
import qcow  # noqa: E402
import ramdisk  # noqa: E402
import storm  # noqa: E402
from benchlib import BUILD, CannotMeasure  # noqa: E402

# name, function of --quick, most seconds it may take
MEASUREMENTS = {
    "size": (ramdisk.bench_size, 10),
    "start": (ramdisk.bench_start, 300),
    "inspection": (inspection.bench_inspection, 600),
    "memory": (ramdisk.bench_memory, 3600),
    "cli": (conductor.bench_cli, 300),
    "ipmi": (ipmi.bench_ipmi, 300),
    "sweep": (conductor.bench_sweep, 300),
    "sweep-fresh": (conductor.bench_sweep_fresh, 600),
    "ipmi-farm": (ipmi.bench_farm, 600),
    "qcow2": (qcow.bench_qcow, 900),
    "crowd": (crowd.bench_crowd, 900),
    "store": (conductor.bench_store, 200),
    "peer": (peer.bench_peer, 1500),  # a root with Ironic may have to be made
    "image": (image.bench_image, 900),
    "storm": (storm.bench_storm, 300),
    "bare": (boot.bench_bare, 700),
    "demo-bios": (lambda quick: boot.bench_demo("bios", False), 2000),
    "demo-bios-cold": (lambda quick: boot.bench_demo("bios", True), 2000),
    "demo-uefi": (lambda quick: boot.bench_demo("uefi", False), 2000),
}
LEFT_OUT = {"bare"}  # the demos measure it too


def on_alarm(*_):
    raise CannotMeasure("it took too long")


def measure(name, quick):
    """Returns what goes into the file."""
    run, limit_s = MEASUREMENTS[name]
    result = {"name": name, "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
              "quick": quick, "cores": os.cpu_count(), "load_before": os.getloadavg()[0], "rows": [], "error": None}
    began = time.monotonic()
    signal.alarm(limit_s)
    try:
        result["rows"] = run(quick)
    except (CannotMeasure, OSError, ValueError, KeyError) as problem:
        result["error"] = "%s%s" % ("" if isinstance(problem, CannotMeasure) else type(problem).__name__ + ": ",
                                    problem)
    finally:
        signal.alarm(0)
    result["load_after"] = os.getloadavg()[0]
    result["took_s"] = round(time.monotonic() - began, 1)
    folder = os.path.join(BUILD, "bench")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name + ".json"), "w") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    return result


def number(value):
    if value is None:
        return "-"
    return "%.0f" % value if abs(value) >= 1000 or value == int(value) else "%.4g" % value


def show(result):
    print("\n%s  (%.0f s, load %.1f to %.1f on %d cores)" % (
        result["name"], result["took_s"], result["load_before"], result["load_after"], result["cores"]))
    if result["error"]:
        print("  could not be measured: " + result["error"])
    for r in result["rows"]:
        met = {None: "", True: "met", False: "MISSED"}[r["met"]]
        target = "<= " + number(r["target"]) if r["target"] is not None else ""
        target = ">= " + number(r["least"]) if r["least"] is not None else target
        line = "  %-66s %9s %-7s %-9s %-6s" % (r["name"], number(r["measured"]), r["unit"], target, met)
        line += "  ".join("  %s: %s" % (b["what"], number(b["value"])) for b in r["beside"])
        print(line.rstrip())
        if r["note"]:
            print("      " + r["note"])
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--list", action="store_true", help="names of the measurements")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if args.list:
        print("\n".join(MEASUREMENTS))
        return 0
    unknown = [n for n in args.names if n not in MEASUREMENTS]
    if unknown:
        print("bench: there is no %s; --list names them" % unknown[0], file=sys.stderr)
        return 2
    signal.signal(signal.SIGALRM, on_alarm)
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, lambda *_: sys.exit(130))
    failed = 0
    for name in args.names or [n for n in MEASUREMENTS if n not in LEFT_OUT]:
        result = measure(name, args.quick)
        show(result)
        failed += result["error"] is not None
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
