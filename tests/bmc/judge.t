#!/usr/bin/env python3
"""Judges the BMC emulator by clients that are not ours: ipmitool and FreeIPMI (TAP output).

Expected values are written by hand from the IPMI 2.0 specification and from what these tools print
against real BMCs. Runs on loopback without root. The program is $INGOT_BMCD, or the one that the
build of $VARIANT has made. `judge.t NAME...` runs only the named parts.
"""
import collections
import itertools
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BMCD = os.environ.get("INGOT_BMCD") or os.path.join(
    ROOT, "build/obj", os.environ.get("VARIANT") or "release", "tests/bmc/ingot-bmcd")
PASSWORD = "secret123"
LONG_PASSWORD = "twenty-bytes-exactly"  # 20 bytes, the most that IPMI 2.0 has
SUITES = ("3", "17")
numbers = itertools.count(1)
failures = []


def ok(good, what, *details):
    print(f"{'' if good else 'not '}ok {next(numbers)} - {what}", flush=True)
    if not good:
        failures.append(what)
        for d in details:
            print("#   " + str(d).strip().replace("\n", "\n#   "), flush=True)
    return good


def same(got, want, what, *details):
    return ok(got == want, what, f"got  {got!r}", f"want {want!r}", *details)


class Scratch:
    """A folder for this run's files; secrets reach the tools through files in it."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="bmcjudge.")
        self.count = itertools.count()

    def file(self, text):
        path = os.path.join(self.path, f"f{next(self.count)}")
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(text)
        return path

    def name(self):
        return os.path.join(self.path, f"s{next(self.count)}")

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Bmcd:
    """One running ingot-bmcd; users are (name, password, privilege)."""

    def __init__(self, *options, users=(("admin", PASSWORD, "admin"),), listen="127.0.0.1:0"):
        self.control_path = scratch.name()
        words = [BMCD, "--listen", listen, "--control", self.control_path]
        for name, password, privilege in users:
            words += ["--user", name, "--password-file", scratch.file(password + "\n"),
                      "--privilege", privilege]
        self.process = subprocess.Popen(words + list(options), stdout=subprocess.PIPE, text=True)
        ready = self.process.stdout.readline().split()
        if len(ready) != 3 or ready[0] != "ready":
            raise RuntimeError(f"ingot-bmcd did not start: {ready}")
        self.host, self.port = ready[1].rsplit(":", 1)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.control_path)
        self.lines = self.socket.makefile("r")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.lines.close()
        self.process.terminate()
        self.status = self.process.wait(timeout=20)
        self.process.stdout.close()

    def ask(self, op, **members):
        self.socket.sendall((json.dumps({"op": op, **members}) + "\n").encode())
        answer = json.loads(self.lines.readline())
        if not answer.get("ok"):
            raise RuntimeError(answer)
        return answer

    def count(self, name):
        return self.ask("state")["counters"][name]

    def ipmitool(self, suite, *words, user="admin", password=PASSWORD, options=(), timeout=30,
                 env=None):
        return run(self.ipmitool_command(suite, *options, *words, user=user, password=password), timeout, env)

    def ipmitool_command(self, suite, *words, user="admin", password=PASSWORD):
        return ["ipmitool", "-I", "lanplus", "-C", suite, "-H", self.host, "-p", self.port,
                "-U", user, "-f", scratch.file(password), *words]

    def freeipmi(self, tool, suite, *words, user="admin", password=PASSWORD, kg=None, timeout=60):
        return run(self.freeipmi_command(tool, suite, "-D", "LAN_2_0", *words, user=user, password=password, kg=kg),
                   timeout)

    def freeipmi_command(self, tool, suite, *words, user="admin", password=PASSWORD, kg=None):
        text = f"username {user}\npassword {password}\n" + (f"k_g {kg}\n" if kg else "")
        return [tool, f"--config-file={scratch.file(text)}", "-I", suite, "-h", f"{self.host}:{self.port}", *words]


class Result:
    def __init__(self, code, text):
        self.code, self.text = code, text

    def __str__(self):
        return f"exit {self.code}\n{self.text}"

    def value(self, key):
        """What stands behind "key :" in a tool's listing."""
        for line in self.text.splitlines():
            name, colon, value = line.partition(":")
            if colon and name.strip() == key:
                return value.strip()
        return None


def run(command, timeout, env=None):
    # ipmitool reads 4.7 MB of vendor names from HOME or the system; SDR caches stay in scratch
    p = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=timeout,
                       env={**os.environ, "HOME": scratch.path, "LC_ALL": "C", **(env or {})})
    return Result(p.returncode, p.stdout)


def says(r, text, what, code=0):
    ok(r.code == code and text in r.text, what, f"want exit {code} and {text!r}", r)


def refused(r, text, what):
    ok(r.code != 0 and text.lower() in r.text.lower(), what, f"want a failure with {text!r}", r)


def part_power():
    for c in SUITES:
        with Bmcd() as b:
            def power(word):
                return b.ipmitool(c, "chassis", "power", word)
            says(power("status"), "Chassis Power is off", f"suite {c}: off at first")
            says(power("on"), "Up/On", f"suite {c}: power on")
            says(power("status"), "Chassis Power is on", f"suite {c}: status says on")
            says(power("cycle"), "Cycle", f"suite {c}: power cycle")
            same((b.count("off"), b.count("on")), (1, 2), f"suite {c}: a cycle is off and on")
            says(power("reset"), "Reset", f"suite {c}: power reset")
            same((b.count("reset"), b.count("off")), (1, 1), f"suite {c}: a reset keeps power")
            says(power("diag"), "Diag", f"suite {c}: diagnostic interrupt")
            same(b.count("nmi"), 1, f"suite {c}: it came as NMI")
            says(power("soft"), "Soft", f"suite {c}: soft shutdown")
            says(power("status"), "Chassis Power is off", f"suite {c}: the system shut down")
            for word in ("cycle", "reset", "diag", "soft"):
                refused(power(word), "not supported in present state",
                        f"suite {c}: {word} needs power")
            says(power("off"), "Down/Off", f"suite {c}: off when off is no error")


def part_slow_power():
    with Bmcd("--off-ms", "400", "--on", "--ignore-soft") as b:
        b.ipmitool("17", "chassis", "power", "soft")
        says(b.ipmitool("17", "chassis", "power", "status"), "is on",
             "a system may ignore a soft shutdown")
        started = time.monotonic()
        b.ipmitool("17", "chassis", "power", "off")
        seen = b.ipmitool("17", "chassis", "power", "status").text
        if time.monotonic() - started < 0.35:
            ok("is on" in seen, "power is still on while it goes off", seen)
        deadline = time.monotonic() + 20
        while "is off" not in seen and time.monotonic() < deadline:
            seen = b.ipmitool("17", "chassis", "power", "status").text
        ok("is off" in seen, "and then it is off", seen)


# IPMI 2.0 table 28-14, parameter 5: device selector in bits 5:2 of the second byte
DEVICES = {"none": 0x00, "pxe": 0x04, "disk": 0x08, "safe": 0x0c, "diag": 0x10, "cdrom": 0x14,
           "bios": 0x18, "floppy": 0x3c}
# ... and what each option of ipmitool stands for
OPTIONS = {"valid": "8004000000", "persistent": "c004000000", "efiboot": "a004000000",
           "clear-cmos": "8084000000", "lockkbd": "8044000000", "screenblank": "8006000000",
           "lockoutreset": "8005000000", "lockout_power": "8004800000",
           "verbose=yes": "8004400000", "force_pet": "8004100000",
           "upw_bypass": "8004080000", "lockout_sleep": "8004040000",
           "cons_redirect=skip": "8004010000", "cons_redirect=enable": "8004020000",
           "efiboot,persistent": "e004000000",
           "persistent,efiboot,lockkbd,force_pet": "e044100000"}


def boot_flags(b, suite="17"):
    return b.ipmitool(suite, "chassis", "bootparam", "get", "5").value("Boot parameter data")


def part_boot_flags():
    with Bmcd() as b:
        for device, selector in DEVICES.items():
            b.ipmitool("17", "chassis", "bootdev", device)
            same(boot_flags(b), f"80{selector:02x}000000", f"bootdev {device} reads back")
        for option, want in OPTIONS.items():
            r = b.ipmitool("17", "chassis", "bootdev", "pxe", f"options={option}")
            same(boot_flags(b), want, f"bootdev pxe options={option} reads back", r)
        for c in SUITES:
            r = b.ipmitool(c, "chassis", "bootdev", "bios", "options=efiboot,persistent")
            says(r, "Set Boot Device to bios", f"suite {c}: bootdev with options")
            r = b.ipmitool(c, "chassis", "bootparam", "get", "5")
            ok(all(t in r.text for t in ("Boot Flag Valid", "all future boots", "BIOS EFI boot",
                                         "Force Boot into BIOS Setup")),
               f"suite {c}: ipmitool reads valid, persistent, EFI and BIOS set-up", r)
        b.ipmitool("17", "raw", "0", "8", "5", "0xe0", "0x3f", "0xff", "0x0f", "0x1f")
        same(boot_flags(b), "e03fff0f1f", "every bit that is defined is kept")


def part_boot_once():
    with Bmcd() as b:
        b.ipmitool("17", "chassis", "bootdev", "pxe", "options=efiboot")
        same(boot_flags(b), "a004000000", "a one-shot waits for the next boot")
        b.ipmitool("17", "chassis", "power", "on")
        same(b.ask("state")["last_boot"],
             {"valid": True, "device": "pxe", "efi": True, "persistent": False},
             "power-on follows it")
        same(boot_flags(b), "2004000000", "and it is not valid any more")
        b.ipmitool("17", "chassis", "power", "reset")
        same(b.ask("state")["last_boot"]["valid"], False, "the boot after it has no override")
        b.ipmitool("17", "chassis", "bootdev", "disk", "options=persistent")
        for n in (1, 2):
            b.ipmitool("17", "chassis", "power", "reset")
            same(b.ask("state")["last_boot"],
                 {"valid": True, "device": "disk", "efi": False, "persistent": True},
                 f"boot {n} follows a persistent choice")
        same(boot_flags(b), "c008000000", "a persistent choice stays valid")


def part_boot_expiry():
    with Bmcd() as b:
        b.ipmitool("17", "chassis", "bootdev", "pxe")
        b.ask("advance", ms=59000)
        b.ipmitool("17", "chassis", "power", "off")
        b.ask("advance", ms=59000)
        same(boot_flags(b), "8004000000", "a power command starts the 60 seconds again")
        b.ask("advance", ms=2000)
        same(boot_flags(b), "0004000000", "60 seconds later the flags are not valid")
        b.ipmitool("17", "raw", "0", "8", "3", "8")
        b.ipmitool("17", "chassis", "bootdev", "pxe")
        b.ask("advance", ms=3600000)
        same(boot_flags(b), "8004000000", "parameter 3 with bit 3 keeps them")
        r = b.ipmitool("17", "raw", "0", "9", "3", "0", "0")
        same(r.text.strip(), "01 03 08", "parameter 3 reads back")


def part_boot_params():
    def raw(*words):
        r = b.ipmitool("17", "raw", *words)
        return r.text.strip().replace("\n ", " ") if r.code == 0 else r.text

    with Bmcd() as b:
        same(raw("0", "8", "0", "1"), "", "set in progress")
        ok("0x81" in raw("0", "8", "0", "1"), "a second one is refused with 81h")
        same(raw("0", "9", "0", "0", "0"), "01 00 01", "it reads back")
        raw("0", "8", "0", "0")
        same(raw("0", "9", "0", "0", "0"), "01 00 00", "and ends")
        raw("0", "8", "4", "0x0f", "0x05")
        raw("0", "8", "4", "0x01", "0x00")
        same(raw("0", "9", "4", "0", "0"), "01 04 00 04", "info acknowledge writes masked bits")
        raw("0", "8", "1", "0x22")
        same(raw("0", "9", "1", "0", "0"), "01 01 22", "service partition selector")
        raw("0", "8", "7", "2", *(str(i) for i in range(16)))
        same(raw("0", "9", "7", "2", "0"),
             "01 07 02 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f", "a mailbox block")
        ok("0xcc" in raw("0", "9", "7", "5", "0"), "there are five blocks")
        ok("0x80" in raw("0", "8", "9", "0"), "parameter 9 is not supported: 80h")
        ok("0xc7" in raw("0", "8", "5", "0x80"), "a short parameter 5: C7h")
        raw("0", "8", "0x85")
        same(raw("0", "9", "5", "0", "0")[:5], "01 85", "a parameter can be marked invalid")


def part_identity():
    with Bmcd("--manufacturer", "10876", "--product", "2343", "--firmware", "3.07") as b:
        r = b.ipmitool("17", "mc", "info")
        same([r.value(k) for k in ("Manufacturer ID", "Product ID", "Firmware Revision")], ["10876", "2343 (0x0927)", "3.07"],
             "a farm can be of a maker", r)
    with Bmcd("--guid", "00112233445566778899aabbccddeeff") as b:
        for c in SUITES:
            r = b.ipmitool(c, "mc", "info")
            same((r.value("Device ID"), r.value("Firmware Revision"), r.value("IPMI Version")),
                 ("32", "1.02", "2.0"), f"suite {c}: mc info", r)
        r = b.ipmitool("17", "raw", "6", "0x37")
        same("".join(r.text.split()), "00112233445566778899aabbccddeeff", "the system's GUID")
        says(b.ipmitool("17", "chassis", "identify", "5"), "identify", "chassis identify")
        same(b.ipmitool("17", "raw", "0", "1").text.strip()[-2:], "50",
             "chassis status tells a timed identify")
        says(b.ipmitool("17", "lan", "print", "1"), "127.0.0.1", "lan print tells the address")
        r = b.ipmitool("17", "lan", "set", "1", "defgw", "ipaddr", "10.9.8.1")
        b.ipmitool("17", "lan", "set", "1", "netmask", "255.255.0.0")
        b.ipmitool("17", "lan", "set", "1", "vlan", "id", "77")
        p = b.ipmitool("17", "lan", "print", "1")
        same((p.value("Default Gateway IP"), p.value("Subnet Mask"), p.value("802.1q VLAN ID")),
             ("10.9.8.1", "255.255.0.0", "77"), "LAN parameters can be set", r, p)
        says(b.ipmitool("17", "raw", "0xc", "1", "1", "22", "1"), "rsp=0x82", "not those that only tell: 82h", 1)
        r = b.freeipmi("bmc-info", "17")
        same((r.value("Firmware Revision"), r.value("Channel Number")), ("1.02", "0"), "FreeIPMI's bmc-info", r)
        says(b.ipmitool("17", "user", "list", "1"), "admin            true", "user list")
        says(b.ipmitool("17", "channel", "info", "1"), "802.3 LAN", "channel info")
        says(b.ipmitool("17", "session", "info", "active"), "IPMIv2/RMCP+", "session info")
        says(b.ipmitool("17", "sel", "info"), "Entries          : 0", "sel info")
        r = b.ipmitool("17", "channel", "getciphers", "ipmi", "1")
        same(sorted(l.split()[0] for l in r.text.splitlines() if l[:1].isdigit()), ["17", "3"],
             "the cipher suites are listed", r)
        says(b.ipmitool("17", "raw", "0x30", "1"), "rsp=0xc1", "unknown command: C1h", 1)
        says(b.ipmitool("17", "raw", "6", "1", "1"), "rsp=0xc7", "wrong length: C7h", 1)
        says(b.ipmitool("17", "chassis", "policy", "always-on"), "always-on", "restore policy")
        same(b.ipmitool("17", "chassis", "status").value("Power Restore Policy"), "always-on",
             "restore policy reads back")


def part_fru():
    # FRU definition v1.0; the names are those that the emulator gives by default
    with Bmcd("--count", "2", "--step", "port", listen="127.0.0.1:0") as b:
        b.port = str(b.ask("address", bmc=1)["port"])
        r = b.ipmitool("17", "fru", "print", "0")
        same([r.value(k) for k in ("Chassis Type", "Chassis Serial", "Board Mfg", "Board Product", "Board Serial",
                                   "Board Part Number", "Product Manufacturer", "Product Name",
                                   "Product Part Number", "Product Version", "Product Serial", "Product Asset Tag")],
             ["Rack Mount Chassis", "EC00000001", "Ingot Boards", "Emulated Board", "EB00000001", "EB-2000-01",
              "Ingot", "Emulated Server", "ES-2000", "B2", "ES00000001", "A00001"],
             "ipmitool reads chassis, board and product, with the BMC's number in them", r)
        r = b.ipmitool("17", "fru", "print")
        same([l.split(":")[1].strip() for l in r.text.splitlines() if "Description" in l],
             ["Builtin FRU Device (ID 0)", "PSU1 FRU (ID 1)", "PSU2 FRU (ID 2)"], "and finds the others by their SDRs", r)
        r = b.ipmitool("17", "fru", "print", "1")
        same((r.value("Product Part Number"), r.value("Product Version")), ("PSU-1100", "0210"),
             "six-bit ASCII and BCD plus read well", r)
        r = b.freeipmi("ipmi-fru", "17", "--device-id=0")
        same((r.value("FRU Product Serial Number"), r.value("FRU Board Part Number")), ("ES00000001", "EB-2000-01"),
             "FreeIPMI reads the same", r)
        b.ask("fault", bmc=1, set={"fru_read_max": 16})
        same(b.ipmitool("17", "fru", "print", "0").value("Product Serial"), "ES00000001",
             "also sixteen bytes at a time")
        b.ask("clear", bmc=1)
        r = b.ipmitool("17", "raw", "0x0a", "0x12", "1", "0", "1", "0xaa", "0xbb")
        same(r.text.strip(), "02", "FRU data can be written")
        same(b.ipmitool("17", "raw", "0x0a", "0x11", "1", "0", "1", "2").text.strip(), "02 aa bb", "and reads back")
        says(b.ipmitool("17", "raw", "0x0a", "0x11", "9", "0", "0", "2"), "rsp=0xcb", "FRU device 9 is not present: CBh", 1)
        says(b.ipmitool("17", "raw", "0x0a", "0x11", "1", "0", "2", "2"), "rsp=0xc9", "behind its end: C9h", 1)


def part_sel():
    def entries(r):
        return [[f.strip() for f in l.split("|")][3:6] for l in r.text.splitlines() if l.count("|") >= 5]

    with Bmcd() as b:
        b.ipmitool("17", "chassis", "power", "on")
        b.ipmitool("17", "chassis", "power", "reset")
        b.ipmitool("17", "chassis", "power", "diag")
        b.ipmitool("17", "chassis", "power", "off")
        r = b.ipmitool("17", "sel", "elist")
        same(entries(r), [["Power Unit Power Unit", "Power off/down", "Deasserted"],
                          ["System Boot Initiated Boot", "Initiated by power up", "Asserted"],
                          ["System Boot Initiated Boot", "Initiated by hard reset", "Asserted"],
                          ["Critical Interrupt NMI", "NMI/Diag Interrupt", "Asserted"],
                          ["Power Unit Power Unit", "Power off/down", "Asserted"]],
             "power, resets and NMI are in the event log", r)
        r = b.freeipmi("ipmi-sel", "17", "--no-header-output", "--ignore-sdr-cache", "--comma-separated-output")
        same(r.text.count("System Boot Initiated"), 2, "FreeIPMI reads it too", r)
        b.ask("sel_add", record="0000020000000020000401301b010000"[:2 * 16])
        same(b.ipmitool("17", "sel", "info").value("Entries"), "6", "a script adds a record")
        r = b.ipmitool("17", "event", "1")
        same(len(b.ask("sel")["records"]), 7, "a platform event is kept", r)
        r = b.ipmitool("17", "sel", "delete", "2")
        same([x[:4] for x in b.ask("sel")["records"]], ["0100", "0300", "0400", "0500", "0600", "0700"],
             "one record is deleted, the others keep their ids", r)
        b.ipmitool("17", "sel", "time", "set", "01/02/31 03:04:05")
        says(b.ipmitool("17", "sel", "time", "get"), "01/02/31 03:04", "the clock can be set")
        says(b.freeipmi("ipmi-sel", "17", "--clear"), "", "FreeIPMI clears it")
        same(b.ipmitool("17", "sel", "info").value("Entries"), "0", "and it is empty")
        b.ask("sel_add", record="00" * 16, times=600)
        r = b.ipmitool("17", "sel", "info")
        same((r.value("Entries"), r.value("Overflow"), r.value("Percent Used")), ("512", "true", "100%"),
             "a full log tells that it has lost events", r)
        says(b.ipmitool("17", "raw", "0x0a", "0x44", *["0"] * 16), "rsp=0xc4", "and takes no more: C4h", 1)
        b.ipmitool("17", "sel", "clear")
        same(b.ipmitool("17", "sel", "info").value("Overflow"), "false", "clearing ends that")


# name: what ipmitool's sdr shows while the machine is off and on
READINGS = {"CPU1 Temp": ("24 degrees C", "42 degrees C"), "Inlet Temp": ("21 degrees C", "22 degrees C"),
            "Exhaust Temp": ("23 degrees C", "35.50 degrees C"), "VRM Temp": ("26 degrees C", "48 degrees C"),
            "Fan 1": ("No Reading", "7200 RPM"), "Chipset Fan": ("No Reading", "5000 RPM"),
            "12V": ("No Reading", "12.03 Volts"), "3.3V Standby": ("3.30 Volts", "3.30 Volts"),
            "CPU1 Vcore": ("No Reading", "1.77 Volts"), "PSU1 Power In": ("12 Watts", "184 Watts"),
            "PSU1 Status": ("Presence detected", "Presence detected"), "Intrusion": ("", ""),
            "ACPI State": ("S5/G2: soft-off", "S0/G0: working")}


def part_sensors():
    def readings(r):
        return {f[0].strip(): f[-1].strip() for f in (l.split("|") for l in r.text.splitlines()) if len(f) == 5}

    def raw(*words):
        return b.ipmitool("17", "raw", *words).text.strip()

    with Bmcd() as b:
        for i, power in enumerate(("off", "on")):
            b.ipmitool("17", "chassis", "power", power)
            r = b.ipmitool("17", "sdr", "elist", "full")
            got = {**readings(r), **readings(b.ipmitool("17", "sdr", "elist", "compact"))}
            same({k: got.get(k) for k in READINGS}, {k: v[i] for k, v in READINGS.items()}, f"readings with power {power}", r)
        r = b.ipmitool("17", "sdr", "elist", "all")
        ok(all(t in r.text for t in ("Dynamic MC @ 20h", "Logical FRU @02h", "Event-Only")),
           "there are locators and event-only records", r)
        r = b.freeipmi("ipmi-sensors", "17", "--quiet-cache", "--comma-separated-output", "--no-header-output",
                       "--shared-sensors", f"--sdr-cache-file={scratch.name()}")
        got = {l.split(",")[1]: l.split(",")[3] for l in r.text.splitlines() if l.count(",") >= 4}
        same([got.get(n) for n in ("CPU2 Temp", "Inlet Temp", "Exhaust Temp", "VRM Temp", "Chipset Fan", "12V", "CPU1 Vcore")],
             ["44.00", "22.00", "35.50", "48.00", "5000.00", "12.03", "1.77"], "FreeIPMI converts them the same way", r)
        same(sorted(n for n in got if n.startswith("Drive")), ["Drive 0", "Drive 1", "Drive 2", "Drive 3"],
             "and takes a shared record for four sensors", r)
        b.ask("sensor", name="CPU1 Temp", value=97)
        r = b.ipmitool("17", "sensor", "get", "CPU1 Temp")
        same((r.value("Sensor Reading"), r.value("Status")), ("97 (+/- 0) degrees C", "Upper Critical"), "a script heats it", r)
        b.ask("sensor", name="Inlet Temp", value=-6)
        r = b.ipmitool("17", "sensor", "get", "Inlet Temp")
        same((r.value("Sensor Reading"), r.value("Status")), ("-6 (+/- 0) degrees C", "Lower Non-Critical"),
             "below zero as well", r)
        r = b.ipmitool("17", "sel", "elist")
        ok("Reading 97 > Threshold 95 degrees C" in r.text, "the event log says so", r)
        b.ask("sensor", name="CPU1 Temp")
        r = b.ipmitool("17", "sensor", "thresh", "CPU1 Temp", "unc", "40")
        same(b.ipmitool("17", "sensor", "get", "CPU1 Temp").value("Upper Non-Critical"), "40.000", "a threshold can be set", r)
        ok("Threshold 40" in b.ipmitool("17", "sel", "elist").text, "and crossing it that way is logged")
        b.ask("sensor", name="Drive 2", raw=3)
        b.ask("sensor", name="Intrusion", raw=1)
        b.ask("sensor", name="Fan 3", value=300)
        b.ask("chassis", set={"power-fault": True})
        r = b.ipmitool("17", "chassis", "status")
        same([r.value(k) for k in ("Drive Fault", "Chassis Intrusion", "Cooling/Fan Fault", "Main Power Fault")],
             ["true", "active", "true", "true"], "faults show in the chassis status", r)
        b.ask("sensor", name="12V", unavailable=True)
        ok("No Reading" in b.ipmitool("17", "sdr", "get", "12V").text, "a sensor can lose its reading")
        for fault in ({"sdr_read_max": 20}, {"reservation_lost_nth": 5}):
            b.ask("fault", set=fault)
            r = b.ipmitool("17", "sdr", "elist", "full")
            same(len(r.text.splitlines()), 17, f"ipmitool reads all records with {fault}", r)
            b.ask("clear")
        same(raw("0x0a", "0x20")[:8], "51 1e 00", "30 records")


class Terminal:
    """A program on a terminal of its own; one Python thread, what it says is gathered as it comes."""

    def __init__(self, command):
        self.said = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(HOME=scratch.path, LC_ALL="C")
            os.execvp(command[0], command)

    def wait(self, text, limit_s=30):
        """True when it says that, in what was not waited for yet."""
        deadline = time.monotonic() + limit_s
        while text not in self.said and time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.said += os.read(self.fd, 4096).decode(errors="replace")
                except OSError:  # it has ended
                    break
        before, found, self.said = self.said.partition(text) if text in self.said else (self.said, "", self.said)
        return bool(found)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        """Its exit status; killed if it stays."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if select.select([self.fd], [], [], 0.05)[0]:
                try:
                    os.read(self.fd, 4096)
                except OSError:
                    time.sleep(0.05)
        else:
            os.kill(self.pid, signal.SIGKILL)
            _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return status


def part_sol():
    # ipmiconsole takes no port above 32767
    with Bmcd(listen=f"127.77.{os.getpid() >> 8 & 0xff}.{os.getpid() & 0xff}:9001") as b:
        clients = (("ipmitool", b.ipmitool_command("17", "sol", "activate"), "operational", "~B", "~."),
                   ("ipmiconsole", b.freeipmi_command("ipmiconsole", "17"), "established", "&B", "&."))
        for name, command, ready, brk, end in clients:
            b.ask("typed")
            t = Terminal(command)
            ok(t.wait(ready), f"{name}: SOL is active", t.said)
            same(b.ask("state")["console_held"], True, f"{name}: it holds the console")
            r = b.ipmitool("17", "sol", "activate")
            refused(r, "already active on another session", f"{name}: nobody else gets it")
            b.ipmitool("17", "chassis", "power", "on")
            ok(t.wait("Ingot emulated firmware") and t.wait("net0: link up"), f"{name}: the firmware is seen", t.said)
            long = "".join(f"line {i:03} {'x' * 40}\r\n" for i in range(100))
            b.ask("console", text=long)
            ok(t.wait("line 000") and t.wait("line 099"), f"{name}: 5 KB of a system's lines as well", t.said[-300:])
            t.type("hello world\r")
            ok(t.wait("hello world"), f"{name}: what is typed comes back", t.said)
            ok("hello world" in b.ask("typed")["text"], f"{name}: the machine has got it")
            t.type("\r" + brk)
            ok(t.wait("sysrq"), f"{name}: a break gets through", t.said)
            b.ask("typed")
            for fault in ({"sol_take_max": 2}, {"sol_nack_nth": 2}, {"drop_reply_nth": 3}, {"drop_nth": 3}):
                word = "typed-with-" + next(iter(fault))
                b.ask("fault", set=fault)
                t.type(word + "\r")
                ok(t.wait(word), f"{name}: what is typed comes back with {fault}", t.said)
                b.ask("clear")
            got = b.ask("typed")["text"]
            ok("typed-with-sol_take_max\rtyped-with-sol_nack_nth\rtyped-with-drop_reply_nth\rtyped-with-drop_nth" in got,
               f"{name}: the machine has it in order and once", got)
            t.type("\r" + end)
            same(t.end(), 0, f"{name}: ends well")
            same(b.ask("state")["console_held"], False, f"{name}: the console is free")
            b.ipmitool("17", "chassis", "power", "off")
        t = Terminal(clients[1][1])
        t.wait("established")
        says(b.ipmitool("17", "sol", "deactivate"), "", "another session takes it away")
        ok(t.wait("SOL session stolen"), "and its holder is told", t.said)
        t.end()
        b.ask("fault", set={"sol_refused": 1})
        refused(b.ipmitool("17", "sol", "activate"), "SOL payload disabled", "sol_refused")
        b.ask("clear")
        b.ipmitool("17", "sol", "set", "enabled", "false", "1")
        refused(b.ipmitool("17", "sol", "activate"), "SOL payload disabled", "SOL can be switched off")
        r = b.ipmitool("17", "sol", "info", "1")
        same((r.value("Enabled"), r.value("Volatile Bit Rate (kbps)"), r.value("Payload Port")),
             ("false", "115.2", b.port), "sol info", r)


def part_login():
    users = (("admin", PASSWORD, "admin"), ("op", "op-secret", "operator"),
             ("viewer", "view-secret", "user"), ("long", LONG_PASSWORD, "admin"),
             ("sixteen", LONG_PASSWORD[:16], "admin"), ("gone", "gone-secret", "admin"))
    with Bmcd("--disabled", users=users) as b:
        for c in SUITES:
            def status(**kw):
                return b.ipmitool(c, "chassis", "power", "status", **kw)
            refused(status(password="wrong", options=("-v",)), "RAKP 2 HMAC is invalid",
                    f"suite {c}: wrong password")
            refused(status(user="nobody", options=("-v",)), "unauthorized name", f"suite {c}: unknown user")
            refused(status(user="gone", password="gone-secret", options=("-v",)), "unauthorized name",
                    f"suite {c}: disabled user")
            refused(status(user="op", password="op-secret", options=("-v",)), "unauthorized role",
                    f"suite {c}: administrator asked for by an operator")
            says(status(user="op", password="op-secret", options=("-L", "OPERATOR")), "is off",
                 f"suite {c}: operator as operator")
            says(status(user="viewer", password="view-secret", options=("-L", "USER")), "is off",
                 f"suite {c}: user may read the power state")
            refused(b.ipmitool(c, "chassis", "power", "on", user="viewer", password="view-secret",
                               options=("-L", "USER")), "insufficient privilege",
                    f"suite {c}: user may not power on")
            refused(b.ipmitool(c, "raw", "6", "2", user="op", password="op-secret",
                               options=("-L", "OPERATOR")), "rsp=0xd4",
                    f"suite {c}: operator may not reset the BMC")
            says(status(user="long", password=LONG_PASSWORD), "is off",
                 f"suite {c}: 20-byte password")
            refused(status(user="long", password=LONG_PASSWORD[:19] + "X",
                           options=("-v",)), "RAKP 2 HMAC",
                    f"suite {c}: its last byte counts")
            refused(status(user="long", password=LONG_PASSWORD[:16], options=("-v",)), "RAKP 2 HMAC",
                    f"suite {c}: 16 bytes of it are not enough")
            says(status(user="sixteen", password=LONG_PASSWORD[:16]), "is off",
                 f"suite {c}: 16-byte password")
        same(b.ask("state")["open_sessions"], 0, "refused log-ins leave no session")


def part_kg():
    kg = "bmc-key-of-20-bytes!"
    # a client that finds our side of the key wrong leaves its session open: give it slots
    with Bmcd("--kg-file", scratch.file(kg), "--slots", "16") as b:
        for c in SUITES:
            def status(**env):
                return b.ipmitool(c, "chassis", "power", "status", options=("-K",) if env else (),
                                  env=env)
            says(status(IPMI_KGKEY=kg), "is off", f"suite {c}: right K_g")
            refused(status(IPMI_KGKEY="wrong"), "", f"suite {c}: wrong K_g")
            refused(status(), "", f"suite {c}: no K_g")
            r = b.freeipmi("ipmipower", c, "--stat", kg=kg)
            says(r, ": off", f"suite {c}: FreeIPMI with K_g")
            r = b.freeipmi("ipmipower", c, "--stat", kg="wrong")
            ok(": off" not in r.text and "k_g" in r.text.lower(), f"suite {c}: ... with a wrong one", r)


def part_suites():
    for enabled, other in (("3", "17"), ("17", "3")):
        with Bmcd("--cipher", enabled) as b:
            says(b.ipmitool(enabled, "chassis", "power", "status"), "is off",
                 f"only suite {enabled}: it works")
            refused(b.ipmitool(other, "chassis", "power", "status"), "no matching cipher suite",
                    f"only suite {enabled}: {other} is refused")
            refused(b.ipmitool("8", "chassis", "power", "status"), "invalid authentication algorithm",
                    f"only suite {enabled}: suite 8 (MD5) is refused")
            r = b.ipmitool(enabled, "channel", "getciphers", "ipmi", "1")
            same([l.split()[0] for l in r.text.splitlines() if l[:1].isdigit()], [enabled],
                 f"only suite {enabled}: the list has only it", r)
            r = b.freeipmi("ipmipower", other, "--stat")
            ok(": off" not in r.text and "cipher suite" in r.text, f"FreeIPMI sees that {other} is off", r)


class Shell:
    """An ipmitool that keeps its session open."""

    def __init__(self, b):
        self.process = subprocess.Popen(
            ["ipmitool", "-I", "lanplus", "-C", "17", "-H", b.host, "-p", b.port, "-U", "admin",
             "-f", scratch.file(PASSWORD), "shell"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "HOME": scratch.path})
        self.seen = b""

    def ask(self, line, want, timeout=20):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()
        deadline = time.monotonic() + timeout
        while want.encode() not in self.seen and time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 0.2)[0]:
                piece = os.read(self.process.stdout.fileno(), 4096)
                if not piece:
                    break
                self.seen += piece
        found = want.encode() in self.seen
        self.seen = b""
        return found

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def part_sessions():
    with Bmcd("--slots", "1") as b:
        shell = Shell(b)
        try:
            ok(shell.ask("power status", "is off"), "a session is kept open")
            refused(b.ipmitool("17", "chassis", "power", "status"), "insufficient resources",
                    "no second one when there is one slot")
            ok(shell.ask("power status", "is off"), "the first goes on")
            b.ask("advance", ms=62000)
            says(b.ipmitool("17", "chassis", "power", "status"), "is off",
                 "an idle session gives its slot away")
        finally:
            shell.close()
    with Bmcd() as b:
        b.ask("fault", set={"slots_full": 1})
        refused(b.ipmitool("3", "chassis", "power", "status"), "insufficient resources",
                "fault slots_full")
        b.ask("clear")
        says(b.ipmitool("3", "chassis", "power", "status"), "is off", "and after it")


def part_bmc_reset():
    with Bmcd("--reset-ms", "600000", "--on") as b:
        r = b.ipmitool("17", "mc", "reset", "cold", options=("-N", "1", "-R", "1"))
        ok("Sent cold reset command" in r.text, "mc reset cold", r)
        same(b.ask("state")["open_sessions"], 0, "a reset of the BMC drops all sessions")
        r = b.ipmitool("17", "chassis", "power", "status", options=("-N", "1", "-R", "1"))
        refused(r, "Unable to establish", "and it is silent for a while")
        b.ask("advance", ms=600000)
        says(b.ipmitool("17", "chassis", "power", "status"), "is on",
             "then it answers and the machine never lost power")


def part_faults():
    with Bmcd() as b:
        once = ("-N", "1", "-R", "6")
        b.ask("fault", set={"drop_reply_nth": 5})
        says(b.ipmitool("17", "chassis", "power", "on", options=once), "Up/On",
             "every fifth answer lost: the client gets through")
        b.ask("clear")
        same(b.count("power_commands"), 1, "and the command ran once")
        b.ask("fault", set={"duplicate": 1})
        says(b.ipmitool("17", "chassis", "power", "status"), "is on", "every answer twice")
        b.ask("clear")
        b.ask("fault", set={"delay_ms": 50})
        says(b.ipmitool("3", "chassis", "power", "status"), "is on", "every answer late")
        b.ask("clear")
        b.ask("fault", set={"stale_power_s": 30})
        b.ipmitool("17", "chassis", "power", "off")
        says(b.ipmitool("17", "chassis", "power", "status"), "is on", "the old power state")
        b.ask("advance", ms=31000)
        says(b.ipmitool("17", "chassis", "power", "status"), "is off", "then the new one")
        b.ask("fault", set={"ignore_power": 1, "stale_power_s": 0, "forget_boot_flags": 1})
        b.ipmitool("17", "chassis", "power", "on")
        says(b.ipmitool("17", "chassis", "power", "status"), "is off", "power commands ignored")
        b.ipmitool("17", "chassis", "bootdev", "pxe")
        same(boot_flags(b), "0000000000", "boot flags forgotten")
        b.ask("fault", set={"silent": 1})
        refused(b.ipmitool("17", "chassis", "power", "status", options=("-N", "1", "-R", "1")),
                "Unable to establish", "silent")


def part_freeipmi():
    for c in SUITES:
        with Bmcd() as b:
            def power(*words):
                return b.freeipmi("ipmipower", c, *words)
            admin = ("-l", "ADMIN")
            says(power("--stat"), ": off", f"FreeIPMI {c}: off at first")
            says(power("--on", "--wait-until-on"), ": ok", f"FreeIPMI {c}: on")
            says(power("--stat"), ": on", f"FreeIPMI {c}: status says on")
            says(power("--cycle"), ": ok", f"FreeIPMI {c}: cycle")
            says(power("--reset"), ": ok", f"FreeIPMI {c}: reset")
            says(power("--pulse"), ": ok", f"FreeIPMI {c}: diagnostic interrupt")
            same([b.count(n) for n in ("on", "off", "reset", "nmi")], [2, 1, 1, 1],
                 f"FreeIPMI {c}: the machine has seen them")
            says(power("--soft"), ": ok", f"FreeIPMI {c}: soft")
            says(power("--stat"), ": off", f"FreeIPMI {c}: off again")
            r = b.freeipmi("bmc-info", c, *admin)
            same((r.code, r.value("Device ID"), r.value("Firmware Revision"),
                  r.value("IPMI Version")), (0, "32", "1.02", "2.0"), f"FreeIPMI {c}: bmc-info", r)
            r = b.freeipmi("ipmi-chassis", c, *admin, "--get-chassis-status")
            same((r.value("System Power"), r.value("Power restore policy")), ("off", "Always off"),
                 f"FreeIPMI {c}: chassis status", r)
            r = b.freeipmi("ipmi-chassis", c, *admin, "--chassis-identify=FORCE")
            same(r.code, 0, f"FreeIPMI {c}: identify", r)
            r = b.freeipmi("ipmi-chassis", c, *admin, "--get-chassis-status")
            same(r.value("Chassis Identify state"), "Indefinite on",
                 f"FreeIPMI {c}: identify reads back", r)
            pairs = [word for pair in ("Boot_Flags_Persistent=Yes", "BIOS_Boot_Type=EFI",
                                       "Boot_Device=PXE")
                     for word in ("-e", f"Chassis_Boot_Flags:{pair}")]
            r = b.freeipmi("ipmi-chassis-config", c, *admin, "--commit", *pairs)
            same(r.code, 0, f"FreeIPMI {c}: boot flags committed", r)
            same(boot_flags(b, c), "e004000000", f"FreeIPMI {c}: ipmitool reads what it wrote", r)
            r = b.freeipmi("ipmi-chassis-config", c, *admin, "--checkout", "-S",
                           "Chassis_Boot_Flags")
            ok(all(any(line.split() == [k, v] for line in r.text.splitlines()) for k, v in
                   (("Boot_Flags_Persistent", "Yes"), ("BIOS_Boot_Type", "EFI"),
                    ("Boot_Device", "PXE"))), f"FreeIPMI {c}: boot flags checked out", r)
            r = power("--stat", "--username=admin")
            r = b.freeipmi("ipmipower", c, "--stat", password="wrong")
            ok("password" in r.text and ": off" not in r.text, f"FreeIPMI {c}: wrong password", r)
            r = b.freeipmi("ipmipower", c, "--stat", user="nobody")
            ok("username" in r.text and ": off" not in r.text, f"FreeIPMI {c}: unknown user", r)
            r = b.freeipmi("ipmi-chassis", c, *admin, "--get-chassis-status", "-W",
                           "opensesspriv")
            same(r.code, 0, f"FreeIPMI {c}: works with its workaround for ipmi_sim, too", r)


def part_ping():
    with Bmcd() as b:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(10)
            # ASF 2.0 section 3.2.4.2: presence ping, tag 7
            s.sendto(bytes.fromhex("0600ff06000011be80070000"), (b.host, int(b.port)))
            same(s.recv(100).hex(), "0600ff06000011be40070010" "000011be00000000" "8100000000000000",
                 "RMCP ping gets a pong with its tag that says IPMI")


def part_many():
    count = 2000
    net, port = 128 + os.getpid() % 100, str(20000 + os.getpid() // 100 % 10000)
    hosts = [f"127.{net}.{i // 250}.{1 + i % 250}" for i in range(count)]
    # the farm counts addresses up, so that some of the last octets are passed over
    with Bmcd("--count", str(8 * 256), "--step", "address", listen=f"127.{net}.0.0:{port}") as b:
        config = scratch.file(f"username admin\npassword {PASSWORD}\n")

        def power(word):
            said = collections.Counter()
            for first in range(0, count, 500):  # its own work, not ours, gets slow with more
                r = run(["ipmipower", f"--config-file={config}", "-D", "LAN_2_0", "-I", "17",
                         "--session-timeout=200000", word, "-h",
                         ",".join(f"{h}:{port}" for h in hosts[first:first + 500])], 300)
                said.update(line.rsplit(": ", 1)[-1] for line in r.text.splitlines())
            return said
        same(power("--stat"), {"off": count}, "2,000 BMCs of one process tell their power state")
        same(power("--on"), {"ok": count}, "2,000 machines are powered on")
        same(power("--stat"), {"on": count}, "and say so")
        r = b.ask("state", bmc=256 + 1)
        same((r["power"], r["counters"]["on"]), (True, 1), "each did it once")
        same(b.ask("state", bmc=0)["counters"]["packets"], 0, "and nobody else was asked")


def part_parallel():
    with Bmcd("--slots", "16") as b:
        password = scratch.file(PASSWORD)
        tools = [subprocess.Popen(
            ["ipmitool", "-I", "lanplus", "-C", SUITES[i % 2], "-H", b.host, "-p", b.port, "-U",
             "admin", "-f", password, "chassis", "power", "status"], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for i in range(12)]
        said = [t.communicate(timeout=60)[0].strip() for t in tools]
        same(said, ["Chassis Power is off"] * 12, "12 ipmitools at once, all of one console id")
        same(b.ask("state")["open_sessions"], 0, "and all have closed their sessions")


def part_control():
    with Bmcd("--count", "3") as b:
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(b.control_path)
            lines = s.makefile("r")
            s.sendall(b'{"op":"events"}\n')
            same(json.loads(lines.readline()), {"ok": True}, "power events can be had")
            b.ask("power", bmc=[1, 2], on=True)
            events = [json.loads(lines.readline()) for _ in range(2)]
            same([(e["event"], e["bmc"]) for e in events], [("on", 1), ("on", 2)], "they come")
            for line, text in ((b"nonsense", "line 1"), (b'{"op":"dance"}', "dance"),
                               (b'{"op":"state","bmc":3}', "from 0 to 2"),
                               (b'{"op":"fault","set":{"x":1}}', "no such fault")):
                s.sendall(line + b"\n")
                answer = json.loads(lines.readline())
                ok(not answer["ok"] and text in answer["error"], f"refused: {line.decode()}", answer)
            lines.close()
        same([b.ask("state", bmc=i)["power"] for i in range(3)], [False, True, True],
             "a range means these")
        ports = {b.ask("address", bmc=i)["port"] for i in range(3)}
        same(len(ports), 3, "port 0 gives each its own")


def part_script():
    bad = scratch.file("at 1s all silent\n\nat 5s 0-9 gremlins\n")
    r = run([BMCD, "--script", bad, "--listen", "127.0.0.1:0"], 20)
    ok(r.code == 1 and bad + ":3: " in r.text and "gremlins" in r.text, "a mistake is told with file and line", r)
    script = scratch.file("on power-on 1 delay-ms=1\nwith 100% 2 wrong-password # nobody gets in\n")
    csv = scratch.name()
    with Bmcd("--count", "3", "--script", script, "--seed", "5", "--csv", csv) as b:
        first = b.port
        says(b.ipmitool("17", "chassis", "power", "status"), "is off", "the first is well")
        b.port = str(b.ask("address", bmc=2)["port"])
        refused(b.ipmitool("17", "chassis", "power", "status", options=("-v",)), "RAKP 2 HMAC is invalid",
                "the third knows another password")
        b.ask("script", text="always 2 clear\nalways 0 busy-nth=1")
        says(b.ipmitool("17", "chassis", "power", "status"), "is off", "a script that comes later heals it")
        b.port = first
        says(b.ipmitool("17", "raw", "0", "1"), "Node busy", "and makes the first busy", 1)
        with open(csv) as f:
            lines = f.read().splitlines()
        same((len(lines), lines[1]), (4, f"sim00000,127.0.0.1,{first},admin,{PASSWORD},52:54:01:00:00:00,bios"),
             "the CSV has all three")
        same(os.stat(csv).st_mode & 0o777, 0o600, "and is nobody else's to read")


def part_ipv6():
    with Bmcd(listen="[::1]:0") as b:
        same(b.host, "::1", "listens on IPv6")
        for c in SUITES:
            says(b.ipmitool(c, "chassis", "power", "status"), "is off", f"suite {c} over IPv6")


def part_process():
    with Bmcd() as b:
        path = b.control_path
    same(b.status, 0, "SIGTERM ends it with status 0")
    ok(not os.path.exists(path), "and its control socket is gone")
    # the shell starts it, says its pid when it is ready, and is killed
    p = subprocess.Popen(["/bin/sh", "-c", '"$0" --listen 127.0.0.1:0 & read _; echo $!; wait',
                          BMCD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ready = p.stdout.readline()
    ok(ready.startswith("ready"), "a child of a shell is ready", ready)
    p.stdin.write("\n")
    p.stdin.flush()
    child = int(p.stdout.readline())
    p.kill()
    p.wait()
    # its output closes when it has ended, whoever inherits the zombie
    gone = select.select([p.stdout], [], [], 20)[0] and not p.stdout.read()
    if not ok(gone, "it ends when its parent is killed", child):
        os.kill(child, signal.SIGKILL)
    p.stdin.close()
    p.stdout.close()
    r = run([BMCD, "--listen", "nowhere:1"], 20)
    ok(r.code == 1 and "nowhere" in r.text, "a wrong address is named", r)
    r = run([BMCD, "--cipher", "8"], 20)
    ok(r.code == 2 and "--cipher 8" in r.text, "a wrong option is named", r)


def main():
    parts = {n[5:]: f for n, f in globals().items() if n.startswith("part_")}
    for name in sys.argv[1:] or parts:
        print(f"# {name}", flush=True)
        parts[name]()
    print(f"1..{next(numbers) - 1}")
    return 1 if failures else 0


scratch = Scratch()
try:
    status = main()
finally:
    scratch.remove()
sys.exit(status)
