"""What the measurements share: rows, processes that end with this one, a conductor of their own."""
import contextlib
import ctypes
import http.client
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, "build")
OBJ = os.path.join(BUILD, "obj/release")
API_VERSION = "1.82"


class CannotMeasure(Exception):
    """Why a measurement could not be made."""


def row(name, unit, measured, target=None, beside=None, note=None, least=None):
    """One line of the table. `target` is the most that it should be, `least` the least; `beside` is (what, value)
    or a list of them, measured in the same run unless `what` says otherwise."""
    beside = [beside] if isinstance(beside, tuple) else beside or []
    met = None if measured is None or target is least else measured <= target if target is not None else measured >= least
    return {"name": name, "unit": unit, "measured": measured, "target": target, "least": least, "met": met,
            "beside": [{"what": w, "value": v} for w, v in beside if v is not None], "note": note}


def with_parent(signum=signal.SIGKILL):
    """In a child: end when the parent does, however it ends."""
    ctypes.CDLL(None).prctl(1, signum)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def end(process, limit_s=20):
    """Ends a child of ours, patiently at first."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(limit_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="ingot-bench-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def need(*paths):
    for path in paths:
        if not os.path.exists(path):
            raise CannotMeasure("%s is not there: build it first" % os.path.relpath(path, TOP))


NGINX = """daemon off;
user root;
worker_processes {workers};
pid {place}/nginx.pid;
error_log {place}/nginx.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {place}/nginx.temp;
    proxy_temp_path {place}/nginx.temp;
    fastcgi_temp_path {place}/nginx.temp;
    uwsgi_temp_path {place}/nginx.temp;
    scgi_temp_path {place}/nginx.temp;
    {more}
    server {{ listen {listen} backlog=1024; root {root}; }}
}}
"""


@contextlib.contextmanager
def nginx(place, listen, root, workers=1, more="", inside=()):
    """nginx, ready: serves the files of `root` with what its own documentation advises for static files. Its own are in
    `place`; `more` are directives, `inside` a command that runs it somewhere else."""
    need("/usr/sbin/nginx")
    conf, pid = os.path.join(place, "nginx.conf"), os.path.join(place, "nginx.pid")
    with open(conf, "w") as f:
        f.write(NGINX.format(place=place, listen=listen, root=root, workers=workers, more=more))
    process = subprocess.Popen([*inside, "/usr/sbin/nginx", "-c", conf], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               preexec_fn=with_parent)
    try:
        until = time.monotonic() + 20
        while not os.path.exists(pid):
            if process.poll() is not None or time.monotonic() > until:
                raise CannotMeasure("nginx does not start")
            time.sleep(0.05)
        yield
    finally:
        end(process)


def timed(command, runs, env=None):
    """Median wall and CPU milliseconds of a command, and the least wall time."""
    walls, cpus = [], []
    for _ in range(runs):
        began = time.monotonic()
        process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        walls.append((time.monotonic() - began) * 1000)
        cpus.append((usage.ru_utime + usage.ru_stime) * 1000)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise CannotMeasure("%s: exit status %d" % (" ".join(command), process.returncode))
    return {"wall_ms": statistics.median(walls), "wall_min_ms": min(walls), "cpu_ms": statistics.median(cpus)}


class Farm:
    """So many emulated BMCs in one other process, at addresses of loopback."""
    PORT, USER, PASSWORD = 6230, "admin", "secret123"

    def __init__(self, place, count, control=False):
        need(os.path.join(OBJ, "tests/bmc/ingot-bmcd"))
        self.control = os.path.join(place, "bmc-control")
        self.count, self.first = count, "127.%d.0.1" % (128 + os.getpid() % 64)
        self.secret = os.path.join(place, "bmc-password")
        with open(os.open(self.secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(self.PASSWORD + "\n")
        self.process = subprocess.Popen(
            [os.path.join(OBJ, "tests/bmc/ingot-bmcd"), "--listen", "%s:%d" % (self.first, self.PORT), "--step",
             "address", "--count", str(count), "--user", self.USER, "--password-file", self.secret, "--on"]
            + (["--control", self.control] if control else []), stdout=subprocess.PIPE, text=True,
            preexec_fn=with_parent)
        if not self.process.stdout.readline().startswith("ready"):
            self.stop()
            raise CannotMeasure("ingot-bmcd did not start")

    def address(self, i):
        a, b, c, d = (int(x) for x in self.first.split("."))
        n = (a << 24 | b << 16 | c << 8 | d) + i
        return ".".join(str(n >> s & 255) for s in (24, 16, 8, 0))

    def stop(self):
        end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Conductor:
    """ingotd on loopback, in a folder of the caller's."""

    def __init__(self, place, extra=""):
        need(os.path.join(BUILD, "ingotd"))
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.log = os.path.join(place, "ingotd.log")
        conf = os.path.join(place, "ingot.conf")
        with open(conf, "w") as f:
            f.write("[api]\nlisten = 127.0.0.1:%d\n[store]\nurl = sqlite:%s/ingot.db\n"
                    "[boot]\ndhcp = none\nhttp_listen = 127.0.0.1:%d\nstate_dir = %s/state\n%s"
                    % (self.port, place, free_port(), place, extra))
        with open(self.log, "w") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "ingotd"), "--config", conf], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, preexec_fn=with_parent)
        self._wait()

    def _wait(self):
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.call("GET", "/v1/")
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        with open(self.log) as f:
            raise CannotMeasure("ingotd does not answer: " + f.read()[-500:])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, method, path, body=None, connection=None):
        """The body of the answer, parsed; its status must be 2xx."""
        c = connection or self.connect()
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"X-OpenStack-Ironic-API-Version": API_VERSION, "Content-Type": "application/json"})
        answer = c.getresponse()
        text = answer.read()
        if connection is None:
            c.close()
        if answer.status // 100 != 2:
            raise CannotMeasure("%s %s: %d %s" % (method, path, answer.status, text[:300]))
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text.decode()

    def create(self, bodies, connections=8):
        """Makes nodes over several connections; returns [(uuid)] and the seconds it took."""
        todo, uuids, problems, lock = list(reversed(bodies)), [], [], threading.Lock()

        def work():
            c = self.connect()
            try:
                while not problems:
                    with lock:
                        if not todo:
                            return
                        body = todo.pop()
                    uuids.append(self.call("POST", "/v1/nodes", body, c)["uuid"])
            except (CannotMeasure, OSError, http.client.HTTPException) as problem:
                problems.append(problem)
            finally:
                c.close()
        threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
        began = time.monotonic()
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if problems:
            raise CannotMeasure("creating nodes: %s" % problems[0])
        return uuids, time.monotonic() - began

    def metric(self, name, default=None):
        for line in self.call("GET", "/metrics").splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        if default is None:
            raise CannotMeasure("/metrics has no " + name)
        return default

    def cpu_s(self):
        with open("/proc/%d/schedstat" % self.process.pid) as f:
            main = int(f.read().split()[0])
        total = 0
        for task in os.listdir("/proc/%d/task" % self.process.pid):
            with contextlib.suppress(OSError), open("/proc/%d/task/%s/schedstat" % (self.process.pid, task)) as f:
                total += int(f.read().split()[0])
        return max(main, total) / 1e9

    def resident_mb(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024 / 1e6
        return None

    def stop(self):
        end(self.process)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
