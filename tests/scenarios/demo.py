#!/usr/bin/env python3
"""make demo: a rack of powered-off servers becomes running systems, end to end.

Starts a virtual rack in a network namespace of its own and a conductor beside it, imports the rack,
and takes every machine through manage, inspect, provide and deploy, all at the same time, until the
deployed systems have reported themselves. Shows one live line per machine, then a table of seconds
per phase; writes build/demo/report.json. Exit status 0 when every machine got there.

    demo.py [--rack FILE] [--only NAME] [--dir FOLDER] [--image FILE] [--conf TEXT] [--quiet]

--only takes one machine of the rack and leaves the others off. Everything it starts ends with it, also
when it is interrupted; nothing outside FOLDER is left.
"""
import argparse
import contextlib
import ctypes
import datetime
import functools
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HOST = "10.77.0.1"
API = "http://%s:6385" % HOST
IMAGES = 8088  # port of the image server
STEPS = ("manage", "inspect", "provide", "deploy")
LIMIT_S = 1200
CLONE_NEWNET = 0x40000000

CONF = """[api]
listen = {host}:6385
auth = none
[store]
url = sqlite:{dir}/ingot.sqlite
[boot]
dhcp = full
interface = br0
range = 10.77.0.100,10.77.0.199
state_dir = {dir}/boot
kernel = {top}/build/agent/vmlinuz
ramdisk = {top}/build/agent/initramfs
firmware_dirs = {top}/build/firmware:/usr/lib/ipxe
[agent]
fast_track = true
deploy_logs_local_path = {dir}/agent-logs
"""


PID = os.getpid()


def with_parent():
    """In a child: end when the parent does, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != PID:  # it has ended already
        os._exit(1)


def get(path):
    with urllib.request.urlopen(API + path, timeout=10) as answer:
        return json.load(answer)


def wait_for(what, limit_s, text):
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        result = what()
        if result:
            return result
        time.sleep(0.1)
    raise RuntimeError("%s: not within %d s" % (text, limit_s))


class Machine:
    """One machine's way; `ingot` does the work, the conductor's own record tells how it went."""

    def __init__(self, demo, name, firmware):
        self.demo, self.name, self.firmware = demo, name, firmware
        self.error = None
        self.doing = "import"
        self.walk_s = {}  # seconds per step as the operator waits for it
        self.finished_s = None
        self.thread = threading.Thread(target=self.walk, daemon=True)

    def ingot(self, *words):
        with open(os.path.join(self.demo.dir, "ingot-%s.log" % self.name), "a") as log:
            return subprocess.run([os.path.join(TOP, "build/ingot"), *words], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log, preexec_fn=with_parent,
                                  env=dict(os.environ, INGOT_URL=API)).returncode

    @contextlib.contextmanager
    def step(self, name):
        self.doing, began = name, time.monotonic()
        yield
        self.walk_s[name] = round(time.monotonic() - began, 2)

    def walk(self):
        image = "http://%s:%d/%s" % (HOST, IMAGES, os.path.basename(self.demo.image))
        more = {"deploy": ["--image", image, "--checksum", self.demo.checksum, "--hostname", self.name, "--yes"]}
        try:
            for step in STEPS:
                with self.step(step):
                    if self.ingot("node", step, self.name, "--wait", "--timeout", str(LIMIT_S), *more.get(step, [])):
                        raise RuntimeError(step + " failed")
            with self.step("first boot"):
                wait_for(lambda: self.why().get("phone_home"), 300, "the deployed system to report itself")
            self.finished_s = time.monotonic() - self.demo.started
            self.doing = "done"
        except (RuntimeError, OSError) as problem:
            why = self.why() if self.demo.alive() else {}
            self.error = "%s: %s" % (problem, why.get("last_error") or why.get("boot_path") or "")
            self.doing = "failed"

    def why(self):
        return self.told("/ingot/v1/why/%s")

    def told(self, path):
        try:
            return get(path % self.name)
        except (urllib.error.URLError, OSError):
            return {}

    def boot_step(self):
        """The last step on the boot path, while the agent's first call is awaited."""
        why = self.why()
        return why["boot"][-1]["text"] if why.get("boot_path") and why.get("boot") else None

    def report(self):
        why = self.why()
        home = why.get("phone_home") or {}
        progress = why.get("progress") or {}
        phases, last = {}, None
        for event in self.told("/ingot/v1/nodes/%s/history").get("events", []):
            names = {"verifying": "manage", "inspecting": "inspect", "inspect wait": "inspect",
                     "cleaning": "clean", "clean wait": "clean", "deploying": "deploy",
                     "wait call-back": "deploy"}
            phase = names.get(event["from"])
            if phase:
                phases[phase] = phases.get(phase, 0) + event["duration_ms"] / 1000
            if event["to"] == "active":
                last = datetime.datetime.fromisoformat(event["at"])
            elif last and "reported itself" in (event["event"] or ""):
                home_at = datetime.datetime.fromisoformat(event["at"])
                phases["first_boot"] = (home_at - last).total_seconds()
        return {"name": self.name, "firmware": self.firmware, "bmc": "ipmi",
                "state": why.get("provision_state"),
                "phases_s": {k: round(v, 2) for k, v in phases.items()}, "walk_s": self.walk_s,
                "total_s": round(self.finished_s, 2) if self.finished_s else None,
                "bytes_written": progress.get("bytes_written"),
                "reported_name": home.get("hostname"), "nonce": home.get("nonce"), "error": self.error}


class Demo:
    """Inside the rack's namespace: conductor, images, machines."""

    def __init__(self, args):
        self.dir, self.quiet = args.dir, args.quiet
        self.image = args.image
        with open(self.image + ".sha256") as f:
            self.checksum = f.read().split()[0]
        self.conf = CONF.format(host=HOST, dir=self.dir, top=TOP) + (args.conf or "").replace("\\n", "\n")
        self.ingotd = None
        self.started = time.monotonic()
        self.machines = []

    def alive(self):
        return self.ingotd is not None and self.ingotd.poll() is None

    def start_images(self):
        folder = os.path.dirname(os.path.abspath(self.image))
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
        http.server.SimpleHTTPRequestHandler.log_message = lambda *_: None
        server = http.server.ThreadingHTTPServer((HOST, IMAGES), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def start_conductor(self):
        path = os.path.join(self.dir, "ingot.conf")
        with open(path, "w") as f:
            f.write(self.conf)
        log = open(os.path.join(self.dir, "ingotd.log"), "w")
        self.ingotd = subprocess.Popen([os.path.join(TOP, "build/ingotd"), "--config", path], stdout=log,
                                       stderr=log, stdin=subprocess.DEVNULL, preexec_fn=with_parent)

        def answers():
            if not self.alive():
                raise RuntimeError("ingotd ended: " + open(log.name).read()[-2000:])
            try:
                return get("/v1/")
            except (urllib.error.URLError, OSError):
                return None
        wait_for(answers, 20, "the conductor to answer")

    def import_rack(self):
        csv = os.path.join(self.dir, "rack.csv")
        subprocess.run([os.path.join(TOP, "build/ingot"), "rack", "import", csv], check=True,
                       stdout=subprocess.DEVNULL if self.quiet else None,
                       env=dict(os.environ, INGOT_URL=API))
        with open(csv) as f:
            head = f.readline().strip().split(",")
            rows = [dict(zip(head, line.strip().split(","))) for line in f if line.strip()]
        self.machines = [Machine(self, row["name"], row["boot_mode"]) for row in rows]

    def line(self, machine, row):
        progress = row.get("progress") or {}
        text = "%-8s %-5s %-11s %-15s" % (machine.name, machine.firmware, machine.doing,
                                          row.get("provision_state") or "")
        if progress.get("bytes_total") and progress.get("age_ms", 99999) < 3000:
            done, total = progress["bytes_done"], progress["bytes_total"]
            text += " %-10s %5.1f of %.1f MB, %.1f MB/s" % (progress.get("phase") or "", done / 1e6, total / 1e6,
                                                           progress.get("rate_bps", 0) / 1e6)
        elif machine.error:
            text += " " + machine.error
        elif machine.doing == "first boot":
            text += " waits for: the deployed system to report itself"
        elif row.get("waits_for"):
            text += " " + (machine.boot_step() or "waits for: " + row["waits_for"])
        return "%6.1f s  %s" % (time.monotonic() - self.started, text)

    def show(self, last):
        """Redraws on a terminal; prints only what changed elsewhere."""
        try:
            rows = {row["name"]: row for row in get("/ingot/v1/progress")["nodes"]}
        except (urllib.error.URLError, OSError):
            rows = {}
        lines = [self.line(m, rows.get(m.name, {})) for m in self.machines]
        if sys.stdout.isatty() and not self.quiet:
            if last:
                sys.stdout.write("\x1b[%dA" % len(lines))
            width = os.get_terminal_size().columns - 1
            for text in lines:
                sys.stdout.write("\x1b[2K" + text[:width] + "\n")
        elif not self.quiet:
            for text, old in zip(lines, last or [""] * len(lines)):
                if text[10:70].split("%")[0] != old[10:70].split("%")[0]:
                    print(text)
        sys.stdout.flush()
        return lines

    def run(self):
        self.start_images()
        self.start_conductor()
        self.started = time.monotonic()
        self.import_rack()
        for machine in self.machines:
            machine.thread.start()
        shown = None
        while any(m.thread.is_alive() for m in self.machines) and self.alive():
            shown = self.show(shown)
            time.sleep(0.3)
        self.show(shown)
        return self.finish()

    def finish(self):
        machines = [m.report() for m in self.machines]
        with open(os.path.join(self.dir, "report.json"), "w") as f:
            json.dump({"machines": machines}, f, indent=2)
            f.write("\n")
        names = ("manage", "inspect", "clean", "deploy", "first_boot")
        print("\n%-8s %-5s %-10s" % ("machine", "boot", "state") + "".join("%11s" % n for n in names) + "%11s" % "total")
        for m in machines:
            print("%-8s %-5s %-10s" % (m["name"], m["firmware"], m["state"]) +
                  "".join("%9.1f s" % m["phases_s"][n] if n in m["phases_s"] else "%11s" % "-" for n in names) +
                  ("%9.1f s" % m["total_s"] if m["total_s"] else "%11s" % "-"))
            if m["error"]:
                print("    " + m["error"])
        good = all(m["state"] == "active" and m["reported_name"] == m["name"] and m["nonce"] for m in machines)
        print("\nall machines run their systems" if good and machines else "\nNOT all machines got there; see " + self.dir)
        return 0 if good and machines else 1

    def stop(self):
        if self.alive():
            self.ingotd.terminate()
            try:
                self.ingotd.wait(15)
            except subprocess.TimeoutExpired:
                self.ingotd.kill()


def inside(args):
    demo = Demo(args)
    try:
        return demo.run()
    except RuntimeError as problem:
        print("demo: %s" % problem, file=sys.stderr)
        return 1
    finally:
        demo.stop()


def write_rows(path, lines, only):
    """The rack as a CSV file; of one machine when its name is given."""
    at = lines[0].split(",").index("name")
    kept = [line for line in lines[1:] if only in (None, line.split(",")[at])]
    if not kept:
        raise RuntimeError("the rack has no machine " + str(only))
    with open(path, "w") as f:
        f.write("\n".join([lines[0], *kept]) + "\n")


def wait_both(child, rack, log):
    """The child's exit status; without a rack there is nothing to wait for."""
    while True:
        try:
            return child.wait(0.2)
        except subprocess.TimeoutExpired:
            if rack.poll() is not None:
                raise RuntimeError("the rack ended, see " + log) from None


def outside(args):
    """Starts the rack, then this program again in the rack's namespace."""
    netns = "ingot-demo-%d" % os.getpid()
    os.makedirs(args.dir, exist_ok=True)
    for name in os.listdir(args.dir):
        if name.startswith(("ingot", "report")):
            os.unlink(os.path.join(args.dir, name))
    vrack = [os.path.join(TOP, "build/ingot-vrack")]
    log = open(os.path.join(args.dir, "rack.log"), "w")
    rack = subprocess.Popen(vrack + ["up", args.rack, "--dir", args.dir + "/rack", "--netns", netns],
                            stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL, text=True,
                            preexec_fn=with_parent)
    child = None
    try:
        if "ready" not in (rack.stdout.readline() or ""):
            raise RuntimeError("the rack did not start, see " + log.name)
        rows = subprocess.run(vrack + ["csv", args.rack], stdout=subprocess.PIPE, text=True, check=True).stdout
        write_rows(os.path.join(args.dir, "rack.csv"), rows.splitlines(), args.only)
        child = subprocess.Popen(["ip", "netns", "exec", netns, sys.executable, os.path.abspath(__file__), "--inside",
                                  "--dir", args.dir, "--image", args.image, "--conf", args.conf or ""]
                                 + (["--quiet"] if args.quiet else []), preexec_fn=with_parent)
        return wait_both(child, rack, log.name)
    except RuntimeError as problem:
        print("demo: %s" % problem, file=sys.stderr)
        return 1
    finally:
        for process in (child, rack):
            if process and process.poll() is None:
                process.terminate()
        for process in (child, rack):
            if process:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()


def interrupted(*_):
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)  # a second one does not disturb the cleaning
    sys.exit(130)


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rack", default=os.path.join(TOP, "tests/vrack/racks/demo.rack"))
    parser.add_argument("--only", metavar="NAME", help="one machine of the rack")
    parser.add_argument("--dir", default=os.path.join(TOP, "build/demo"))
    parser.add_argument("--image", default=os.path.join(TOP, "build/system/system.img.zst"))
    parser.add_argument("--conf", help="more lines for ingot.conf")
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("demo: makes network namespaces, which needs root")
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, interrupted)
    return inside(args) if args.inside else outside(args)


if __name__ == "__main__":
    sys.exit(main())
