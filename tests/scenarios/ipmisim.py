"""OpenIPMI's ipmi_sim with sensors, FRUs and an event log: a BMC that shares no code with us. The records are
made here from IPMI 2.0, 43.1, 43.2, 43.8 and the FRU definition; ipmi_sim keeps them as they are."""
import os
import shutil
import socket
import struct
import subprocess
import time

USER, PASSWORD = "admin", "secret123"

LAN = """name "bmcA"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
    lan_config_program "{folder}/lanctl"
  endlan
  user 1 true "" "test" user 10 none md2 md5 straight
  user 2 true "admin" "secret123" admin 10 none md2 md5 straight
"""
LANCTL = """#!/bin/sh
op=$1; shift
[ $op = get ] || exit 0
for p in "$@"; do case $p in
ip_addr) echo $p:10.1.2.3;;
ip_addr_src) echo $p:static;;
mac_addr) echo $p:52:54:00:aa:bb:cc;;
subnet_mask) echo $p:255.255.255.0;;
default_gw_ip_addr) echo $p:10.1.2.1;;
default_gw_mac_addr|backup_gw_mac_addr) echo $p:00:00:00:00:00:00;;
backup_gw_ip_addr) echo $p:0.0.0.0;;
*) exit 1;;
esac; done
"""


def named(record, name):
    record[-1] = 0xC0 | len(name)
    record += name.encode()
    record[4] = len(record) - 5
    return record


def full(number, kind, name, unit, m, b=0, r_exp=0, limits=(0,) * 6, readable=0, linear=0, signed=0):
    """A full sensor record; limits in the order LNC, LC, LNR, UNC, UC, UNR."""
    d = bytearray(48)
    d[2:4] = 0x51, 1
    d[5], d[7], d[8], d[9], d[10], d[11], d[12], d[13] = 0x20, number, 7, 1, 0x7F, 0x68, kind, 1
    d[18] = d[19] = readable
    d[20], d[21], d[23] = signed << 6, unit, linear
    d[24], d[25] = m & 0xFF, m >> 2 & 0xC0
    d[26], d[27] = b & 0xFF, b >> 2 & 0xC0
    d[29], d[30] = (r_exp & 15) << 4, 7
    d[36:42] = reversed(limits)
    return named(d, name)


def compact(number, kind, name, share):
    d = bytearray(32)
    d[2:4] = 0x51, 2
    d[5], d[7], d[8], d[9], d[10], d[11], d[12], d[13] = 0x20, number, 10, 1, 0x67, 0x40, kind, 0x6F
    d[20], d[23], d[24] = 0xC0, share, 0x81
    return named(d, name)


def locator(fru, name):
    d = bytearray(16)
    d[2:4] = 0x51, 0x11
    d[5], d[6], d[7], d[10], d[12], d[13] = 0x20, fru, 0x80, 0x10, 7, 1
    return named(d, name)


def six_bit(text):
    bits = sum((ord(c) - 32) << 6 * i for i, c in enumerate(text))
    size = (6 * len(text) + 7) // 8
    return bytes([0x80 | size]) + bits.to_bytes(size, "little")


def latin(text):
    return bytes([0xC0 | len(text)]) + text.encode("latin1")


def area(*parts):
    body = bytearray(b"".join(parts) + b"\xc1")
    body += bytes(-(len(body) + 1) % 8)
    body[1] = (len(body) + 1) // 8
    return bytes(body) + bytes([-sum(body) & 0xFF])


def fru():
    minutes = (1700000000 - 820454400) // 60
    areas = [area(b"\x01\0\x17", latin("CH-PN"), latin("CH-SN")),
             area(b"\x01\0\x19", minutes.to_bytes(3, "little"), latin("ACME"), six_bit("IPMI BOARD 1"), latin("SN123"),
                  b"\x43\x12\x34\xb5", b"\0", latin("extra")),
             area(b"\x01\0\x19", latin("ACME Corp"), latin("Server 9"), latin("PN9"), latin("v1.0"), latin("SER-0009"),
                  latin("ASSET"), b"\0")]
    head = bytearray([1, 0])
    at = 8
    for a in areas:
        head.append(at // 8)
        at += len(a)
    head += b"\0\0"
    return bytes(head) + bytes([-sum(head) & 0xFF]) + b"".join(areas)


# number: record, raw value (None: states)
SENSORS = [
    (full(1, 1, "Inlet Temp", 1, 1, limits=(5, 0, 0, 40, 45, 50), readable=0x3B), 43),
    (full(2, 4, "Fan 1", 18, 100, limits=(10, 5, 0, 0, 0, 0), readable=3), 30),
    (full(3, 2, "P12V", 4, 63, r_exp=-3, limits=(0xAB, 0xA5, 0, 0xD5, 0xDB, 0), readable=0x1B), 0xC0),
    (full(4, 0x0B, "Power", 6, 4), 55),
    (full(5, 1, "Minus", 1, 1, b=-40, signed=2), 0xFB),
    (full(6, 1, "Root", 1, 1, linear=10), 0x51),
    (compact(0x10, 8, "PSU", 2), None),
    (compact(0x20, 0x0D, "Drive", 1), None),
]
EVENTS = [(1, 1, 1, (0x57, 43, 40)), (8, 0x11, 0x6F, (1, 0xFF, 0xFF)), (8, 0x11, 0xEF, (1, 0xFF, 0xFF)),
          (0x0C, 0x30, 0x6F, (0xA1, 0xFF, 3)), (0x0F, 0x31, 0x6F, (0xC2, 0x13, 0xFF))]


def hexed(data):
    return " ".join("0x%02x" % b for b in data)


def emu():
    out = ["mc_setbmc 0x20", "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02", "sel_enable 0x20 1000 0x0a"]
    for record, value in SENSORS:
        number = record[7]
        for i in range(record[23] & 15 if value is None else 1):
            s = "0x20 0 %d" % (number + i)
            out += ["sensor_add %s %d %d" % (s, record[12], record[13])]
            if value is None:
                out += ["sensor_set_event_support %s enable scanning per-state%s" % (s, " 000000000001111" * 4),
                        "sensor_set_bit %s 0 1 0" % s]
                out += ["sensor_set_bit %s 1 1 0" % s] * (i == 1)
            else:
                out += ["sensor_set_value %s %d 0" % (s, value)]
                if record[18]:
                    out += ["sensor_set_threshold %s settable %s %s" % (s, format(record[18], "06b"), hexed(record[36:42]))]
                out += ["sensor_set_event_support %s enable scanning per-state%s" % (s, " 000111111111111" * 4)]
        out += ["main_sdr_add 0x20 " + hexed(record)]
    out += ["main_sdr_add 0x20 " + hexed(locator(1, "Riser")),
            "mc_add_fru_data 0x20 0 %d data %s" % (len(fru()) + 40, hexed(fru())),
            "mc_add_fru_data 0x20 1 64 data " + hexed([1, 0, 0, 0, 0, 0, 0, 0xFF])]
    for kind, number, event, data in EVENTS:
        out += ["sel_add 0x20 0x02 " + hexed(struct.pack("<IHB", 0, 0x20, 4) + bytes([kind, number, event, *data]))]
    return "\n".join(out + ["mc_enable 0x20", ""])


class IpmiSim:
    """Listens at 127.0.0.1:port with USER and PASSWORD until stop(). None where it is not installed."""

    @staticmethod
    def installed():
        return shutil.which("ipmi_sim")

    def __init__(self, folder, preexec):
        self.folder = os.path.join(folder, "ipmi_sim")
        os.makedirs(os.path.join(self.folder, "state"))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        for name, text in (("lan", LAN.format(port=self.port, folder=self.folder)), ("emu", emu()), ("lanctl", LANCTL)):
            with open(os.path.join(self.folder, name), "w") as f:
                f.write(text)
        os.chmod(os.path.join(self.folder, "lanctl"), 0o700)
        self.process = subprocess.Popen(
            ["ipmi_sim", "-c", self.folder + "/lan", "-f", self.folder + "/emu", "-s", self.folder + "/state", "-n"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=preexec)
        self.wait()

    def wait(self):
        """Until it answers Get Channel Authentication Capabilities (IPMI 2.0, 22.13)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.1)
            s.connect(("127.0.0.1", self.port))
            for _ in range(300):
                try:
                    s.send(bytes.fromhex("0600ff07000000000000000000092018c88100388e04b5"))
                    s.recv(100)
                    return
                except OSError:
                    time.sleep(0.1)
        raise RuntimeError("ipmi_sim does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()
