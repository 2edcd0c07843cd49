#!/usr/bin/env python3
"""The virtual rack behaves like servers: power and boot order go through the BMC only, firmware looks
at the boot flags at every start, and whatever ends the rack, nothing of it stays behind. ipmitool is
the client; programs of one disk sector stand for operating systems."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from vracklib import Rack, Tap, VRACK, need_root, wait_for  # noqa: E402

RACK = """
[rack]
name = t
[network]
subnet = 10.79.0.0/24
ipv6 = fd79::/64
[defaults]
memory = 256M
bmc_user = admin
bmc_password_file = {dir}/password
[machine bios]
disk = virtio size=64M
bmc_address = 10.79.1.1
serial = SN-BIOS
[machine uefi]
firmware = uefi
disk = nvme size=64M
bmc_address = 10.79.1.2
bmc_suites = 17
"""
BIOS, UEFI = "10.79.1.1", "10.79.1.2"

# Real-mode programs: ACPI S5 by the PM1a control register at 0x604, reset by the keyboard controller.
POWER_OFF = bytes.fromhex("ba0406b80020eff4ebfd")
ECHO = bytes.fromhex("fabafd03eca80174f8baf803eceeebf1")  # what comes at the first serial port goes back
RESET = bytes.fromhex("b0fee664f4ebfd")
TRIES_NETWORK = r"Configuring \(net0"
TRIES_DISK = r"Booting from Hard Disk"


class TestRack(Rack):
    def __init__(self):
        super().__init__(RACK, "vt")
        with open(self.scratch + "/password", "w") as f:
            f.write("secret-1\n")
        self.seen = 0

    def boot_sector(self, code):
        with open(self.vrack("disk", "bios")[1].strip(), "r+b") as f:
            f.write(code.ljust(510, b"\0") + b"\x55\xaa")

    def mark(self):
        self.seen = len(self.console("bios"))

    def shows(self, pattern, limit_s=40, machine="bios"):
        return self.wait_console(machine, pattern, limit_s, self.seen if machine == "bios" else 0)

    def first_try(self):
        """What the BIOS machine tries first since mark()."""
        m = self.shows("(%s)|(%s)" % (TRIES_NETWORK, TRIES_DISK))
        return None if not m else "network" if m.group(1) else "disk"

    def processes(self):
        """Processes in the rack's network namespace."""
        found = []
        try:
            want = os.stat("/run/netns/" + self.netns).st_ino
        except FileNotFoundError:
            return found
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.stat("/proc/%s/ns/net" % pid).st_ino == want:
                    found.append(int(pid))
            except OSError:
                pass
        return found

    def children_of(self, pid):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            return [int(p) for p in f.read().split()]


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def mounted(netns):
    with open("/proc/self/mountinfo") as f:
        return [l for l in f if "/run/netns/" + netns + " " in l]


def check_gone(tap, rack, pids, what):
    tap.ok(wait_for(lambda: not any(alive(p) for p in pids), 20), "%s: no process stays" % what, pids)
    tap.ok(wait_for(lambda: not os.path.exists("/run/netns/" + rack.netns), 20), "%s: no namespace stays" % what)
    tap.equal(mounted(rack.netns), [], "%s: no mount stays" % what)
    tap.ok(wait_for(lambda: not os.path.exists(rack.dir + "/control.sock"), 5), "%s: no control socket stays" % what)


def test_up(tap, rack):
    status = rack.status()
    tap.equal([(m["name"], m["power"]) for m in status["machines"]], [("bios", "off"), ("uefi", "off")],
              "the rack comes up with all machines off")
    tap.equal(rack.power(BIOS), "off", "its BMCs answer with cipher suite 3")
    tap.equal(rack.power(UEFI, suite=17), "off", "and with cipher suite 17")
    tap.ok(rack.ipmi(UEFI, "power", "status", suite=3)[0] != 0, "a suite that the rack file leaves out is refused")
    tap.ok(rack.ipmi(BIOS, "power", "status", password="wrong")[0] != 0, "a wrong password is refused")
    addresses = subprocess.run(rack.inside("ip", "-br", "address"), stdout=subprocess.PIPE, text=True).stdout
    tap.ok("10.79.0.1/24" in addresses and "fd79::1/64" in addresses, "the host has its addresses", addresses)
    tap.ok(re.search(r"^lo .*127\.0\.0\.1/8", addresses, re.M), "loopback is up", addresses)
    tap.ok(rack.vrack("csv")[1].splitlines()[1].endswith(",bios,SN-BIOS"), "csv finds the rack file of a running rack")
    again = subprocess.run([VRACK, "up", rack.file, "--dir", rack.dir, "--netns", rack.netns + "b"],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    tap.ok(again.returncode == 1 and "runs in" in again.stdout, "a second rack in the folder is refused", again.stdout)


def test_boot_order(tap, rack):
    rack.boot_sector(b"\xf4\xeb\xfd")  # waits
    rack.mark()
    rack.ipmi(BIOS, "power", "on")
    tap.equal(rack.first_try(), "network", "a machine left alone tries the network first")
    rack.ipmi(BIOS, "power", "soft")
    tap.equal(rack.power(BIOS), "on", "a soft shutdown changes nothing when no system listens")

    rack.ipmi(BIOS, "chassis", "bootdev", "disk")
    tap.equal(rack.status("bios")["boot_override"], {"device": "disk", "efi": False, "persistent": False},
              "status shows the override that waits")
    rack.mark()
    rack.ipmi(BIOS, "power", "reset")
    tap.equal(rack.first_try(), "disk", "an override to disk holds for the reset")
    tap.equal(rack.status("bios")["boot_override"], None, "and is used up")
    tap.equal(rack.status("bios")["last_boot"]["device"], "disk", "status shows what the boot tried first")
    rack.mark()
    rack.ipmi(BIOS, "power", "cycle")
    tap.equal(rack.first_try(), "network", "the next boot is in the machine's own order")

    rack.ipmi(BIOS, "chassis", "bootdev", "disk", "options=persistent")
    for action in ("reset", "cycle"):
        rack.mark()
        rack.ipmi(BIOS, "power", action)
        tap.equal(rack.first_try(), "disk", "a persistent override holds at a " + action)
    rack.ipmi(BIOS, "chassis", "bootdev", "none")
    rack.ipmi(BIOS, "power", "off")
    tap.ok(wait_for(lambda: rack.power(BIOS) == "off", 10), "power off")


def test_guest(tap, rack):
    rack.boot_sector(POWER_OFF)
    rack.ipmi(BIOS, "chassis", "bootdev", "disk")
    rack.mark()
    rack.ipmi(BIOS, "power", "on")
    tap.equal(rack.first_try(), "disk", "the system on the disk starts")
    tap.ok(wait_for(lambda: rack.power(BIOS) == "off", 20), "and shows as off when it has switched itself off")
    rack.boot_sector(RESET)
    rack.ipmi(BIOS, "chassis", "bootdev", "disk")
    rack.mark()
    rack.ipmi(BIOS, "power", "on")
    tap.ok(rack.shows(TRIES_DISK + r"[\s\S]*" + TRIES_NETWORK),
           "a system that reboots gets the machine's own order when the override was for once", rack.console("bios"))
    tap.equal(rack.power(BIOS), "on", "and the power stays on")
    rack.ipmi(BIOS, "power", "off")


def test_uefi(tap, rack):
    rack.ipmi(UEFI, "power", "on", suite=17)
    tap.ok(rack.shows(r">>Start PXE over IPv4", 90, "uefi"), "UEFI tries the network first", rack.console("uefi"))
    before = len(rack.console("uefi"))
    tap.ok("NVMe" not in rack.console("uefi"), "and not the disk")
    rack.ipmi(UEFI, "chassis", "bootdev", "disk", "options=efiboot", suite=17)
    tap.equal(rack.status("uefi")["boot_override"], {"device": "disk", "efi": True, "persistent": False},
              "the EFI bit arrives")
    rack.ipmi(UEFI, "power", "reset", suite=17)
    m = rack.wait_console("uefi", r"(NVMe)|(>>Start PXE)", 90, before)
    tap.ok(m and m.group(1), "UEFI tries the disk first after an override", rack.console("uefi")[before:])


def test_console(tap, rack):
    """Serial over LAN is the console that the log is of."""
    rack.boot_sector(ECHO)
    rack.ipmi(BIOS, "chassis", "bootdev", "disk")
    said = os.path.join(rack.scratch, "sol")
    with open(said, "wb") as f:
        sol = rack.spawn("ipmitool", "-I", "lanplus", "-C", "3", "-H", BIOS, "-U", "admin", "-E", "sol", "activate",
                         stdin=subprocess.PIPE, stdout=f, stderr=f, env=dict(os.environ, IPMI_PASSWORD="secret-1"))

    def shown(pattern):
        def look():
            with open(said, "rb") as f:
                return re.search(pattern, f.read().decode("utf-8", "replace"))
        return wait_for(look, 40)

    tap.ok(wait_for(lambda: rack.ipmi(BIOS, "raw", "6", "0x4a", "1")[1] == "01 01 00", 20),
           "SOL is active while the machine is off")
    rack.mark()
    rack.ipmi(BIOS, "power", "on")
    tap.ok(shown(TRIES_DISK), "SOL shows the firmware")
    tap.ok(rack.shows(TRIES_DISK), "and the log has it as well")
    sol.stdin.write(b"typed over SOL")
    sol.stdin.flush()
    tap.ok(shown("typed over SOL"), "the system answers what is typed over SOL")
    tap.ok(rack.shows("typed over SOL"), "and the log has that")
    status, out = rack.vrack("type", "bios", "typed at the rack")
    tap.ok(status == 0 and shown("typed at the rack"), "ingot-vrack types beside it", out)
    sol.stdin.write(b"\n~.")
    sol.stdin.close()
    tap.equal(sol.wait(20), 0, "SOL ends")
    rack.ipmi(BIOS, "power", "off")
    tap.ok(wait_for(lambda: rack.vrack("type", "bios", "x")[0] == 1, 10), "a machine that is off takes no typing")


def test_fault(tap, rack):
    status, out = rack.vrack("fault", "bios", "silent", "1")
    tap.ok(status == 0 and rack.ipmi(BIOS, "power", "status")[0] != 0, "a BMC can be made silent", out)
    rack.vrack("fault", "bios", "silent", "0")
    tap.equal(rack.power(BIOS), "off", "and talk again")
    status, out = rack.vrack("fault", "bios", "nonsense", "1")
    tap.ok(status == 1 and "nonsense" in out, "a fault that does not exist is refused", out)
    status, out = rack.vrack("fault", "nobody", "silent", "1")
    tap.ok(status == 1 and "nobody" in out, "a machine that does not exist is refused", out)


def test_ends(tap, rack):
    pids = rack.processes() + rack.children_of(rack.up.pid)
    tap.ok(len(pids) >= 3, "rack, QEMU and watchdog run", pids)
    rack.up.send_signal(signal.SIGTERM)
    tap.equal(rack.up.wait(30), 0, "SIGTERM ends the rack")
    check_gone(tap, rack, pids, "SIGTERM")

    rack.start()
    rack.ipmi(UEFI, "power", "on", suite=17)
    pids = rack.processes() + rack.children_of(rack.up.pid)
    rack.up.kill()
    rack.up.wait()
    check_gone(tap, rack, pids, "kill -9")

    rack.start()
    rack.ipmi(UEFI, "power", "on", suite=17)
    pids = rack.processes() + rack.children_of(rack.up.pid)
    for pid in set(pids) - {rack.up.pid}:
        os.kill(pid, signal.SIGKILL)
    rack.up.kill()
    rack.up.wait()
    tap.ok(os.path.exists("/run/netns/" + rack.netns), "without its watchdog a killed rack leaves its namespace")
    rack.start()
    tap.equal(rack.power(BIOS), "off", "the next start cleans that and goes on")
    pids = rack.processes()
    tap.equal(rack.vrack("down")[0], 0, "down ends the rack")
    rack.up.wait(30)
    check_gone(tap, rack, pids, "down")
    tap.equal(rack.vrack("down")[0], 0, "down of a rack that is down is fine")
    tap.equal(rack.vrack("status")[0], 1, "status of a rack that is down is a failure")


def main():
    tap = Tap()
    need_root(tap)
    bad = subprocess.run([VRACK, "csv", "/dev/stdin"], input="[rack]\nnmae = x\n", stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    tap.ok(bad.returncode == 1 and "/dev/stdin:2: " in bad.stdout, "a mistake in a rack file names its line", bad.stdout)
    with TestRack() as rack:
        test_up(tap, rack)
        test_fault(tap, rack)
        test_boot_order(tap, rack)
        test_guest(tap, rack)
        test_console(tap, rack)
        test_uefi(tap, rack)
        test_ends(tap, rack)
    tap.done()


main()
