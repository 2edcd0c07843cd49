"""The agent's ramdisk started by QEMU itself (-kernel, -initrd), without firmware or boot services: for scenarios about
what happens between the kernel and the first heartbeat.

`with Direct("name") as d:` moves the script into a network namespace of its own, with a folder `d.work`; everything it
starts ends with it. `d.conduct(address)` is as much of a conductor as an agent needs to report."""
import http.server
import ipaddress
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from corridorlib import enter_network  # noqa: E402
from simlib import send_json, with_parent  # noqa: E402
from vracklib import SLOW, TOP, end_all, end_cleanly  # noqa: E402

PORT = 6385
UUID = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123"
QEMU = ["qemu-system-x86_64", "-accel", "tcg", "-machine", "q35", "-m", "512", "-display", "none", "-no-reboot",
        "-kernel", TOP + "/build/agent/vmlinuz"]
CMDLINE = "rootfstype=ramfs console=ttyS0 quiet "


def need_ramdisk(tap):
    if os.geteuid() != 0:
        tap.skip_all("makes a network namespace, which needs root")
    if not os.path.exists(TOP + "/build/agent/initramfs"):
        tap.skip_all("build/agent/initramfs is not built")


class Handler(http.server.BaseHTTPRequestHandler):
    """Lookup and heartbeats."""
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append((self.client_address[0], self.path))
        if self.path.startswith("/v1/lookup"):
            send_json(self, 200, {"node": {"uuid": UUID, "name": "direct", "properties": {}, "instance_info": {}, "driver_internal_info": {}},
                             "config": {"heartbeat_timeout": 300, "agent_token": "t" * 43, "agent_token_required": True}})
        else:
            send_json(self, 200, {"default_version": {"id": "v1", "version": "1.82", "min_version": "1.1"}})

    def do_POST(self):
        self.server.beats.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        send_json(self, 202, {})


class Conductor(http.server.ThreadingHTTPServer):
    """`asked` is (address, path) of each GET, `beats` the heartbeats."""
    daemon_threads = True

    def __init__(self, address):
        self.address_family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        self.asked, self.beats = [], []
        super().__init__((address, PORT), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def callback(self):
        return self.beats[0].get("callback_url", "") if self.beats else ""

    def agent_status(self):
        """What the agent answers, where it said and with the certificate that it showed; or what was in the way."""
        try:
            context = ssl.create_default_context(cadata=self.beats[0]["agent_verify_ca"] if self.beats else None)
            return json.load(urllib.request.urlopen(self.callback() + "/v1/status", timeout=60 * SLOW, context=context))
        except (OSError, ValueError) as e:
            return {"error": repr(e)}


class Direct:
    def __init__(self, name):
        self.netns = "%s%d" % (name, os.getpid())
        self.children = []
        self.work = self.home = self.conductor = self.machine = None

    def __enter__(self):
        end_cleanly()
        self.work = tempfile.mkdtemp(prefix="ingot-direct-")
        try:
            self.run("ip", "netns", "add", self.netns)
            self.home = "/proc/%d/ns/net" % os.getppid()
            enter_network("/run/netns/" + self.netns)
            self.run("ip", "link", "set", "lo", "up")
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        end_all(self.children)
        if self.conductor:
            self.conductor.shutdown()
            self.conductor.server_close()
        if self.home:
            enter_network(self.home)
        self.run("ip", "netns", "delete", self.netns, check=False)
        shutil.rmtree(self.work, ignore_errors=True)

    @staticmethod
    def run(*args, check=True):
        subprocess.run(args, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def spawn(self, *args, **kw):
        kw = dict({"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}, **kw)
        self.children.append(subprocess.Popen(args, preexec_fn=with_parent, **kw))
        return self.children[-1]

    def conduct(self, address):
        self.conductor = Conductor(address)
        return self.conductor

    def boot(self, cmdline, *devices, initrd=TOP + "/build/agent/initramfs", monitor=""):
        """Starts the machine; `monitor` is told to QEMU's monitor before it runs."""
        self.run("mkfifo", self.work + "/monitor.in", self.work + "/monitor.out")
        with open(self.work + "/serial", "wb") as serial:
            self.machine = self.spawn(*QEMU, "-S", "-initrd", initrd, "-append", CMDLINE + cmdline, *devices, "-serial", "stdio",
                                      "-chardev", "pipe,id=m,path=%s/monitor" % self.work, "-mon", "chardev=m",
                                      stdin=subprocess.PIPE, stdout=serial)
        with open(self.work + "/monitor.in", "w") as f:
            f.write(monitor + "\ncont\n")

    def type(self, text):
        """At the machine's serial port."""
        self.machine.stdin.write(text.encode())
        self.machine.stdin.flush()

    def said(self):
        """What the serial port has shown."""
        with open(self.work + "/serial", errors="replace") as f:
            return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]", "", f.read())
