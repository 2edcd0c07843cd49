"""What the IPMI client costs and how it stands a crowd, beside FreeIPMI's ipmipower and ipmitool, against emulated
BMCs in another process on the same cores."""
import ctypes
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess

from benchlib import OBJ, CannotMeasure, Farm, folder, need, row

ENTERPRISES = "/usr/share/misc/enterprise-numbers.txt"
CLONE_NEWNS, MS_BIND, MS_REC, MS_PRIVATE = 0x20000, 4096, 16384, 1 << 18


class ControlledFarm(Farm):
    """A farm whose BMCs can be told to misbehave."""

    def tell(self, **words):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.control)
            s.sendall((json.dumps(words) + "\n").encode())
            if not json.loads(s.makefile().readline())["ok"]:
                raise CannotMeasure("ingot-bmcd refused %s" % words)


def client(farm, *options, first=0, count=None):
    program = os.path.join(OBJ, "tests/bench/ipmi_status")
    need(program)
    words = [program, "--address", farm.address(first), "--step-address", "--port", str(farm.PORT), "--count",
             str(count or farm.count), "--user", farm.USER, "--password", farm.PASSWORD, *options]
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=300, check=False).stdout)


def cpu_us(command, runs):
    """Median CPU of a command."""
    costs = []
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=60, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append((after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1e6)
    return statistics.median(costs)


def ipmipower(farm, count, runs):
    """Per BMC, all in one process, with its best flags; None without it."""
    if not shutil.which("ipmipower"):
        return None
    hosts = ",".join("%s:%d" % (farm.address(i), farm.PORT) for i in range(count))
    command = ["ipmipower", "-D", "LAN_2_0", "-I", "17", "-l", "USER", "-u", farm.USER, "-p", farm.PASSWORD, "-h",
               hosts, "--stat"]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          check=False).stdout
    if said.count(": on") != count:
        raise CannotMeasure("ipmipower: " + said[:200])
    return cpu_us(command, runs) / count


def ipmitool(farm, runs):
    """One process per BMC; None without it."""
    if not shutil.which("ipmitool"):
        return None
    command = ["ipmitool", "-I", "lanplus", "-C", "17", "-L", "USER", "-H", farm.address(0), "-p", str(farm.PORT),
               "-U", farm.USER, "-f", farm.secret, "power", "status"]
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          check=False).stdout
    if "is on" not in said:
        raise CannotMeasure("ipmitool: " + said[:200])
    return cpu_us(command, runs)


def ipmitool_masked(farm, runs):
    """The same with one entry in the list of enterprises that it reads at each start; needs root."""
    if os.geteuid() != 0 or not os.path.exists(ENTERPRISES):
        return None
    short = farm.secret + ".enterprises"
    with open(short, "w") as f:
        f.write("0\n  Reserved\n    IANA\n      iana&iana.org\n")
    down, up = os.pipe()
    child = os.fork()
    if child == 0:
        libc = ctypes.CDLL(None)
        good = (libc.unshare(CLONE_NEWNS) == 0 and libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) == 0 and
                libc.mount(short.encode(), ENTERPRISES.encode(), None, MS_BIND, None) == 0)
        try:
            os.write(up, json.dumps(ipmitool(farm, runs) if good else None).encode())
        finally:
            os._exit(0)
    os.close(up)
    with os.fdopen(down) as f:
        text = f.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def rounds_us(report):
    if report["failed"]:
        raise CannotMeasure("ipmi_status: %d of %d failed: %s" % (report["failed"], report["bmcs"], report["errors"]))
    return [r["cpu_us_per_bmc"] for r in report["rounds"]]


def bench_ipmi(quick):
    """CPU of the IPMI client per power status of 200 BMCs, its own process only."""
    rounds, count = 5 if quick else 25, 200
    with folder() as place, Farm(place, count) as farm:
        fresh17 = statistics.median(rounds_us(client(farm, "--suite", "17", "--rounds", str(rounds))))
        fresh3 = statistics.median(rounds_us(client(farm, "--suite", "3", "--rounds", str(rounds))))
        # the first round opens the sessions
        kept = statistics.median(rounds_us(client(farm, "--keep", "300", "--rounds", str(rounds + 1)))[1:])
        peer = ipmipower(farm, count, 3 if quick else 10)
        tool = ipmitool(farm, 3 if quick else 20)
        masked = ipmitool_masked(farm, 3 if quick else 20)
    peers = [("ipmipower", peer), ("ipmitool", tool), ("ipmitool without its enterprise list", masked)]
    third = peer and round(peer / 3, 1)
    return [row("IPMI client: CPU per power status, fresh session, suite 17", "us", fresh17, 150, peers),
            row("  the same, at most a third of ipmipower", "us", fresh17, third, ("ipmipower", peer)),
            row("IPMI client: CPU per power status, fresh session, suite 3", "us", fresh3, 150),
            row("IPMI client: CPU per power status, kept session", "us", kept, 40)]


def bench_farm(quick):
    """A sweep of 10,000 BMCs: time, memory, an operator's command meanwhile, and silent BMCs among them."""
    count = 1000 if quick else int(os.environ.get("INGOT_FARM") or 10000)
    silent = count // 10
    with folder() as place, ControlledFarm(place, count, control=True) as farm:
        fresh = client(farm, "--suite", "17")
        kept = client(farm, "--keep", "300", "--rounds", "3")
        swept = client(farm, "--probe", "3", "--rounds", "2")
        alone, beside = [], []
        for _ in range(1 if quick else 3):  # by turns, since the machine has its moods
            farm.tell(op="clear", bmc=[0, silent - 1])
            alone.append(client(farm, "--rounds", "2", first=silent, count=count - silent))
            farm.tell(op="fault", bmc=[0, silent - 1], set={"silent": 1})
            beside.append(client(farm, "--rounds", "2"))
    failed = fresh["failed"] + kept["failed"] + swept["failed"] + swept["commands"]["failed"]
    failed += sum(run["failed"] for run in alone) + sum(abs(run["failed"] - silent) for run in beside)

    def alive_ms(runs, which):
        return statistics.median(run["rounds"][which]["alive_ms"] for run in runs)
    least = [("without the silent ones", alive_ms(alone, which)) for which in (0, 1)]
    return [row("IPMI client: sweep of %d BMCs, fresh sessions" % count, "ms", fresh["rounds"][0]["wall_ms"], 10000),
            row("IPMI client: resident with all sessions kept", "MB", kept["resident_kb"] / 1024),
            row("IPMI client: an operator's command during a sweep, p99", "ms", swept["commands"]["p99_ms"], 100),
            row("IPMI client: sweep beside %d silent BMCs, not known before" % silent, "ms",
                alive_ms(beside, 0), round(1.2 * least[0][1], 1), least[0]),
            row("IPMI client: sweep beside %d silent BMCs, known" % silent, "ms", alive_ms(beside, 1),
                round(1.2 * least[1][1], 1), least[1]),
            row("IPMI client: requests that failed and should not have", "", failed, 0)]
