"""How long the agent takes to see what a machine is made of, with four network cards: on this host, and in QEMU, where
the wait for LLDP neighbours, which nobody sends, is taken off."""
import http.server
import json
import os
import statistics
import subprocess
import threading

from benchlib import BUILD, CannotMeasure, folder, need, row, with_parent
from ramdisk import AGENT, AGENT_INIT, Answers, start

CARDS = 4
LLDP_S = 2
INSPECTED = [AGENT_INIT, rb"the hardware was read in (\d+) ms", rb"waited (\d+) ms for LLDP",
             rb"inspection: 2 disks, 4 network interfaces in (\d+) ms"]

# This host's hardware, in a network of its own whose cables look like cards: sysfs shows none for them.
HOST = """set -e
agent=$1 runs=$2 out=$3
mkdir "$out.net"
n=0
for device in $(ls -d /sys/bus/pci/devices/* | tail -n %d); do
	ip link add "card$n" up type veth peer name "peer$n"
	ip link set "peer$n" up
	mkdir "$out.net/card$n"
	ln -s "$(readlink -f "$device")" "$out.net/card$n/device"
	for pair in type=1 carrier=1 speed=10000 "address=$(cat "/sys/class/net/card$n/address")"; do
		echo "${pair#*=}" >"$out.net/card$n/${pair%%%%=*}"
	done
	n=$((n + 1))
done
mount --bind "$out.net" /sys/class/net
exec hyperfine -N --warmup 2 --runs "$runs" --export-json "$out" "$agent inspect --json --collectors all"
""" % CARDS


def guest_hardware(place):
    """Three cards beside the one that is there, two disks, a BMC, and a clock that does not go by the host's speed."""
    words = ["-icount", "shift=0"]
    for i in range(1, CARDS):
        words += ["-netdev", "user,id=n%d" % i, "-device", "virtio-net-pci,netdev=n%d,romfile=" % i]
    for name, device in ("a", "virtio-blk-pci,drive=a,serial=A"), ("b", "nvme,drive=b,serial=B"):
        path = os.path.join(place, name)
        with open(path, "wb") as f:
            f.truncate(8 << 30)
        words += ["-drive", "if=none,id=%s,format=raw,file=%s" % (name, path), "-device", device]
    return words + ["-device", "ipmi-bmc-sim,id=bmc", "-device", "isa-ipmi-kcs,bmc=bmc"]


def in_guest(place, runs):
    """[(kernel's start to /init, inspection without the wait, reading the hardware)], seconds of the guest's clock."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parameters = ("ipa-inspection-callback-url=http://10.0.2.2:%d/v1/continue_inspection ipa-collect-lldp=1 "
                  "ipa-lldp-timeout=%d ipa-inspection-collectors=all" % (server.server_port, LLDP_S))
    found = []
    for _ in range(runs):
        init, read, waited, whole, _ = start(AGENT + "/initramfs", server.server_port, INSPECTED,
                                             hardware=guest_hardware(place), parameters=parameters)
        found.append((init, (whole - waited) / 1000, read / 1000))
    server.shutdown()
    return found


def on_host(place, runs):
    """Median seconds of the whole program, and of its processor time."""
    if os.geteuid() != 0:
        raise CannotMeasure("makes network cards in a namespace, which needs root")
    out = os.path.join(place, "host.json")
    done = subprocess.run(["unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", HOST, "host",
                           os.path.join(BUILD, "ingot-agent"), str(runs), out], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, preexec_fn=with_parent, check=False)
    if done.returncode:
        raise CannotMeasure("hyperfine: " + done.stderr[-300:])
    with open(out, encoding="utf-8") as f:
        result = json.load(f)["results"][0]
    return result["median"], result["user"] + result["system"]


def bench_inspection(quick):
    need(AGENT + "/vmlinuz", AGENT + "/initramfs", os.path.join(BUILD, "ingot-agent"))
    with folder() as place:
        wall, cpu = on_host(place, 5 if quick else 30)
        guest = in_guest(place, 1 if quick else 3)
    init, whole, read = (statistics.median(column) for column in zip(*guest))
    return [row("inspection on this host, four cards, every collector", "s", wall, 1.0, [("of it processor time", cpu)]),
            row("inspection in QEMU, four cards, two disks, BMC; beyond the LLDP wait", "s", whole, 1.0,
                [("the kernel's own to /init, s", init)],
                "by a clock that counts 1 ns for each instruction, so that other work of the host hardly shows in it"),
            row("  of it, reading the hardware", "s", read)]
