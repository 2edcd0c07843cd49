#!/usr/bin/env python3
"""The ramdisk on a network that has no IPv4: it takes its address by DHCPv6 as the router says, reaches a conductor by
IPv6, and tells it an address in brackets where its commands are taken. Its watchdog is petted meanwhile."""
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import enter_network  # noqa: E402
from vracklib import SLOW, TOP, Tap, end_cleanly, wait_for  # noqa: E402

NS = "ingot6"
UUID = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"
MAC = "52:54:00:77:06:01"
BEATS, ASKED = [], []


class Conductor(http.server.BaseHTTPRequestHandler):
    """As much of the API as an agent needs to report."""
    def log_message(self, *_):
        pass

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        ASKED.append((self.client_address[0], self.path))
        if self.path.startswith("/v1/lookup"):
            self.reply(200, {"node": {"uuid": UUID, "name": "six", "properties": {}, "instance_info": {}, "driver_internal_info": {}},
                             "config": {"heartbeat_timeout": 300, "agent_token": "t" * 43, "agent_token_required": True}})
        else:
            self.reply(200, {"default_version": {"id": "v1", "version": "1.82", "min_version": "1.1"}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        BEATS.append(body)
        self.reply(202, {})


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def run(*args, check=True):
    subprocess.run(args, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def boots(t, work, children):
    log = os.path.join(work, "serial")
    children.append(subprocess.Popen(
        ["dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--bind-interfaces", "--interface=tap0", "--user=root", "--pid-file=", "--enable-ra",
         "--dhcp-leasefile=" + work + "/leases", "--dhcp-range=fd77::100,fd77::1ff,64,1h", "--dhcp-option=option6:dns-server,[fd77::1]"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    children.append(subprocess.Popen(
        ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "512", "-display", "none", "-no-reboot", "-serial", "file:" + log,
         "-kernel", TOP + "/build/agent/vmlinuz", "-initrd", TOP + "/build/agent/initramfs", "-device", "i6300esb",
         "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device", "virtio-net-pci,netdev=n0,mac=" + MAC, "-append",
         "rootfstype=ramfs console=ttyS0 quiet ipa-api-url=http://[fd77::1]:6385 BOOTIF=01-" + MAC.replace(":", "-")],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def said():
        return open(log, errors="replace").read() if os.path.exists(log) else ""
    t.ok(wait_for(lambda: BEATS, 240, 0.5), "an agent reports on a network without IPv4", said()[-3000:])
    url = BEATS[0].get("callback_url", "") if BEATS else ""
    t.ok(url.startswith("https://[fd77::1") and url.endswith("]:9999"), "with an address of DHCPv6, in brackets", url)
    t.ok("fd77::1" in open(work + "/leases").read(), "which the server has given")
    t.ok(ASKED and all(a.startswith("fd77::") for a, _ in ASKED), "everything went by IPv6", ASKED)
    context = ssl.create_default_context(cadata=BEATS[0]["agent_verify_ca"] if BEATS else None)
    try:
        status = json.load(urllib.request.urlopen(url + "/v1/status", timeout=60 * SLOW, context=context))
    except OSError as e:
        status = {"error": repr(e)}
    t.ok("version" in status, "its certificate names that address, and it answers there", status)
    t.ok(wait_for(lambda: "watchdog i6300ESB timer resets this machine" in said(), 60), "its watchdog is petted", said()[-2000:])


def main():
    t = Tap()
    if os.geteuid() != 0:
        t.skip_all("makes a network namespace, which needs root")
    if not os.path.exists(TOP + "/build/agent/initramfs"):
        t.skip_all("build/agent/initramfs is not built")
    end_cleanly()
    work, children = tempfile.mkdtemp(prefix="ingot-six-"), []
    try:
        run("ip", "netns", "add", NS)
        enter_network("/run/netns/" + NS)
        run("ip", "link", "set", "lo", "up")
        run("ip", "tuntap", "add", "tap0", "mode", "tap")
        run("ip", "link", "set", "tap0", "up")
        run("ip", "address", "add", "fd77::1/64", "dev", "tap0", "nodad")
        server = Server(("fd77::1", 6385), Conductor)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        boots(t, work, children)
    finally:
        for p in children:
            p.kill()
            p.wait()
        run("ip", "netns", "delete", NS, check=False)
        shutil.rmtree(work, ignore_errors=True)
    t.done()


main()
