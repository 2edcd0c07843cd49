"""Boot services in namespaces: the server's with a bridge, the clients' with one interface, taps for QEMU,
and when asked for the site's own DHCP server on a third host."""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from vracklib import SLOW, TOP, end_all, end_cleanly, wait_for

BOOTD = os.environ.get("INGOT_BOOTD", os.path.join(TOP, "build/obj/release/tests/boot/bootd"))
FIRMWARE = os.environ.get("INGOT_FIRMWARE", os.path.join(TOP, "build/firmware"))
NS = "ingot-boot-%d" % os.getpid()
BIOS_MAC, UEFI_MAC, CLIENT_MAC = "52:54:00:b0:00:01", "52:54:00:b0:00:02", "52:54:00:b0:00:99"

# A DHCP client that asks as firmware would, and prints the answer's options as JSON. Runs in the
# machines' namespace. Message format: RFC 2131 section 2, options: RFC 2132.
DHCP_CLIENT = r"""
import json, socket, struct, sys
kind, mac, arch, ipxe = int(sys.argv[1]), bytes.fromhex(sys.argv[2].replace(':', '')), sys.argv[3], sys.argv[4]
o = bytes([53, 1, kind, 55, 5, 1, 60, 66, 67, 175])
if arch != '-':
    text = b'%sClient:Arch:%05d:UNDI:003000' % (b'HTTP' if arch == '16' else b'PXE', int(arch))
    o += bytes([93, 2]) + struct.pack('!H', int(arch)) + bytes([60, len(text)]) + text
    o += bytes([97, 17]) + bytes(17) + bytes([94, 3, 1, 3, 0])
if ipxe == 'ipxe':
    o += bytes([77, 4]) + b'iPXE' + bytes([175, 3, 177, 1, 1])
if kind == 3:
    o += bytes([50, 4]) + socket.inet_aton(sys.argv[5]) + bytes([54, 4]) + socket.inet_aton('10.77.0.1')
p = struct.pack('!BBBBIHH', 1, 1, 6, 0, int.from_bytes(mac[2:], 'big'), 0, 0x8000) + bytes(16)
p += mac + bytes(10) + bytes(192) + b'\x63\x82\x53\x63' + o + b'\xff'
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'c0')
s.bind(('0.0.0.0', 68))
s.settimeout(5)
s.sendto(p.ljust(300, b'\0'), ('255.255.255.255', 67))
data = s.recv(2000)
out = {'ip': socket.inet_ntoa(data[16:20]), 'file': data[108:236].split(b'\0')[0].decode()}
at = 240
while at < len(data) and data[at] != 255:
    if data[at] == 0:
        at += 1
        continue
    out[str(data[at])] = data[at + 2:at + 2 + data[at + 1]].hex()
    at += 2 + data[at + 1]
print(json.dumps(out))
"""

# Asks for an IPv6 router (RFC 4861 section 4.1) and prints the router lifetime of the answer.
ROUTER_SOLICITATION = r"""
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'c0')
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.settimeout(5)
s.sendto(struct.pack('!BBHI', 133, 0, 0, 0), ('ff02::2', 0, 0, socket.if_nametoindex('c0')))
while True:
    data = s.recv(2000)
    if data[0] == 134:
        print(struct.unpack('!H', data[6:8])[0])
        break
"""


def run(*args, check=True, **kw):
    return subprocess.run(args, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


class Lab:
    """Two namespaces: the server's with a bridge, and the clients' with one interface; taps for QEMU."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="ingot-boot-")
        os.chmod(self.dir, 0o755)
        self.children = []
        self.bootd = None
        end_cleanly()
        try:
            self.make_network()
        except BaseException:
            self.__exit__()
            raise
        return self

    def make_network(self):
        run("ip", "netns", "add", NS)
        run("ip", "netns", "add", NS + "c")

        def ip(text, ns=NS):
            run("ip", "-n", ns, *text.split())
        ip("link set lo up")
        ip("link add br0 type bridge forward_delay 0 stp_state 0")
        ip("link set br0 up")
        ip("address add 10.77.0.1/24 dev br0")
        ip("address add fd77::1/64 dev br0 nodad")
        ip("link add v0 type veth peer name c0 netns %sc" % NS)
        ip("link set v0 master br0 up")
        ip("link set lo up", NS + "c")
        ip("link set c0 address %s" % CLIENT_MAC, NS + "c")
        ip("link set c0 addrgenmode none", NS + "c")
        ip("link set c0 up", NS + "c")
        ip("address add fe80::99/64 dev c0 nodad", NS + "c")
        for tap in ("tap0", "tap1"):
            ip("tuntap add %s mode tap" % tap)
            ip("link set %s master br0 up" % tap)

    def __exit__(self, *a):
        end_all(self.children + ([self.bootd] if self.bootd else []))
        for ns in (NS, NS + "c", NS + "d"):
            run("ip", "netns", "delete", ns, check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self, *args):
        self.events_path = self.path("events-%d" % len(os.listdir(self.dir)))
        self.bootd = subprocess.Popen(
            ["ip", "netns", "exec", NS, BOOTD, "--interface", "br0", "--state-dir", self.path("state"),
             "--firmware", FIRMWARE + ":/usr/lib/ipxe", *args],
            stdout=open(self.events_path, "w"), stderr=open(self.path("stderr"), "a"))
        return wait_for(lambda: self.find("service", "dnsmasq: started") or self.bootd.poll() is not None, 10)

    def events(self):
        with open(self.events_path) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]

    def find(self, kind, detail="", mac=None, ok=None):
        for ev in self.events():
            if ev["kind"] == kind and detail in ev["detail"] and (mac is None or ev["mac"] == mac) and \
                    (ok is None or ev["ok"] == ok):
                return ev
        return None

    def wait(self, kind, detail="", mac=None, ok=None, limit=10):
        return wait_for(lambda: self.find(kind, detail, mac, ok), limit)

    def stop(self, sig=signal.SIGTERM):
        self.bootd.send_signal(sig)
        try:
            self.bootd.wait(timeout=10 * SLOW)
        except subprocess.TimeoutExpired:
            return None
        return self.bootd.returncode

    def address(self, interface, address):
        """One more address for the clients."""
        run("ip", "-n", NS + "c", "address", "add", address, "dev", interface)

    def client(self, *args):
        r = run("ip", "netns", "exec", NS + "c", *args, check=False)
        return r.stdout

    def dhcp(self, kind, arch, ipxe="", mac=CLIENT_MAC, ip=""):
        out = self.client("python3", "-c", DHCP_CLIENT, str(kind), mac, str(arch), ipxe or "-", ip)
        try:
            return json.loads(out)
        except ValueError:
            return {"error": out.decode()}

    def curl(self, url, *args):
        return self.client("curl", "-s", "-g", "--path-as-is", *args, url)

    def status(self, url, *args):
        return self.client("curl", "-s", "-g", "--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", *args,
                           url).decode()

    def qemu(self, name, *args):
        console = self.path(name + ".console")
        p = subprocess.Popen(
            ["ip", "netns", "exec", NS, "qemu-system-x86_64", "-accel", "tcg", "-display", "none", "-vga", "none",
             "-serial", "file:" + console, "-monitor", "none", "-m", "512", *args], stdin=subprocess.DEVNULL)
        self.children.append(p)

        def text():
            with open(console, "rb") as f:
                return f.read().decode("latin1")
        return p, text

    def services(self):
        """Processes whose command line names this scenario's folder, other than bootd itself."""
        found = []
        for pid in os.listdir("/proc"):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode("latin1")
            except (OSError, ValueError):
                continue
            if self.dir in line and ("dnsmasq" in line or "in.tftpd" in line) and "--interface" not in line:
                found.append((int(pid), line))
        return found


class Foreign:
    """The site's own DHCP server, on a host of its own: addresses and nothing about booting."""

    def __init__(self, lab):
        self.ns = NS + "d"
        run("ip", "netns", "add", self.ns)
        for words in ("link add v1 type veth peer name d0 netns " + self.ns, "link set v1 master br0 up"):
            run("ip", "-n", NS, *words.split())
        for words in ("link set lo up", "link set d0 up", "address add 10.77.0.2/24 dev d0"):
            run("ip", "-n", self.ns, *words.split())
        self.log = lab.path("foreign.log")
        lab.children.append(subprocess.Popen(
            ["ip", "netns", "exec", self.ns, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
             "--interface=d0", "--bind-interfaces", "--user=root", "--dhcp-authoritative", "--no-ping", "--log-dhcp",
             "--dhcp-range=10.77.0.150,10.77.0.160,255.255.255.0,1h", "--dhcp-leasefile=" + lab.path("foreign.leases"),
             "--log-facility=" + self.log, "--pid-file=" + lab.path("foreign.pid")]))
        wait_for(lambda: os.path.exists(self.log) and "started" in open(self.log).read(), 10)

    def gave(self, mac):
        """The address it acknowledged to that MAC."""
        found = re.findall(r"DHCPACK\(d0\) (\S+) " + mac, open(self.log).read())
        return found[-1] if found else None

    def end(self, lab):
        lab.children[-1].kill()
        lab.children.pop().wait()
        run("ip", "netns", "delete", self.ns, check=False)
