"""Two hundred machines that boot from the network at once (DHCP, TFTP, script, first MiB of the kernel), and the part of it
that is HTTP beside nginx: the same file, the same range, the same client, in the same namespaces."""
import json
import os
import re
import subprocess
import sys

from benchlib import BUILD, OBJ, TOP, CannotMeasure, need, nginx, row

sys.path.insert(0, os.path.join(TOP, "tests/scenarios"))
from bootlab import NS, Lab  # noqa: E402

COUNT = 200
RANGE = "Range: bytes=0-%d" % ((1 << 20) - 1)
NGINX_PORT = 8090
NGINX_MORE = "keepalive_timeout 65; keepalive_requests 100000; open_file_cache max=100;"


def wrk(lab, url, seconds):
    """Fetches of the range in a second, by 200 connections at a time."""
    out = lab.client("wrk", "-t2", "-c%d" % COUNT, "-d%ds" % seconds, "--timeout", "20s", "-H", RANGE, url).decode()
    rate, bad = re.search(r"Requests/sec:\s+([\d.]+)", out), re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if not rate or bad:
        raise CannotMeasure("wrk of %s: %s" % (url, out[-300:]))
    return float(rate.group(1))


def storm(lab):
    r = subprocess.run(["ip", "netns", "exec", NS + "c", sys.executable, os.path.join(TOP, "tests/scenarios/bootstorm.py"),
                        str(COUNT), "c0"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(r.stdout)


def token_url(lab):
    script = lab.curl("http://10.77.0.1:8080/boot/script?mac=52:54:00:5b:ff:ff").decode()
    return "http://10.77.0.1:8080" + re.search(r"/boot/[A-Za-z0-9_-]{43}/kernel", script).group(0)


def http_rows(lab, root, quick):
    seconds, rounds = (2, 1) if quick else (5, 3)
    with nginx(lab.dir, "10.77.0.1:%d" % NGINX_PORT, root, 2, NGINX_MORE, ("ip", "netns", "exec", NS)):
        url, ours, theirs = token_url(lab), [], []
        for _ in range(rounds):  # turn about, so that both see the same machine
            ours.append(wrk(lab, url, seconds))
            theirs.append(wrk(lab, "http://10.77.0.1:%d/vmlinuz" % NGINX_PORT, seconds))
    ours, theirs = sorted(ours)[rounds // 2], sorted(theirs)[rounds // 2]
    return [row("boot HTTP, 200 connections, first MiB of the kernel: time of nginx's", "x", theirs / ours, 1.0,
                [("Ingot, MiB/s", ours), ("nginx, MiB/s", theirs)])]


def bench_storm(quick):
    kernel = os.path.join(BUILD, "agent/vmlinuz")
    bootd = os.path.join(OBJ, "tests/boot/bootd")
    need(kernel, bootd)
    with Lab() as lab:
        lab.address("c0", "10.77.0.252/24")
        if not lab.start("--range", "10.77.0.20,10.77.0.250", "--kernel", kernel, "--ramdisk",
                         os.path.join(BUILD, "agent/initramfs"), "--cmdline", "quiet", "agent"):
            raise CannotMeasure("the boot services did not start")
        result = storm(lab)
        failed = sum(m["error"] is not None for m in result["machines"])
        slowest = {p: max(m["ms"].get(p, 0) for m in result["machines"]) for p in result["machines"][0]["ms"]}
        rows = [row("200 machines boot at once: failed", "", failed, 0),
                row("200 machines boot at once: all have the first MiB of their kernel", "s", result["seconds"],
                    note="slowest, ms: " + ", ".join("%s %.0f" % s for s in slowest.items()))]
        rows += http_rows(lab, os.path.dirname(kernel), quick)
        lab.stop()
        return rows
