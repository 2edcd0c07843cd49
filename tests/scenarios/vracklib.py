"""What scenarios share: TAP lines, a virtual rack that is always taken down, its BMCs and consoles.

A scenario does `with Rack(TEXT) as rack:`; everything it starts lives in the rack's own network
namespace and in a scratch folder, and is gone afterwards, also when the scenario fails.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VRACK = os.environ.get("INGOT_VRACK", os.path.join(TOP, "build/ingot-vrack"))
SLOW = float(os.environ.get("INGOT_SLOW", "1"))  # multiplies every limit on a slow machine


class Tap:
    """Counts checks and prints them as TAP."""

    def __init__(self):
        self.run = self.failed = 0
        sys.excepthook = self.broke_off

    def broke_off(self, *problem):
        """What a script broke off with, as a note: prove drops whatever is not TAP."""
        self.diag("".join(traceback.format_exception(*problem)).rstrip().replace("\n", "\n# "))

    def ok(self, good, what, note=None):
        self.run += 1
        print("%sok %d - %s" % ("" if good else "not ", self.run, what), flush=True)
        if not good:
            self.failed += 1
            for line in str(note or "").splitlines()[-30:]:
                print("# " + line.encode("ascii", "replace").decode(), flush=True)
        return good

    def equal(self, got, want, what):
        return self.ok(got == want, what, "got  %r\nwant %r" % (got, want))

    def diag(self, text):
        print("# " + text, flush=True)

    def skip_all(self, why):
        print("1..0 # SKIP " + why)
        sys.exit(0)

    def done(self):
        print("1..%d" % self.run)
        sys.exit(1 if self.failed or not self.run else 0)


def wait_for(what, limit_s, every_s=0.1):
    """Calls what() until it gives something true; gives that, or None after limit_s."""
    end = time.monotonic() + limit_s * SLOW
    while True:
        result = what()
        if result:
            return result
        if time.monotonic() > end:
            return None
        time.sleep(every_s)


def end_all(children):
    """Kills the processes that a scenario started and still may have, and waits for each."""
    for p in children:
        p.kill()
        p.wait()


def end_cleanly(status=143, signums=(signal.SIGTERM,)):
    """From now on these signals end the program as an exception does, so that it cleans up; a second
    one (timeout passes on what its group was sent already) does not disturb the cleaning."""
    def end(*_):
        for signum in signums:
            signal.signal(signum, signal.SIG_IGN)
        sys.exit(status)
    for signum in signums:
        signal.signal(signum, end)


def need_root(tap):
    if os.geteuid() != 0:
        tap.skip_all("makes network namespaces, which needs root")
    if not os.access(VRACK, os.X_OK):
        tap.skip_all("%s is not built" % VRACK)


PID = os.getpid()


def end_with_parent():
    """In a child that cleans up at SIGTERM: end when the parent does, however it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
    if os.getppid() != PID:
        os._exit(1)


class Rack:
    """A rack that is up. `text` is a rack file; {dir} in it is the scratch folder."""

    def __init__(self, text, prefix="vr"):
        self.scratch = tempfile.mkdtemp(prefix="ingot-%s-" % prefix)
        self.dir = os.path.join(self.scratch, "rack")
        self.netns = "%s%d" % (prefix, os.getpid())
        self.file = os.path.join(self.scratch, "test.rack")
        self.children = []
        self.up = None
        end_cleanly()  # not without __exit__
        with open(self.file, "w") as f:
            f.write(text.replace("{dir}", self.scratch))

    def start(self, *options):
        self.up = subprocess.Popen(
            [VRACK, "up", self.file, "--dir", self.dir, "--netns", self.netns] + list(options),
            stdout=subprocess.PIPE, stderr=open(os.path.join(self.scratch, "up.err"), "ab"), text=True,
            preexec_fn=end_with_parent)
        self.ready = self.up.stdout.readline()
        if not self.ready.startswith("ready"):
            self.up.wait()
            raise RuntimeError("the rack did not come up: " + self.errors())
        return self

    def errors(self):
        with open(os.path.join(self.scratch, "up.err")) as f:
            return f.read()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_):
        end_all(self.children)
        if self.up and self.up.poll() is None:
            self.up.send_signal(signal.SIGTERM)
            try:
                self.up.wait(30)
            except subprocess.TimeoutExpired:
                self.up.kill()
                self.up.wait()
        if self.up:
            self.up.stdout.close()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def vrack(self, *args):
        """One command to the rack: (exit status, output)."""
        p = subprocess.run([VRACK] + list(args) + ["--dir", self.dir], stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, timeout=60 * SLOW)
        return p.returncode, p.stdout.decode("utf-8", "replace")

    def inside(self, *args):
        """A command line that runs in the rack's network."""
        return ["ip", "netns", "exec", self.netns] + list(args)

    def spawn(self, *args, **kw):
        """Starts a process in the rack's network; it is killed at the end."""
        p = subprocess.Popen(self.inside(*args), **kw)
        self.children.append(p)
        return p

    def status(self, machine=None):
        text = self.vrack("status", "--json")[1]
        status = json.loads(text)
        if machine is None:
            return status
        return next(m for m in status["machines"] if m["name"] == machine)

    def ipmi(self, address, *args, suite=3, user="admin", password="secret-1"):
        """ipmitool, the independent client: (exit status, output)."""
        p = subprocess.run(
            self.inside("ipmitool", "-I", "lanplus", "-C", str(suite), "-H", address, "-U", user,
                        "-E", "-N", "2", "-R", "2") + list(args),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * SLOW,
            env=dict(os.environ, IPMI_PASSWORD=password))
        return p.returncode, p.stdout.decode("utf-8", "replace").strip()

    def power(self, address, **kw):
        return self.ipmi(address, "power", "status", **kw)[1].replace("Chassis Power is ", "")

    def console(self, machine):
        try:
            with open(os.path.join(self.dir, machine, "console.log"), "rb") as f:
                text = f.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return re.sub(r"\x1b\[[0-9;?=]*[A-Za-z]", "", text)

    def wait_console(self, machine, pattern, limit_s, after=0):
        """The match of pattern in what the console wrote after so many characters, or None."""
        return wait_for(lambda: re.compile(pattern).search(self.console(machine), after), limit_s)
