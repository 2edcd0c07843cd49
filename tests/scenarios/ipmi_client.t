#!/usr/bin/env python3
"""Judges the IPMI client against two BMCs that share no code with it: Debian's ipmi_sim (cipher suite 3)
and ingot-bmcd (3 and 17), which in turn is judged by ipmitool and FreeIPMI. TAP output; loopback
only, no root. Programs are those of $VARIANT. `ipmi_client.t NAME...` runs only the named parts."""
import atexit
import ctypes
import errno
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vracklib import end_cleanly  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OBJ = os.path.join(ROOT, "build/obj", os.environ.get("VARIANT") or "release")
BMCD = os.environ.get("INGOT_BMCD") or os.path.join(OBJ, "tests/bmc/ingot-bmcd")
CLIENT = os.path.join(OBJ, "tests/bench/ipmi_status")
PASSWORD = "secret123"
PORT = 20000 + os.getpid() % 10000
# A net of its own in 127/8, so that two runs do not meet.
NET = f"127.{64 + os.getpid() % 64}.{os.getpid() // 64 % 256}"
numbers = itertools.count(1)
failures = []
scratch = tempfile.mkdtemp(prefix="ipmiclient.")
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
processes = []


def ok(good, what, *details):
    print(f"{'' if good else 'not '}ok {next(numbers)} - {what}", flush=True)
    if not good:
        failures.append(what)
        for d in details:
            print("#   " + str(d).strip().replace("\n", "\n#   "), flush=True)
    return good


def same(got, want, what, *details):
    return ok(got == want, what, f"got  {got!r}", f"want {want!r}", *details)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def stop(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@atexit.register
def stop_all():
    for p in processes:
        stop(p)


def write(name, text, mode=0o600):
    path = os.path.join(scratch, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as f:
        f.write(text)
    return path


class Bmcd:
    """A farm of emulated BMCs; users are (name, password, privilege)."""

    def __init__(self, *options, count=1, users=(("admin", PASSWORD, "admin"),), address=NET + ".1"):
        self.address = address
        path = os.path.join(scratch, f"control{len(processes)}")
        listen = f"[{address}]" if ":" in address else address
        words = [BMCD, "--listen", f"{listen}:{PORT}", "--count", str(count), "--control", path, *options]
        if count > 1:
            words += ["--step", "address"]
        for i, (name, password, privilege) in enumerate(users):
            words += ["--user", name, "--password-file", write(f"pw{i}", password + "\n"),
                      "--privilege", privilege]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        processes.append(self.process)
        if not self.process.stdout.readline().startswith("ready"):
            raise RuntimeError("ingot-bmcd did not start")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r")

    def __call__(self, op, **more):
        self.socket.sendall((json.dumps({"op": op, **more}) + "\n").encode())
        reply = json.loads(self.lines.readline())
        if not reply["ok"]:
            raise RuntimeError(reply)
        return reply

    def fault(self, bmc="all", **faults):
        self("fault", bmc=bmc, set=faults)

    def client(self, **options):
        if "count" in options:
            options["step_address"] = True
        return client(address=self.address, port=PORT, **{"user": "admin", "password": PASSWORD, **options})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        stop(self.process)


def client(**options):
    words = [CLIENT]
    for name, value in options.items():
        words.append("--" + name.replace("_", "-"))
        if value is not True:
            words.append(str(value))
    p = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    if not p.stdout:
        raise RuntimeError(f"{words}: {p.returncode} {p.stderr}")
    report = json.loads(p.stdout)
    if report["callbacks_inside"]:
        ok(False, "no completion comes inside the call that starts it")
    return report


def all_ok(r, what):
    return ok(r["failed"] == 0 and r["ok"] == r["bmcs"], what, r)


def fails(r, code, words, what):
    e = r["errors"][0] if r["errors"] else {"code": 0, "text": ""}
    return ok(e["code"] == code and all(w in e["text"] for w in words), what, r)


def part_suites():
    with Bmcd("--on") as b:
        for suite in (3, 17):
            r = b.client(suite=suite)
            ok(r["ok"] == 1 and r["cipher_suite"] == suite and r["result"]["power_on"],
               f"power status by suite {suite}", r)
        same(b.client()["cipher_suite"], 17, "17 is preferred")
        same(b.client()["sent"], 5, "power status as a user takes five packets: open, RAKP 1 and 3, ask, close")
        same(b.client(keep=50, rounds=3)["sent"], 3 + 3, "a kept session takes one packet a time")
    with Bmcd("--on", "--cipher", "3") as b:
        r = b.client()
        ok(r["ok"] == 1 and r["cipher_suite"] == 3 and r["retransmitted"] == 0,
           "3 is found at once where 17 is off", r)
        same(b.client(rounds=2)["sent"], 6 + 5, "and remembered")
        fails(b.client(suite=17), errno.ENOTSUP, ["17", "ipmi_cipher_suite"], "17 alone is refused clearly")


def part_commands():
    with Bmcd() as b:
        for op, on in (("on", True), ("off", False), ("on", True)):
            all_ok(b.client(op=op), f"power {op}")
            same(b("state")["power"], on, "and the machine follows")
            same(b.client()["result"]["power_on"], on, "and the status says so")
        for op in ("cycle", "reset", "diag", "soft", "device-id", "guid", "identify:5", "bmc-reset"):
            all_ok(b.client(op=op), op)
            if op == "bmc-reset":
                time.sleep(2.2)
        counters = b("state")["counters"]
        ok(counters["reset"] >= 1 and counters["nmi"] == 1 and counters["soft"] == 1,
           "reset, diag and soft reached the machine", counters)
        r = b.client(op="raw:6:1")
        ok(r["result"]["data"][8:10] == "02", "raw Get Device ID says IPMI 2.0", r)
        r = b.client(op="raw:6:ee")
        ok(r["result"]["cc"] == 0xC1 and r["errors"][0]["code"] == errno.ENOSYS, "an unknown command is C1", r)


def part_boot():
    # Boot flags by IPMI 2.0 table 28-14, parameter 5: valid 80, persistent 40, EFI 20; device << 2.
    rows = (("pxe", "8004"), ("pxe:persistent", "c004"), ("pxe:efi", "a004"), ("disk:persistent:efi", "e008"),
            ("cdrom", "8014"), ("bios:efi", "a018"), ("safe", "800c"), ("none", "8000"))
    with Bmcd() as b:
        for device, raw in rows:
            r = b.client(op="boot-set:" + device)
            all_ok(r, f"boot device {device}")
            same(b("state")["boot_flags"][:4], raw, "has the bits of the specification")
        b.client(op="boot-set:pxe:persistent:efi")
        r = b.client(op="boot-get")["result"]
        ok(r["device"] == "pxe" and r["valid"] and r["persistent"] and r["efi"], "and reads back", r)
        b.fault(no_boot_param_3=1)
        all_ok(b.client(op="boot-set:pxe"), "a BMC without parameter 3 is forgiven")
        b.fault(forget_boot_flags=1)
        fails(b.client(op="boot-set:disk"), errno.ESTALE, ["wrote disk", "reads back"],
              "boot flags that are forgotten are noticed")


def part_login():
    users = (("admin", PASSWORD, "admin"), ("oper", "operpass", "operator"), ("look", "lookpass", "user"),
             ("long", "twenty-bytes-exactly", "admin"))
    with Bmcd(users=users) as b:
        for suite in (3, 17):
            fails(b.client(suite=suite, password="wrong"), errno.EKEYREJECTED, ["RAKP 2", "ipmi_password"],
                  f"suite {suite}: wrong password")
            fails(b.client(suite=suite, user="nobody"), errno.ENOKEY, ["0Dh", "as nobody"], "unknown user")
            all_ok(b.client(suite=suite, user="long", password="twenty-bytes-exactly"), "password of 20 bytes")
        fails(b.client(user="oper", password="operpass"), errno.EACCES, ["level 4", "ipmi_priv_level"],
              "a level above the user's is refused")
        all_ok(b.client(user="oper", password="operpass", privilege=3, op="on"), "an operator powers on")
        fails(b.client(user="look", password="lookpass", privilege=2, op="off"), errno.EACCES, ["D4h"],
              "a user does not power off")
        all_ok(b.client(user="look", password="lookpass", privilege=2), "but reads the status")
        ok(b("state")["open_sessions"] == 0, "no session is left behind", b("state"))
    kg = write("kg", "k_g of rack 12\n")
    with Bmcd("--kg-file", kg) as b:
        for suite in (3, 17):
            all_ok(b.client(suite=suite, kg=b"k_g of rack 12".hex()), f"suite {suite}: K_g")
            fails(b.client(suite=suite, kg="0102"), errno.EKEYREVOKED, ["RAKP 4", "ipmi_hex_kg_key"], "wrong K_g")


def part_silence():
    quick = {"tries": 2, "first_timeout": 50}
    r = client(address=NET + ".9", port=PORT, tries=4)
    fails(r, errno.ECONNREFUSED, [f"{NET}.9:{PORT}", "ipmi_port"], "nothing listens")
    ok(r["rounds"][0]["wall_ms"] < 2000, "which is known at once", r)
    with Bmcd("--on", count=100) as b:
        b.fault(bmc=[0, 19], silent=1)
        r = b.client(count=100, **quick)
        ok(r["ok"] == 80 and r["failed"] == 20, "20 silent BMCs do not disturb the other 80", r)
        fails(r, errno.ETIMEDOUT, ["no answer to anything"], "and are called silent")
        r = b.client(count=100, rounds=5, **quick)
        ok(r["circuits_open"] == 20 and r["ok"] == 80, "after three failures sweeps leave them alone", r)
        ok(r["rounds"][4]["wall_ms"] < r["rounds"][0]["wall_ms"], "and take no longer for them", r["rounds"])
        r = b.client(count=20, rounds=5, command=True, **quick)
        ok(all("not asked" not in e["text"] for e in r["errors"]), "while a command asks each time", r)
        b("clear", bmc="all")
        all_ok(b.client(count=100, **quick), "and come back")
        b.fault(bmc=[0, 0], silent=1)
        r = b.client(deadline=100, first_timeout=10000)
        fails(r, errno.ETIME, ["opening a session"], "a deadline ends a request")
    # Something that answers ASF pings only: a presence pong, ASF 2.0 3.2.4.3.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((NET + ".7", PORT))
        s.settimeout(0.05)
        p = subprocess.Popen([CLIENT, "--address", NET + ".7", "--port", str(PORT), "--tries", "3",
                              "--first-timeout", "50"], stdout=subprocess.PIPE, text=True)
        processes.append(p)
        while p.poll() is None:
            try:
                data, peer = s.recvfrom(512)
            except TimeoutError:
                continue
            if data[3] == 6:
                s.sendto(bytes.fromhex("0600ff06000011be40") + data[9:10]
                         + bytes.fromhex("0010000011be000000008100000000000000"), peer)
        fails(json.loads(p.stdout.read()), errno.EPROTONOSUPPORT, ["ping"], "answers ping, not RMCP+")


def part_bad_network():
    for fault in ({"drop_nth": 5}, {"drop_reply_nth": 5}, {"duplicate": 1}, {"reorder": 1}, {"garbage_nth": 3},
                  {"delay_ms": 120}, {"rakp_delay_ms": 300}):
        with Bmcd("--on", count=30) as b:
            b.fault(**fault)
            r = b.client(count=30, tries=8, first_timeout=100, rounds=2, keep=50)
            all_ok(r, f"30 BMCs with {fault}")
    with Bmcd("--on") as b:
        b.fault(drop_reply_nth=2)
        all_ok(b.client(op="reset", tries=8, first_timeout=100), "reset with every second answer lost")
        same(b("state")["counters"]["reset"], 1, "is carried out once")


def part_moods():
    with Bmcd("--on") as b:
        b.fault(busy_nth=2)
        all_ok(b.client(op="boot-set:pxe"), "node busy is asked again")
        b.fault(busy_nth=1)
        fails(b.client(busy_tries=3), errno.EBUSY, ["C0h", "each time"], "unless it stays busy")
    with Bmcd("--on") as b:
        b.fault(slots_full=1)
        fails(b.client(busy_tries=3), errno.EUSERS, ["no resources", "close other sessions"], "no session slots")
        b("clear")
        b.fault(off_when_off=1)
        all_ok(b.client(op="off"), "off")
        all_ok(b.client(op="off"), "off when it is off succeeds, though the BMC says D5")
        same(b.client(op="cycle")["failed"] in (0, 1), True, "cycle when off ends as the BMC says")
    with Bmcd("--on") as b:
        b.fault(session_requests=1)
        r = b.client(rounds=3, keep=50)
        all_ok(r, "a session the BMC forgot is replaced")
        ok(all(x["failed"] == 0 for x in r["rounds"]), "each time", r)
    with Bmcd("--on") as b:
        same(b.client(keep=1, rounds=2, rest=1800)["sent"], 4 + 1 + 4, "a kept session is closed when its time is over")
        r = b.client(op="bmc-reset", keep=50, rounds=2, rest=2500)
        ok(all(x["failed"] == 0 for x in r["rounds"]), "a reset BMC has forgotten its session, and we know", r)
    with Bmcd("--on", "--idle-s", "1") as b:
        r = b.client(op="reset", keep=50, rounds=2, rest=3300)
        ok(all(x["failed"] == 0 for x in r["rounds"]), "a reset in a session that the BMC dropped while idle", r)
        same(b("state")["counters"]["reset"], 2, "is carried out once each time")
    with Bmcd("--on") as b:
        b.fault(freeze_gap_ms=20, freeze_ms=60000)
        all_ok(b.client(op="boot-set:pxe", gap=40), "a BMC that freezes when asked too fast, with a gap")
    with Bmcd("--on") as b:
        b.fault(freeze_gap_ms=50, freeze_ms=1500)
        r = b.client(op="boot-set:pxe", keep=50, rounds=4)
        ok(all(x["failed"] == 0 for x in r["rounds"]), "without one, each request succeeds all the same", r)
        ok(r["freezes"] >= 1 and r["learned_gap_ms"] >= 200, "the freeze is noticed and a gap is learned", r)
        again = b.client(op="boot-set:pxe", keep=50, rounds=4)
        ok(again["rounds"][3]["wall_ms"] < 1450 and again["freezes"] == 1, "which keeps it from freezing again", again)


def part_names():
    with Bmcd("--on", address="127.0.0.1") as b:
        b.address = "localhost"
        all_ok(b.client(), "a host name")
    if os.path.exists("/proc/net/if_inet6"):
        with Bmcd("--on", address="::1") as b:
            all_ok(b.client(), "IPv6")
            fails(b.client(user="nobody"), errno.ENOKEY, [f"[::1]:{PORT}"], "its address stands in brackets")


LAN_CONF = """name "bmcA"
set_working_mc 0x20
  startlan 1
    addr {net}.5 {port}
    priv_limit admin
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    lan_config_program "{scratch}/lanctl"
  endlan
  chassis_control "{scratch}/chassisctl"
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "admin" "secret123" admin 10 none md2 md5 straight
"""
EMU = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""
# ipmi_sim asks it for power and boot device: PROGRAM get|set|check NAME [VALUE]...
CHASSIS = """#!/bin/sh
op=$1; shift
case $op in
get) for p in "$@"; do case $p in
	power) echo power:$(cat {scratch}/power 2>/dev/null || echo 0);;
	boot) echo boot:$(cat {scratch}/boot 2>/dev/null || echo default);;
	*) exit 1;; esac; done;;
*) while [ $# -gt 0 ]; do case $1 in power|boot) echo $2 >{scratch}/$1;; esac; shift 2; done;;
esac
exit 0
"""


def wait_for_sim():
    """Until it answers a Get Channel Authentication Capabilities (IPMI 2.0, 22.13)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(0.1)
        s.connect((NET + ".5", PORT))
        for _ in range(100):
            try:
                s.send(bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5"))
                return s.recv(100)
            except OSError:
                time.sleep(0.1)
    raise RuntimeError("ipmi_sim does not answer")


def part_ipmi_sim():
    sim = shutil.which("ipmi_sim")
    if not sim:
        ok(True, "ipmi_sim # SKIP the package openipmi is not installed")
        return
    write("lanctl", "#!/bin/sh\nexit 0\n", 0o700)
    write("chassisctl", CHASSIS.format(scratch=scratch), 0o700)
    os.mkdir(os.path.join(scratch, "state"))
    p = subprocess.Popen(
        [sim, "-c", write("lan.conf", LAN_CONF.format(net=NET, port=PORT, scratch=scratch)), "-f",
         write("bmc.emu", EMU), "-s", os.path.join(scratch, "state"), "-n"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=die_with_parent)
    processes.append(p)
    wait_for_sim()

    def run(**options):
        return client(address=NET + ".5", port=PORT, **{"user": "admin", "password": PASSWORD, **options})

    r = run()
    ok(r["ok"] == 1 and r["cipher_suite"] == 3 and r["retransmitted"] == 0,
       "ipmi_sim refuses 17, so 3 is taken at once", r)
    for op, on in (("on", True), ("off", False)):
        all_ok(run(op=op), f"ipmi_sim: power {op}")
        same(run()["result"]["power_on"], on, "and its status says so")
    r = run(op="device-id")["result"]
    # The numbers of its configuration (EMU): mc_add ... 0x23 9 8 0x9f 0x1291 0xf02
    same((r["manufacturer_id"], r["product_id"], r["firmware_major"]), (0x1291, 0xF02, 9), "its device id", r)
    ok("a1234567" in run(op="guid")["result"]["guid"], "its GUID")
    all_ok(run(keep=50, rounds=5), "a kept session")
    fails(run(password="wrong"), errno.EKEYREJECTED, ["RAKP 2"], "wrong password")
    fails(run(user="nobody"), errno.ENOKEY, ["0Dh"], "unknown user")
    # It keeps the device and forgets every other bit, among them "valid": seen with ipmitool too.
    r = run(op="boot-set:pxe")
    fails(r, errno.ESTALE, ["reads back pxe, not valid"], "its forgotten boot flags are noticed")
    all_ok(run(op="boot-set:pxe", quirks=8), "and overlooked with the quirk")
    stop(p)


def main():
    parts = {n[5:]: f for n, f in globals().items() if n.startswith("part_")}
    for name in sys.argv[1:] or parts:
        print(f"# {name}", flush=True)
        parts[name]()
    print(f"1..{next(numbers) - 1}")
    return 1 if failures else 0


if __name__ == "__main__":
    end_cleanly()
    sys.exit(main())
