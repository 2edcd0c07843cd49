"""The agent's kernel and ramdisk: their bytes, the time from the kernel's first line to a heartbeat that the conductor
took, beside the kernel's own time to /init, and the least memory in which a machine is deployed."""
import functools
import http.server
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading

from benchlib import BUILD, TOP, CannotMeasure, end, folder, need, row, with_parent

AGENT = os.path.join(BUILD, "agent")
MAC = "52:54:00:78:00:09"
LIMIT_S = 120 * float(os.environ.get("INGOT_SLOW", "1"))
MEMORY_MB = (512, 384, 320, 288, 256, 224, 192, 160, 128)  # what rack files may say; the target is 256

# Process 1 of the ramdisk beside: it says how long the kernel took to get here, and nothing else.
MINIMAL = """#include <stdio.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	printf("init after %.2f s\\n", t.tv_sec + t.tv_nsec / 1e9);
	fflush(stdout);
	reboot(RB_POWER_OFF);
}
"""
INIT = rb"init after ([\d.]+) s"
HEARTBEAT = rb"first heartbeat taken, ([\d.]+) s after the kernel's start"
AGENT_INIT = rb"Ingot agent \S+, ([\d.]+) s after the kernel's start"


def bench_size(quick):
    """Kernel and ramdisk as machines load them, and what they are made of."""
    paths = [os.path.join(AGENT, n) for n in ("vmlinuz", "initramfs")]
    need(*paths)
    kernel, ramdisk = (os.path.getsize(p) for p in paths)
    total = kernel + ramdisk
    note = "%d bytes, %.2f MiB; kernel %.2f MB, ramdisk %.2f MB" % (total, total / 2**20, kernel / 1e6, ramdisk / 1e6)
    with open(os.path.join(AGENT, "manifest.txt")) as f:
        unpacked = re.search(r"^unpacked (\d+) bytes", f.read(), re.M)
    return [row("kernel and ramdisk, MB of 1,000,000 bytes", "MB", total / 1e6, 24,
                [("claimed by one vendor", 45), ("IPA's packages", 251)], note)] + (
        [row("ramdisk unpacked, in memory", "MB", int(unpacked.group(1)) / 1e6)] if unpacked else [])


class Answers(http.server.BaseHTTPRequestHandler):
    """As little of a conductor as the agent needs to have its heartbeat taken (contract: 4.2 to 4.4), so that what
    is measured is the machine."""
    protocol_version = "HTTP/1.1"
    NODE = {"uuid": "7d3bb5b2-0f0c-4c6f-9d4b-0f6f6f1c0a01", "properties": {}, "instance_info": {},
            "driver_internal_info": {}}
    CONFIG = {"heartbeat_timeout": 300, "agent_token": "t" * 43, "agent_token_required": True}

    def log_message(self, *_):
        pass

    def answer(self, status, body=None):
        data = json.dumps(body).encode() if body else b""
        self.send_response(status)
        for name, value in (("Content-Length", len(data)), ("Content-Type", "application/json"),
                            ("X-OpenStack-Ironic-API-Minimum-Version", "1.1"),
                            ("X-OpenStack-Ironic-API-Maximum-Version", "1.82")):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path.startswith("/v1/lookup"):
            self.answer(200, {"node": self.NODE, "config": self.CONFIG})
        else:
            version = {"id": "v1", "min_version": "1.1", "version": "1.82", "status": "CURRENT", "links": []}
            self.answer(200, {"id": "v1", "default_version": version, "versions": [version], "version": version})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(202)


def minimal_ramdisk(place):
    """A ramdisk of one static program, and the console that it writes to."""
    with open(os.path.join(place, "init.c"), "w") as f:
        f.write(MINIMAL)
    root = os.path.join(place, "root")
    os.makedirs(root + "/dev")
    os.mknod(root + "/dev/console", 0o600 | 0o020000, os.makedev(5, 1))
    subprocess.run(["gcc", "-static", "-Os", "-s", "-o", root + "/init", place + "/init.c"], check=True)
    path = os.path.join(place, "minimal")
    with open(path, "wb") as f:
        subprocess.run("find . | cpio -o -H newc --quiet", shell=True, cwd=root, stdout=f, check=True)
    return path


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as f:
        fields = f.read().rpartition(")")[2].split()  # proc(5): utime and stime are the 14th and 15th
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(ramdisk, port, wanted, kernel=AGENT + "/vmlinuz", hardware=(), parameters=""):
    """Boots QEMU with this ramdisk until the console shows the last of the patterns; gives what each caught, and the
    seconds of processor time that QEMU had needed by then. `hardware` is more words for QEMU, `parameters` more for
    the kernel."""
    words = ["qemu-system-x86_64", "-accel", "tcg", "-no-user-config", "-nodefaults", "-display", "none", "-vga", "none",
             "-machine", "q35,graphics=off", "-cpu", "qemu64,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt", "-m", "1024",
             "-serial", "stdio", "-no-reboot", "-kernel", kernel, "-initrd", ramdisk, "-netdev", "user,id=n0",
             "-device", "virtio-net-pci,netdev=n0,romfile=,mac=" + MAC, "-append",
             "rootfstype=ramfs console=ttyS0,115200n8 quiet ipa-api-url=http://10.0.2.2:%d BOOTIF=%s %s"
             % (port, MAC, parameters), *hardware]
    machine = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               preexec_fn=with_parent)
    timer = threading.Timer(LIMIT_S, machine.kill)
    timer.start()
    text = b""
    try:
        while not re.search(wanted[-1], text):
            more = os.read(machine.stdout.fileno(), 65536)
            if not more:
                raise CannotMeasure("the machine ended, or said nothing for %.0f s: ...%s" % (
                    LIMIT_S, text[-300:].decode(errors="replace")))
            text += more
        cpu_s = cpu_seconds(machine.pid)
    finally:
        timer.cancel()
        end(machine)
        machine.stdout.close()
    return [float(re.search(w, text)[1]) for w in wanted] + [cpu_s]


def bench_start(quick):
    """Both by the clock of the machine, which starts with the kernel; in turns, so that others' work meets both."""
    if os.geteuid() != 0:
        raise CannotMeasure("makes a device node for the minimal ramdisk, which needs root")
    need(AGENT + "/vmlinuz", AGENT + "/initramfs")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    minimal, inits, beats, shares = [], [], [], []
    with folder() as place:
        beside = minimal_ramdisk(place)
        boot = functools.partial(start, port=server.server_port)
        for _ in range(1 if quick else 3):
            own, own_cpu = boot(beside, wanted=[INIT])
            init, beat, cpu = boot(AGENT + "/initramfs", wanted=[AGENT_INIT, HEARTBEAT])
            for values, value in ((minimal, own), (inits, init), (beats, beat), (shares, cpu / own_cpu)):
                values.append(value)
    server.shutdown()
    own, init, beat = (statistics.median(times) for times in (minimal, inits, beats))
    return [row("kernel's start to accepted heartbeat, of the kernel's own to /init", "times", beat / own, 2.0,
                [("the kernel's own, s", own)]),
            row("  the same by QEMU's processor time, which others' work hardly changes", "times", statistics.median(shares)),
            row("kernel's start to /init, the ramdisk unpacked", "s", init),
            row("kernel's start to accepted heartbeat", "s", beat)]


def failed_in(memory_mb):
    """What fails first with a machine of so much memory; None when it is deployed."""
    test = subprocess.Popen([sys.executable, os.path.join(TOP, "tests/scenarios/all/least_memory.t")],
                            env=dict(os.environ, INGOT_MEMORY_MB=str(memory_mb)), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                            preexec_fn=lambda: with_parent(signal.SIGTERM))
    try:
        said = test.communicate()[0]
    finally:
        end(test)  # so that it cleans up, also when the time is over
    if said.startswith("1..0"):
        raise CannotMeasure("the scenario was skipped: " + said[:200])
    if test.returncode == 0:
        return None
    return next((line for line in said.splitlines() if line.startswith("not ok")), "it ended with %d" % test.returncode)


def bench_memory(quick):
    """The least of MEMORY_MB in which the scenario passes: halving, for less memory is never better."""
    low, high = 0, len(MEMORY_MB)  # MEMORY_MB[:low] are known to be enough, MEMORY_MB[high:] not to be
    note = None
    while low < high:
        middle = (low + high) // 2
        failure = failed_in(MEMORY_MB[middle])
        if failure:
            high, note = middle, "with %d MB: %s" % (MEMORY_MB[middle], failure)
        else:
            low = middle + 1
    least = MEMORY_MB[low - 1] if low else None
    return [row("least memory for UEFI network boot, inspection, 10 GiB qcow2", "MB", least, 256,
                ("Ironic's agent, as documented", 3072), note)]
