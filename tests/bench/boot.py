"""From power button to running system: the demo with one machine alone, beside the same kernel and ramdisk booted by
a hand-written minimal configuration (dnsmasq, a static HTTP server, QEMU), so that one sees what the conductor adds."""
import functools
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

from benchlib import BUILD, TOP, CannotMeasure, end, folder, need, row, with_parent

AGENT_STARTED, AGENT_LEASE = b"Ingot agent ", b" has address "
HOST, V6 = "10.78.0.1", "fd78::"
MAC = "52:54:00:78:00:01"
LIMIT_S = 300
COLD = ["--conf", "[agent]\\nfast_track = false", "--image", os.path.join(BUILD, "system/system.img")]
DEMO_MACHINES = {"bios": "r1u01", "uefi": "r1u02"}

# Ironic 29.0.5 and its agent 10.2 on a machine of this kind, recorded earlier: BIOS, raw image of 300 MB
IRONIC_ALL, IRONIC_DEPLOY = ("Ironic, as recorded", 442), ("Ironic, as recorded", 178.6)

DNSMASQ = """port=0
bind-interfaces
interface=tap0
user=root
no-ping
log-dhcp
log-facility={place}/dnsmasq.log
dhcp-leasefile={place}/leases
pid-file=
dhcp-range={net}50,{net}90,255.255.255.0,1h
enable-tftp
tftp-root={place}
dhcp-match=set:ipxe,175
dhcp-match=set:efi,option:client-arch,7
dhcp-match=set:efi,option:client-arch,9
dhcp-boot=tag:ipxe,http://{host}:8080/boot.ipxe
dhcp-boot=tag:efi,tag:!ipxe,snponly.efi
dhcp-option=tag:ipxe,encap:175,176,1b
enable-ra
dhcp-range={v6},ra-only
ra-param=tap0,10,0
"""

PARAMETERS = "rootfstype=ramfs console=ttyS0,115200n8 console=tty0 quiet"  # the conductor's own
SCRIPT = """#!ipxe
kernel http://{host}:8080/vmlinuz initrd=initramfs {parameters} ipa-api-url=http://{host}:8080 BOOTIF={mac}
initrd http://{host}:8080/initramfs
boot
"""


class Bare:
    """A namespace with one tap, and in it what is least needed to boot a machine."""

    def __init__(self, place):
        self.place, self.netns, self.children = place, "ingot-bench-%d" % os.getpid(), []
        for name in ("vmlinuz", "initramfs"):
            os.symlink(os.path.join(BUILD, "agent", name), os.path.join(place, name))
        shutil.copy("/usr/lib/ipxe/snponly.efi", place)
        with open(os.path.join(place, "boot.ipxe"), "w") as f:
            f.write(SCRIPT.format(host=HOST, mac=MAC, parameters=PARAMETERS))
        with open(os.path.join(place, "dnsmasq.conf"), "w") as f:
            f.write(DNSMASQ.format(place=place, host=HOST, net=HOST[:-1], v6=V6))

    def __enter__(self):
        subprocess.run(["ip", "netns", "add", self.netns], check=True)
        try:
            for words in ("link set lo up", "tuntap add tap0 mode tap", "addr add %s/24 dev tap0" % HOST,
                          "addr add %s1/64 dev tap0 nodad" % V6, "link set tap0 up"):
                subprocess.run(["ip", "-n", self.netns] + words.split(), check=True)
            self.spawn("dnsmasq", "--keep-in-foreground", "--conf-file=%s/dnsmasq.conf" % self.place)
            self.spawn(sys.executable, "-m", "http.server", "8080", "--bind", HOST, "--directory", self.place)
            time.sleep(1)
            if any(c.poll() is not None for c in self.children):
                raise CannotMeasure("dnsmasq or the HTTP server ended")
        except BaseException:
            self.__exit__()
            raise
        return self

    def spawn(self, *words, **more):
        child = subprocess.Popen(["ip", "netns", "exec", self.netns, *words], stdin=subprocess.DEVNULL,
                                 stdout=more.get("stdout", subprocess.DEVNULL), stderr=subprocess.DEVNULL,
                                 preexec_fn=with_parent)
        self.children.append(child)
        return child

    def __exit__(self, *_):
        for child in reversed(self.children):
            end(child)
        subprocess.run(["ip", "netns", "del", self.netns], check=False)


def bare_qemu(place, firmware):
    """The same machine as in the demo's rack."""
    words = ["qemu-system-x86_64", "-accel", "tcg", "-no-user-config", "-nodefaults", "-display", "none", "-vga",
             "none", "-cpu", "qemu64,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt", "-smp", "1", "-m", "1024", "-serial",
             "stdio", "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device",
             "virtio-net-pci,netdev=n0,bootindex=1,mac=" + MAC + (",romfile=" if firmware == "uefi" else "")]
    if firmware == "bios":
        return words + ["-machine", "pc,graphics=off"]
    shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", place)
    return words + ["-machine", "q35,graphics=off", "-drive",
                    "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd", "-drive",
                    "if=pflash,format=raw,unit=1,file=%s/OVMF_VARS_4M.fd" % place]


def bare_boot(firmware):
    """Seconds from power-on to the agent's first line on the console and to its lease."""
    with folder() as place, Bare(place) as bare:
        began, seen, text = time.monotonic(), {}, b""
        machine = bare.spawn(*bare_qemu(place, firmware), stdout=subprocess.PIPE)
        timer = threading.Timer(LIMIT_S, machine.kill)
        timer.start()
        try:
            while AGENT_LEASE not in seen:
                more = os.read(machine.stdout.fileno(), 65536)
                if not more:
                    raise CannotMeasure("the bare machine ended, or was silent for %d s: ...%s"
                                        % (LIMIT_S, text[-200:].decode(errors="replace")))
                text += more
                for mark in (AGENT_STARTED, AGENT_LEASE):
                    if mark in text:
                        seen.setdefault(mark, time.monotonic() - began)
        finally:
            timer.cancel()
    return {"agent_s": seen[AGENT_STARTED], "lease_s": seen[AGENT_LEASE]}


class Watch(threading.Thread):
    """Notes when a machine of a rack is switched on and what its console says then."""

    def __init__(self, place, machine):
        super().__init__(daemon=True)
        self.files = [os.path.join(place, "rack", machine, name) for name in ("qemu.log", "console.log")]
        self.events, self.ended = [], threading.Event()

    def run(self):
        marks, known = ((b"qemu-system-x86_64 ",), (AGENT_STARTED, AGENT_LEASE)), {}
        while not self.ended.wait(0.05):
            for path, wanted in zip(self.files, marks):
                try:
                    with open(path, "rb") as f:
                        text = f.read()
                except OSError:
                    continue
                for mark in wanted:
                    for _ in range(text.count(mark) - known.get(mark, 0)):
                        self.events.append((time.monotonic(), mark))
                    known[mark] = text.count(mark)

    def boots(self):
        """For each boot of the agent: seconds from power-on to its first line and to its lease."""
        result, on = [], None
        for at, mark in self.events:
            if mark == AGENT_STARTED and on:
                result.append({"agent_s": at - on})
            elif mark == AGENT_LEASE and result and on:
                result[-1].setdefault("lease_s", at - on)
            elif mark not in (AGENT_STARTED, AGENT_LEASE):
                on = at
        return result


def demo(firmware, cold):
    """One machine of the demo, alone on this computer; its report and what its console showed when."""
    name = DEMO_MACHINES[firmware]
    place = os.path.join(BUILD, "bench/demo-%s%s" % (firmware, "-cold" if cold else ""))
    shutil.rmtree(place, ignore_errors=True)
    watch = Watch(place, name)
    watch.start()
    words = [sys.executable, os.path.join(TOP, "tests/scenarios/demo.py"), "--quiet", "--only", name, "--dir", place]
    child = subprocess.Popen(words + (COLD if cold else []), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True,
                             preexec_fn=functools.partial(with_parent, signal.SIGTERM))
    try:
        said, _ = child.communicate(timeout=1500)
    finally:
        end(child, 40)
        watch.ended.set()
        watch.join()
        for disk in glob.glob(os.path.join(place, "rack/*/disk*.raw")):  # the logs stay, to see where time goes
            os.unlink(disk)
    if child.returncode:
        raise CannotMeasure("the demo failed: " + said[-500:])
    with open(os.path.join(place, "report.json")) as f:
        return json.load(f)["machines"][0], watch.boots()


def bench_demo(firmware, cold):
    """`cold` is how the peer was timed: the agent is booted for each of inspection, cleaning and deploy, and the
    image is raw. Without it the demo is as it is: the agent stays (fast track), the image is compressed."""
    if os.geteuid() != 0:
        raise CannotMeasure("makes network namespaces, which needs root")
    need(os.path.join(BUILD, "agent/initramfs"), os.path.join(BUILD, "system/system.img"),
         os.path.join(BUILD, "ingot-vrack"), os.path.join(BUILD, "ingotd"))
    bare = bare_boot(firmware)
    machine, boots = demo(firmware, cold)
    name = "demo, %s%s" % (firmware, ", cold" if cold else "")
    walk, phases = machine["walk_s"], machine["phases_s"]
    bios = firmware == "bios"
    deploy = walk["deploy"] + walk["first boot"]
    rows = [row(name + ": enrolment to phone-home", "s", machine["total_s"], 60 if bios else None,
                IRONIC_ALL if bios and cold else None),
            row(name + ": deploy request to running system", "s", deploy, 30 if bios else None,
                IRONIC_DEPLOY if bios and cold else None)]
    rows += [row("%s:   %s, as the operator waits" % (name, k), "s", v) for k, v in walk.items()]
    rows += [row("%s:   %s, by the conductor's record" % (name, k), "s", v) for k, v in phases.items()]
    for i, boot in enumerate(boots):
        rows.append(row("%s:   boot %d, power-on to the agent's first line" % (name, i + 1), "s",
                        boot["agent_s"], None, ("bare", bare["agent_s"])))
        if "lease_s" in boot:
            rows.append(row("%s:   boot %d, power-on to the agent's lease" % (name, i + 1), "s",
                            boot["lease_s"], None, ("bare", bare["lease_s"])))
    return rows


def bench_bare(quick):
    """The hand-written minimal configuration alone."""
    rows = []
    for firmware in ("bios",) if quick else ("bios", "uefi"):
        got = bare_boot(firmware)
        rows.append(row("bare boot, %s: power-on to the agent's first line" % firmware, "s", got["agent_s"]))
        rows.append(row("bare boot, %s: power-on to the agent's lease" % firmware, "s", got["lease_s"]))
    return rows
