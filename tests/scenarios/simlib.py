"""Simulated machines, for scenarios that need neither root nor QEMU.

A machine is one BMC of ingot-bmcd, a firmware in Python that does what iPXE would (boot flags,
/boot.ipxe, /boot/script, kernel, ramdisk), the real ingot-agent as an ordinary process on files
instead of disks, and a "deployed system" that reads its config drive and phones home. All of it is
on loopback, on ports that are free, and ends with `with Sim() as sim:`.

INGOT_BUILD names the folder of the programs: build (default), build/asan, build/tsan ...
INGOT_SEED makes a run's random choices those of an earlier one; each run prints its seed.
"""
import base64
import ctypes
import hashlib
import http.client
import http.server
import json
import os
import random
import re
import shutil
import signal
import sys
import socket
import struct
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib

from vracklib import SLOW, TOP, Tap, end_cleanly, wait_for  # noqa: F401 (scenarios take them from here)

BUILD = os.path.join(TOP, os.environ.get("INGOT_BUILD", "build"))
VARIANT = os.path.basename(BUILD.rstrip("/"))
OBJ = os.path.join(TOP, "build/obj", "release" if VARIANT == "build" else VARIANT)
BMC_USER, BMC_PASSWORD = "admin", "sim-secret"
API_VERSION = "1.110"
GIB = 1 << 30
BOOT_TIMEOUT_S = 15
LOST = (OSError, http.client.HTTPException)  # what a server that ends in the middle looks like
SEED = int(os.environ.get("INGOT_SEED") or random.SystemRandom().randrange(1, 1 << 31))
RANDOM = random.Random(SEED)


def own_loopback():
    """A loopback of this script's own, so that no other program takes the ports of a server that is away
    for a moment; before any thread is started. Without root it has to do without."""
    new_network = 0x40000000  # CLONE_NEWNET
    if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).unshare(new_network) == 0:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def need_programs(tap):
    """What a scenario begins with."""
    own_loopback()
    tap.diag("seed %d (INGOT_SEED=%d repeats its choices)" % (SEED, SEED))
    for name in ("ingotd", "ingot-agent"):
        if not os.access(os.path.join(BUILD, name), os.X_OK):
            tap.skip_all("%s/%s is not built" % (BUILD, name))
    if not os.access(os.path.join(OBJ, "tests/bmc/ingot-bmcd"), os.X_OK):
        tap.skip_all("ingot-bmcd is not built")


def with_parent():
    """In a child: end when the parent does, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def free_port():
    """One below those that connections are given: while its server is away nobody else may get it."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def reaper(process):
    if process and process.poll() is None:
        process.kill()
    if process:
        process.wait()


# --- images ----------------------------------------------------------------------------------------

def make_image(size_mib=8, seed=7):
    """A disk image as bytes: GPT with one partition of noise and zeroes, bootable for our firmware."""
    sectors = size_mib * 2048
    rnd = random.Random(seed)
    disk = bytearray(sectors * 512)
    disk[0:8] = b"BOOTLDR1"
    disk[446:462] = struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xee, 255, 255, 255, 1, sectors - 1)
    disk[510:512] = b"\x55\xaa"
    first, last = 2048, sectors - 2049
    entry = (uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le + uuid.UUID(int=seed + 1).bytes_le +
             struct.pack("<QQQ", first, last, 0) + "system".encode("utf-16le").ljust(72, b"\0"))
    entries = entry.ljust(128 * 128, b"\0")
    disk_id = uuid.UUID(int=seed + 2).bytes_le

    def header(mine, other, table):
        head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, mine, other, 34, sectors - 34,
                           disk_id, table, 128, 128, zlib.crc32(entries))
        return head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
    disk[512:512 + 92] = header(1, sectors - 1, 2)
    disk[1024:1024 + len(entries)] = entries
    disk[(sectors - 33) * 512:(sectors - 1) * 512] = entries
    disk[(sectors - 1) * 512:(sectors - 1) * 512 + 92] = header(sectors - 1, 1, sectors - 33)
    for at in range(first * 512, last * 512, 2 << 20):  # one MiB of noise in every two
        disk[at:at + (1 << 20)] = rnd.randbytes(min(1 << 20, (last + 1) * 512 - at))
    return bytes(disk)


def read_at(path, offset, size):
    with open(path, "rb") as f:
        f.seek(offset)
        return f.read(size)


def mbr_partitions(path, sector):
    """The primary ones; an MBR that only protects a GPT has none."""
    head = read_at(path, 0, 512)
    entries = [head[446 + i * 16:462 + i * 16] for i in range(4)] if head[510:512] == b"\x55\xaa" else []
    return [tuple(sector * n for n in struct.unpack("<II", e[8:16])) for e in entries if e[4] not in (0, 0xee)]


def partitions(path, sector=512):
    """[(first byte, size in bytes)] of the disk's primary GPT, else of its MBR; [] when there is none."""
    head = read_at(path, sector, 92)
    if head[:8] != b"EFI PART":
        return mbr_partitions(path, sector)
    table, count, size = struct.unpack("<QII", head[72:88])
    entries = read_at(path, table * sector, count * size)
    result = []
    for i in range(count):
        e = entries[i * size:(i + 1) * size]
        first, last = struct.unpack("<QQ", e[32:48])
        if any(e[:16]):
            result.append((first * sector, (last - first + 1) * sector))
    return result


def config_drive(path):
    """(offset, ISO bytes) of the partition that holds a file system labelled config-2, or None."""
    for offset, size in partitions(path):
        volume = read_at(path, offset + 16 * 2048, 2048)
        if volume[1:6] == b"CD001" and volume[40:72].strip() == b"config-2":
            blocks = struct.unpack("<I", volume[80:84])[0]
            return offset, read_at(path, offset, min(size, blocks * 2048))
    return None


def iso_file(iso, name):
    done = subprocess.run(["bsdtar", "-xOf", "-", name], input=iso, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    return done.stdout


# --- servers that the conductor and the agents talk to ----------------------------------------------

class QuietServer(http.server.ThreadingHTTPServer):
    """Clients that end in the middle of a transfer are what these stories are about."""
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, ValueError)):
            super().handle_error(request, client_address)


def send_json(h, status, body):
    """The whole answer of a request handler."""
    data = json.dumps(body).encode()
    h.send_response(status)
    h.send_header("Content-Type", "application/json")
    h.send_header("Content-Length", str(len(data)))
    h.end_headers()
    h.wfile.write(data)


class Server:
    """An HTTP server in a thread, on a free port of loopback, that can be taken down and up again."""

    def __init__(self, handle, port=0):
        outer = self
        self.handle = handle
        port = port or free_port()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.handle(self)
            do_POST = do_HEAD = do_GET
        self.handler = Handler
        self.server = None
        self.port = port
        self.start()

    def start(self):
        self.server = QuietServer(("127.0.0.1", self.port), self.handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None


class Images(Server):
    """Serves images by name. hold(name, bytes) stops a transfer there until release(name)."""

    def __init__(self):
        self.files, self.gates, self.asked = {}, {}, []
        super().__init__(self.serve)

    def url(self, name):
        return "http://127.0.0.1:%d/%s" % (self.port, name)

    def hold(self, name, after):
        self.gates[name] = (after, threading.Event(), threading.Event())
        return self.gates[name][1]  # set when a transfer has got there

    def release(self, name):
        self.gates.pop(name)[2].set()

    def serve(self, h):
        name = h.path.lstrip("/")
        self.asked.append(name)
        data = self.files.get(name)
        if data is None:
            h.send_error(404)
            return
        wanted = re.match(r"bytes=(\d+)-(\d*)$", h.headers.get("Range") or "")
        first, end = (int(wanted[1]), int(wanted[2] or len(data) - 1) + 1) if wanted else (0, len(data))
        h.send_response(206 if wanted else 200)
        if wanted:
            h.send_header("Content-Range", "bytes %d-%d/%d" % (first, end - 1, len(data)))
        h.send_header("Accept-Ranges", "bytes")
        h.send_header("ETag", '"%s"' % hashlib.sha1(data).hexdigest())
        h.send_header("Content-Length", str(end - first))
        h.end_headers()
        if h.command == "HEAD":
            return
        gate = self.gates.get(name)
        try:
            if gate and (end > gate[0] or not wanted):  # not a part before it
                h.wfile.write(data[first:min(end, max(first, gate[0]))])
                h.wfile.flush()
                gate[1].set()
                gate[2].wait(120)
                first = max(first, gate[0])
            h.wfile.write(data[first:end])
        except OSError:
            h.close_connection = True


class Webhook(Server):
    """Takes events; `broken` makes it answer 500."""

    def __init__(self):
        self.events, self.broken, self.refused = [], False, 0
        super().__init__(self.take)

    def url(self):
        return "http://127.0.0.1:%d/events" % self.port

    def take(self, h):
        body = h.rfile.read(int(h.headers.get("Content-Length") or 0))
        if self.broken:
            self.refused += 1
        else:
            self.events.append(json.loads(body))
        h.send_response(500 if self.broken else 204)
        h.send_header("Content-Length", "0")
        h.end_headers()


# --- BMCs -----------------------------------------------------------------------------------------

class Bmcs:
    """One ingot-bmcd with n BMCs; power events go to on_event(index, event, boot flags)."""

    def __init__(self, folder, n, on_event, options=()):
        self.socket = os.path.join(folder, "bmcd.sock")
        secret = os.path.join(folder, "bmc-password")
        with open(secret, "w") as f:
            f.write(BMC_PASSWORD + "\n")
        self.process = subprocess.Popen(
            [os.path.join(OBJ, "tests/bmc/ingot-bmcd"), "--listen", "127.0.0.1:0", "--count", str(n), "--user",
             BMC_USER, "--password-file", secret, "--reset-ms", "300", "--control", self.socket, *options],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=with_parent)
        self.process.stdout.readline()
        self.process.stdout.close()
        self.ports = [self.ask(op="address", bmc=i)["port"] for i in range(n)]
        self.on_event = on_event
        listener = self.connect()
        listener.sendall(b'{"op":"events"}\n')
        stream = listener.makefile("r")
        stream.readline()
        threading.Thread(target=self.listen, args=(listener, stream), daemon=True).start()

    def connect(self):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.socket)
        return s

    def ask(self, **question):
        with self.connect() as s:
            s.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(s.makefile("r").readline())
        if not answer["ok"]:
            raise RuntimeError("ingot-bmcd: %s" % answer)
        return answer

    def listen(self, listener, stream):
        with listener:
            for line in stream:
                event = json.loads(line)
                self.on_event(event["bmc"], event["event"], event.get("boot") or {})

    def stop(self):
        reaper(self.process)


# --- a machine -------------------------------------------------------------------------------------

class Machine:
    """What hangs on one BMC. Attributes that scenarios change: boots (False: never asks for
    anything), mac (what it says it is), phones_home, wrong_nonce."""

    def __init__(self, sim, i):
        self.sim, self.i = sim, i
        self.name = "sim%d" % (i + 1)
        self.mac = "52:54:00:51:%02x:01" % i
        self.second_mac = "52:54:00:51:%02x:02" % i
        self.address = "127.%d.%d.%d" % (1 + os.getpid() % 250, 1 + os.getpid() // 250 % 250, i + 1)
        self.folder = os.path.join(sim.folder, self.name)
        self.disk = os.path.join(self.folder, "dev/vda")
        self.boots = True
        self.phones_home = True
        self.order = ["network", "disk"]  # of the firmware, when the BMC says nothing
        self.stops_at = None  # "script", "kernel", "ramdisk" or "agent": it hangs before that
        self.agent = None
        self.boot = 0  # counts boots; a thread of an earlier one ends
        self.log = []  # what happened, as words
        self.agents_started = 0
        self.homecoming = None
        self.lock = threading.RLock()
        self.make_tree()

    def make_tree(self):
        os.makedirs(os.path.join(self.folder, "dev"))
        with open(os.path.join(self.folder, "disks.json"), "w") as f:
            json.dump([{"name": "vda", "size": 5 * GIB, "serial": "SIM%04d" % self.i, "model": "Simdisk"},
                       {"name": "vdb", "size": 2 * GIB, "serial": "SML%04d" % self.i, "model": "Smalldisk"}], f)
        for name in ("vda", "vdb"):  # a system of somebody else, from before
            with open(os.path.join(self.folder, "dev", name), "wb") as f:
                f.write(make_image(2, seed=1000 + self.i))
                f.truncate((5 if name == "vda" else 2) * GIB)
        with open(os.path.join(TOP, "tests/fixtures/sysfs/qemu-q35.tree"), encoding="latin-1") as f:
            text = f.read().replace("52:54:00:aa:00:01", self.mac).replace("52:54:00:aa:00:02", self.second_mac)
        for line in text.splitlines():
            self.make_tree_line(line)

    def make_tree_line(self, line):
        kind, _, rest = line.partition(" ")
        if kind == "L":
            path, target = rest.split(" -> ")
        elif kind in ("F", "X", "T"):
            path, _, value = rest.partition("=")
        else:
            return
        path = self.folder + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if kind == "L":
            os.symlink(self.folder + target, path)
            return
        with open(path, "ab" if kind == "T" else "wb") as f:
            f.write(bytes.fromhex(value) if kind == "X" else value.encode("latin-1") + b"\n")

    def note(self, *words):
        self.log.append(" ".join(str(w) for w in words))

    def on(self):
        return self.sim.bmcs.ask(op="state", bmc=self.i)["power"]

    def power_event(self, event, flags):
        with self.lock:
            self.note("power", event, flags.get("device") if flags.get("valid") else "")
            if event == "nmi":
                return
            self.boot += 1
            self.kill_agent()
            if event in ("on", "reset") and self.boots:
                threading.Thread(target=self.firmware, args=(self.boot, flags), daemon=True).start()

    def kill_agent(self):
        with self.lock:
            reaper(self.agent)
            self.agent = None

    def current(self, boot):
        return self.boot == boot and not self.sim.ending

    # the firmware: the order of the boot flags, then network and disk
    def firmware(self, boot, flags):
        order = {"pxe": ["network"], "disk": ["disk"]}.get(flags.get("device") if flags.get("valid") else None, [])
        for device in order + [d for d in self.order if d not in order]:
            if not self.current(boot):
                return
            if (self.network_boot if device == "network" else self.disk_boot)(boot):
                return
        self.note("no boot device")

    def hangs(self, step):
        if self.stops_at == step:
            self.note("hangs before", step)
        return self.stops_at == step

    def fetch(self, url):
        with urllib.request.urlopen(url, timeout=BOOT_TIMEOUT_S) as answer:
            return answer.read()

    def script_url(self, first):
        found = re.search(r"chain \S+ \S+ (http://\S+/boot/script\?\S+) ", first)
        facts = {"netX/mac": self.mac, "platform": "pcbios", "buildarch": "x86_64", "uuid": "",
                 "serial:hexraw": "SIM".encode().hex(), "product:hexraw": "Simulated".encode().hex(),
                 "manufacturer:hexraw": "Ingot".encode().hex()}
        return re.sub(r"\$\{([^}]*)\}", lambda m: facts.get(m[1], ""), found[1])

    # True when something was booted, or the machine was powered off meanwhile
    def network_boot(self, boot):
        base = self.sim.boot_url
        self.note("network")
        while self.current(boot):
            try:
                first = self.fetch(base + "/boot.ipxe").decode()
                if self.hangs("script"):
                    return True
                script = self.fetch(self.script_url(first)).decode()
            except LOST as problem:
                self.note("boot server:", problem)
                time.sleep(0.3)  # as first.ipxe does: until the server comes back
                continue
            if not script.startswith("#!ipxe"):
                raise RuntimeError("not a script: " + script)
            kernel = re.search(r"^kernel --name vmlinuz (\S+) initrd=ramdisk (.*) \|\| goto failed$", script, re.M)
            if kernel:
                ramdisk = re.search(r"^initrd --name ramdisk (\S+) ", script, re.M)
                if self.agent_boot(boot, kernel[1], ramdisk[1], kernel[2]):
                    return True
                continue
            if "sanboot" in script or "bootdisk.efi" in script:
                self.note("told: disk")
                return self.disk_boot(boot)
            wait = re.search(r"^sleep (\d+)$", script, re.M)
            if not wait:
                raise RuntimeError("script with neither kernel, disk nor wait:\n" + script)
            self.note("told: wait")
            end = time.monotonic() + min(int(wait[1]), 1)
            while self.current(boot) and time.monotonic() < end:
                time.sleep(0.05)
        return True

    def agent_boot(self, boot, kernel, ramdisk, cmdline):
        for url, name in ((kernel, "vmlinuz"), (ramdisk, "initramfs")):
            if self.hangs("kernel" if name == "vmlinuz" else "ramdisk"):
                return True
            try:
                got = self.fetch(url)
            except LOST as problem:  # as agent.ipxe: it asks again in the end
                self.note(name + ":", problem)
                time.sleep(0.3)
                return False
            with open(os.path.join(self.sim.folder, name), "rb") as f:
                if got != f.read():
                    raise RuntimeError("%s is not what was to be served" % url)
        if self.hangs("agent"):
            return True
        with self.lock:
            if not self.current(boot):
                return True
            self.note("agent")
            agent = self.agent = self.start_agent(cmdline)
        self.after_agent(boot, agent)  # in this thread: with_parent() means the thread that started it
        return True

    def start_agent(self, cmdline, address=None):
        self.cmdline = cmdline
        self.agents_started += 1
        power = os.path.join(self.folder, "power")
        if os.path.exists(power):
            os.unlink(power)
        with open(os.path.join(self.folder, "agent.log"), "ab") as log:
            return subprocess.Popen(
                [os.path.join(BUILD, "ingot-agent"), "run", "--sim", self.folder, "--cmdline", cmdline,
                 "--address", address or self.address],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=with_parent)

    # an agent that was told to reboot or to power off does it
    def after_agent(self, boot, agent):
        agent.wait()
        try:
            with open(os.path.join(self.folder, "power")) as f:
                word = f.read()
        except OSError:
            return
        if self.current(boot):
            self.note("the agent asks for", word)
            if word == "kexec":
                self.disk_boot(boot)
            elif word == "reboot":
                self.sim.bmcs.ask(op="reboot", bmc=self.i)
            else:
                self.sim.bmcs.ask(op="power", bmc=self.i, on=False)

    def disk_boot(self, boot):
        if read_at(self.disk, 510, 2) != b"\x55\xaa" or read_at(self.disk, 0, 8) != b"BOOTLDR1":
            self.note("disk does not boot")
            return False
        drive = config_drive(self.disk)
        if drive:
            self.meta = json.loads(iso_file(drive[1], "openstack/latest/meta_data.json"))
        self.note("system")
        if drive and self.phones_home:
            threading.Thread(target=self.phone_home, args=(boot,), daemon=True).start()
        return True

    def phone_home(self, boot):
        home = self.meta.get("meta", {})
        body = {"hostname": self.meta.get("hostname") or self.meta.get("name"), "nonce": home.get("ingot_nonce")}
        while self.current(boot):
            try:
                self.homecoming = post(home["ingot_phone_home"], body)
                if self.homecoming[0] < 500:
                    return
            except LOST:
                pass
            time.sleep(0.3)

    def write_console(self, text):
        """Writes to the serial console, as firmware and system do; seen by who holds it over SOL."""
        self.sim.bmcs.ask(op="console", bmc=self.i, text=text)

    def typed(self):
        """What was typed on the serial console since the last call."""
        return self.sim.bmcs.ask(op="typed", bmc=self.i)["text"]

    def agent_text(self):
        try:
            with open(os.path.join(self.folder, "agent.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""


def post(url, body):
    """(HTTP status, answer)"""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()


# --- all of it -------------------------------------------------------------------------------------

CONF = """[api]
listen = 127.0.0.1:{api}
auth = {auth}
[store]
url = sqlite:{store}/ingot.sqlite
[drivers]
enabled = ipmi,fake-hardware
power_timeout = {power_timeout}
power_sync_interval = {power_sync}
bmc_patience = {bmc_patience}
[boot]
dhcp = none
http_listen = 127.0.0.1:{boot}
state_dir = {folder}/boot
kernel = {folder}/vmlinuz
ramdisk = {folder}/initramfs
[agent]
command_timeout = {command_timeout}
deploy_logs_collect = {logs}
deploy_logs_local_path = {folder}/agent-logs
deploy_logs_keep = 3
fast_track = {fast_track}
[conductor]
hostname = sim-conductor
deploy_callback_timeout = {wait}
clean_callback_timeout = {wait}
inspect_wait_timeout = {wait}
boot_retry_after = {boot_retry}
[console]
while_provisioning = {console}
[report]
webhooks = {webhooks}
[log]
level = debug
{extra}
"""


class Sim:
    def __init__(self, machines=1, fast_track=False, wait=60, power_timeout=10, power_sync=0, webhook=False,
                 command_timeout=20, bmc_options=(), extra="", boot_retry=600):
        self.folder = tempfile.mkdtemp(prefix="ingot-sim-")
        os.chmod(self.folder, 0o755)
        self.ending = False
        self.api_port, self.boot_port = free_port(), free_port()
        self.api_url = "http://127.0.0.1:%d" % self.api_port
        self.boot_url = "http://127.0.0.1:%d" % self.boot_port
        self.images, self.webhook = Images(), Webhook() if webhook else None
        self.settings = {"api": self.api_port, "boot": self.boot_port, "folder": self.folder, "store": self.folder, "auth": "none",
                         "boot_retry": int(boot_retry * SLOW),
                         "wait": int(wait * SLOW),
                         "power_timeout": power_timeout, "power_sync": power_sync, "command_timeout": command_timeout,
                         "logs": "on_failure", "fast_track": "true" if fast_track else "false",
                         "console": "false", "extra": extra, "webhooks": self.webhook.url() if webhook else "", "bmc_patience": 300}
        self.ingotd = self.bmcs = None
        self.machines = []
        self.n = machines
        self.bmc_options = bmc_options
        self.version, self.user = API_VERSION, None
        self.env = {}  # of the conductor, beside ours
        self.launcher = []  # a command that runs the conductor
        self.status = []  # exit statuses of conductors that ended

    def __enter__(self):
        end_cleanly()  # what was started is ended then too
        try:
            for name, size in (("vmlinuz", 300000), ("initramfs", 700000)):
                with open(os.path.join(self.folder, name), "wb") as f:
                    f.write(random.Random(size).randbytes(size))
            self.machines = [Machine(self, i) for i in range(self.n)]
            self.bmcs = Bmcs(self.folder, self.n, lambda i, *event: self.machines[i].power_event(*event),
                             self.bmc_options)
            self.start()
            return self
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, problem=None, *_):
        self.ending = True
        if self.ingotd and self.ingotd.poll() is None:
            self.stop(signal.SIGTERM)
        found = self.sanitizers()
        for m in self.machines:
            m.boot += 1
            m.kill_agent()
        if self.bmcs:
            self.bmcs.stop()
        for server in (self.images, self.webhook):
            if server:
                server.stop()
        last_words = self.conductor_log()[-1500:]
        if os.environ.get("INGOT_KEEP"):
            print("# kept: " + self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if not problem and (found or self.status[-1:] not in ([], [0])):
            raise RuntimeError("the conductor ended with status %s%s\n%s" % (self.status[-1:], found, last_words))

    def sanitizers(self):
        """What ASan, UBSan and TSan had to say."""
        text = self.conductor_log() + "".join(m.agent_text() for m in self.machines)
        at = re.search(r"ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer", text)
        return "\n" + text[at.start():at.start() + 4000] if at else ""

    # the conductor

    def start(self, **changes):
        self.settings.update(changes)
        path = os.path.join(self.folder, "ingot.conf")
        with open(path, "w") as f:
            f.write(CONF.format(**self.settings))
        with open(os.path.join(self.folder, "ingotd.log"), "ab") as log:
            self.ingotd = subprocess.Popen([*self.launcher, os.path.join(BUILD, "ingotd"), "--config", path],
                                           stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=with_parent,
                                           env={**os.environ, **self.env})
        if not wait_for(self.answers, 20, 0.02):
            raise RuntimeError("ingotd does not answer:\n" + self.conductor_log()[-3000:])

    def answers(self):
        if self.ingotd.poll() is not None:
            raise RuntimeError("ingotd ended (%d):\n%s" % (self.ingotd.returncode, self.conductor_log()[-3000:]))
        try:
            return self.get("/v1/")
        except LOST:
            return None

    def stop(self, signum):
        self.ingotd.send_signal(signum)
        try:
            self.status.append(self.ingotd.wait(30 * SLOW))
        except subprocess.TimeoutExpired:
            self.ingotd.kill()
            self.status.append("hung")
            self.ingotd.wait()
        return self.status[-1]

    def conductor_log(self):
        try:
            with open(os.path.join(self.folder, "ingotd.log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    # its API

    def call(self, method, path, body=None, user=None):
        """(HTTP status, JSON or None). user: NAME:PASSWORD, when the API asks for one."""
        request = urllib.request.Request(
            self.api_url + path, None if body is None else json.dumps(body).encode(), method=method,
            headers={"Content-Type": "application/json", "X-OpenStack-Ironic-API-Version": self.version})
        if user or self.user:
            request.add_header("Authorization", "Basic " + base64.b64encode((user or self.user).encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=30 * SLOW) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as problem:
            return problem.code, json.loads(problem.read() or b"null")

    def get(self, path):
        status, answer = self.call("GET", path)
        if status != 200:
            raise RuntimeError("GET %s: %s %s" % (path, status, answer))
        return answer

    def metric(self, name):
        with urllib.request.urlopen(self.api_url + "/metrics", timeout=30) as answer:
            return float(re.search(r"^%s (\S+)$" % name, answer.read().decode(), re.M)[1])

    def must(self, method, path, body=None):
        status, answer = self.call(method, path, body)
        if status >= 300:
            raise RuntimeError("%s %s: %s %s" % (method, path, status, answer))
        return answer

    def node(self, machine):
        return self.get("/v1/nodes/" + machine.name)

    def metrics(self):
        with urllib.request.urlopen(self.api_url + "/metrics", timeout=30 * SLOW) as answer:
            return answer.read().decode()

    def why(self, machine):
        return self.get("/ingot/v1/why/" + machine.name)

    def history(self, machine):
        return self.get("/v1/nodes/%s/history?detail=true" % machine.name)["history"]

    def enroll(self, machine, **driver_info):
        info = {"ipmi_address": "127.0.0.1", "ipmi_port": self.bmcs.ports[machine.i], "ipmi_username": BMC_USER,
                "ipmi_password": BMC_PASSWORD}
        info.update(driver_info)
        node = self.must("POST", "/v1/nodes", {"name": machine.name, "driver": "ipmi", "driver_info": info,
                                               "properties": {"capabilities": "boot_mode:bios"}})
        self.must("POST", "/v1/ports", {"node_uuid": node["uuid"], "address": machine.mac})
        return node

    def patch(self, machine, *changes):
        return self.must("PATCH", "/v1/nodes/" + machine.name, list(changes))

    def image(self, machine, name, checksum=None):
        """Tells the node which image it gets."""
        data = self.images.files.get(name, b"")
        self.patch(machine, {"op": "add", "path": "/instance_info/image_source", "value": self.images.url(name)},
                   {"op": "add", "path": "/instance_info/image_os_hash_algo", "value": "sha256"},
                   {"op": "add", "path": "/instance_info/image_os_hash_value",
                    "value": checksum or hashlib.sha256(data).hexdigest()})

    def provision(self, machine, target, **more):
        return self.call("PUT", "/v1/nodes/%s/states/provision" % machine.name, dict(more, target=target))

    def state(self, machine):
        return self.node(machine)["provision_state"]

    def reach(self, machine, *states, limit_s=60):
        """Waits for one of the states; gives the node as it is then, or as it was at the end."""
        node = wait_for(lambda: (lambda n: n if n["provision_state"] in states else None)(self.node(machine)), limit_s, 0.05)
        return node or self.node(machine)

    def go(self, machine, target, *states, limit_s=60, **more):
        status, answer = self.provision(machine, target, **more)
        if status != 202:
            raise RuntimeError("%s %s: %s %s" % (machine.name, target, status, answer))
        node = self.reach(machine, *states, limit_s=limit_s)
        if node["provision_state"] not in states:
            raise RuntimeError("%s: %s instead of %s: %s\n%s\n%s" % (
                target, node["provision_state"], states, node["last_error"], "\n".join(machine.log[-12:]),
                machine.agent_text()[-1500:]))
        return node

    def to_available(self, machine, **driver_info):
        self.enroll(machine, **driver_info)
        self.go(machine, "manage", "manageable")
        return self.go(machine, "provide", "available")

    def deploy(self, machine, **more):
        """Asks for it, with a config drive; the answer."""
        return self.provision(machine, "active", configdrive={"meta_data": {"hostname": machine.name + ".sim"}}, **more)

    def deploy_held(self, machine, image="system.img", after=3 << 20):
        """Asks for it, and comes back when the agent has so much of the image and the conductor waits for it; it gets no more
        until images.release(image)."""
        there = self.images.hold(image, after)
        answer = self.deploy(machine)
        if not there.wait(60 * SLOW):
            raise RuntimeError("%s: nobody fetches %s: %s\n%s" % (machine.name, image, answer, "\n".join(machine.log[-12:])))
        self.reach(machine, "wait call-back", limit_s=20)

    def home(self, machine, limit_s=30):
        return wait_for(lambda: self.why(machine).get("phone_home"), limit_s)


# --- what scenarios share ---------------------------------------------------------------------------

def troubled(sim):
    """BMCs that fail or froze, by the names of their nodes."""
    return {b["node_name"]: b for b in sim.get("/ingot/v1/bmcs?troubled=true")["bmcs"]}


def order(sim, name, target):
    """A power command of an operator, and the seconds until it is done."""
    began = time.monotonic()
    sim.must("PUT", "/v1/nodes/%s/states/power" % name, {"target": target})
    done = wait_for(lambda: sim.get("/v1/nodes/%s?fields=target_power_state" % name)["target_power_state"] is None, 30,
                    0.02)
    return time.monotonic() - began if done else None
