#!/usr/bin/env python3
"""Two hundred machines that boot from the network at once: real dnsmasq, in.tftpd and boot HTTP server, simulated
firmware. None fails, every step of every machine is recorded under its MAC, and nobody was given another's token."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bootlab import BOOTD, NS, Lab, run  # noqa: E402
from bootstorm import mac_of  # noqa: E402
from vracklib import SLOW, TOP, Tap, wait_for  # noqa: E402

COUNT = 200
STEPS = {"dhcp-discover", "dhcp-offer", "dhcp-request", "dhcp-ack", "tftp-start", "tftp-end", "file", "script-asked",
         "script-answered", "kernel"}


def main():
    t = Tap()
    if os.geteuid() != 0:
        t.skip_all("makes network namespaces, which needs root")
    if not os.access(BOOTD, os.X_OK):
        t.skip_all("%s is not built" % BOOTD)
    with Lab() as lab:
        for name in ("kernel", "ramdisk"):
            with open(lab.path(name), "wb") as f:
                f.write(os.urandom(3 << 20))
        lab.start("--range", "10.77.0.20,10.77.0.250", "--kernel", lab.path("kernel"), "--ramdisk", lab.path("ramdisk"),
                  "--cmdline", "quiet", "agent")
        r = run("ip", "netns", "exec", NS + "c", sys.executable, os.path.join(TOP, "tests/scenarios/bootstorm.py"),
                str(COUNT), "c0", check=False, timeout=300 * SLOW)
        try:
            result = json.loads(r.stdout)
        except ValueError:
            t.ok(False, "the machines could be played", r.stdout.decode(errors="replace")[-2000:])
            t.done()
        failed = [m for m in result["machines"] if m["error"]]
        t.equal((len(result["machines"]), failed), (COUNT, []), "%d machines boot at once, none fails" % COUNT)
        for phase in ("dhcp", "tftp", "script", "kernel"):
            ms = sorted(m["ms"].get(phase, -1) for m in result["machines"])
            t.diag("%s: median %.0f ms, slowest %.0f ms" % (phase, ms[COUNT // 2], ms[-1]))
        t.diag("all of it: %.1f s" % result["seconds"])

        def recorded():
            seen = {}
            for ev in lab.events():
                if ev["ok"]:
                    seen.setdefault(ev["mac"], set()).add(ev["kind"])
            return [mac_of(i) for i in range(COUNT) if not STEPS <= seen.get(mac_of(i), set())]
        wait_for(lambda: not recorded(), 30)
        t.equal(recorded(), [], "every step of each is recorded under its MAC")
        t.equal([e for e in lab.events() if not e["ok"]], [], "and no step that failed")
        t.equal(lab.stop(), 0, "it ends in order")
    t.done()


main()
