#!/usr/bin/env python3
"""`make demo` interrupted: by Ctrl-C, SIGTERM and SIGKILL, while the rack starts, while the conductor
starts, and with machines running; and with its rack or its conductor killed. Within seconds no
process, network namespace, mount or control socket of it is left, and it never writes outside its
folder."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from vracklib import TOP, Tap, need_root, wait_for  # noqa: E402

DEMO = os.path.join(TOP, "tests/scenarios/demo.py")
MARK = "INGOT_DEMO_TEST=%d" % os.getpid()
GONE_S = 20

# Then nothing but the demo's folder, /run, /proc, /sys and /dev can be written.
READ_ONLY = """
mount --bind "$1" "$1" && mount --bind /run /run || exit
for m in $(awk '$2 !~ "^/(run|proc|sys|dev)(/|$)" { print $2 }' /proc/mounts); do
    [ "$m" = "$1" ] || mount -o remount,bind,ro "$m" || exit
done
shift
for folder in /usr /tmp /var; do
    ! touch $folder/.ingot 2>/dev/null || exit
done
exec "$@"
"""


def has(path, text):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return text in f.read()
    except OSError:
        return False


def count(path, text):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read().count(text)
    except OSError:
        return 0


MOMENTS = [
    ("the rack starts", lambda folder: os.path.exists(folder + "/rack/.rack.log"), ("ingot-vrack",)),
    ("the conductor starts", lambda folder: has(folder + "/ingotd.log", "ingotd"), ("ingot-vrack", "ingotd")),
    ("all machines are on", lambda folder: count(folder + "/rack/.rack.log", "power is on") >= 3,
     ("ingot-vrack", "ingotd", "dnsmasq", "in.tftpd", "qemu-system", "swtpm", "ingot node inspect")),
]
SIGNALS = [("Ctrl-C", signal.SIGINT), ("SIGTERM", signal.SIGTERM), ("SIGKILL", signal.SIGKILL)]


def read(pid, name):
    with open("/proc/%s/%s" % (pid, name), "rb") as f:
        return f.read()


def processes(folder, network):
    """Pid and command line of those with our mark in their environment, the folder on their command line,
    or in the network namespace with that inode number."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            line = read(pid, "cmdline").replace(b"\0", b" ").decode("utf-8", "replace")
            if (MARK.encode() in read(pid, "environ").split(b"\0") or folder in line or
                    network == os.stat("/proc/%s/ns/net" % pid).st_ino):
                found.append((int(pid), line[:150]))
        except OSError:
            pass
    return found


def of_the_demo(pid):
    """Namespaces that this run made, and mounts of them or of its folder."""
    name = "ingot-demo-%d" % pid
    names = os.listdir("/run/netns") if os.path.isdir("/run/netns") else []
    with open("/proc/self/mountinfo") as f:
        mounts = [line for line in f if name in line]
    return [n for n in names if n == name] + mounts


class Run:
    def __init__(self, *before):
        self.folder = tempfile.mkdtemp(prefix="ingot-demo-test-")
        os.chmod(self.folder, 0o755)
        self.demo = subprocess.Popen(
            [*[word.replace("{dir}", self.folder) for word in before], sys.executable, DEMO, "--dir", self.folder, "--quiet"],
            start_new_session=True, stdin=subprocess.DEVNULL, stdout=open(self.folder + "/out", "w"),
            stderr=subprocess.STDOUT, env=dict(os.environ, **dict([MARK.split("=")])))
        self.network = None

    def reach(self, there, limit_s=60):
        wait_for(lambda: self.demo.poll() is not None or there(self.folder), limit_s, 0.02)
        try:
            self.network = os.stat("/run/netns/ingot-demo-%d" % self.demo.pid).st_ino
        except FileNotFoundError:
            pass  # not yet made
        return self.demo.poll() is None and there(self.folder)

    def processes(self):
        return processes(self.folder, self.network)

    def send(self, signum):
        if signum == signal.SIGINT:
            os.killpg(self.demo.pid, signum)  # as a terminal does
        else:
            self.demo.send_signal(signum)

    def output(self):
        text = ""
        for name in ("out", "rack.log", "ingotd.log"):
            if os.path.exists(os.path.join(self.folder, name)):
                with open(os.path.join(self.folder, name), errors="replace") as f:
                    text += f.read()[-1500:]
        return text

    def left(self):
        sockets = [f for f in ("rack/control.sock",) if os.path.exists(os.path.join(self.folder, f))]
        return self.processes() + of_the_demo(self.demo.pid) + sockets

    def end(self):
        """Whatever was left is not left to the next test."""
        for pid, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.demo.wait()
        subprocess.run([os.path.join(TOP, "build/ingot-vrack"), "down", "--dir", self.folder + "/rack"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def interrupt(tap, signum, name, moment, there, names):
    run = Run()
    try:
        reached = run.reach(there)
        tap.ok(reached, "%s while %s: it got there" % (name, moment), run.output())
        found = str(run.processes())
        tap.equal([n for n in names if n not in found], [], "its processes are found")
        run.send(signum)
        ended = wait_for(lambda: run.demo.poll() is not None, GONE_S)
        tap.ok(ended and run.demo.returncode != 0, "it ends, and not as if all was well", run.demo.returncode)
        tap.ok(wait_for(lambda: not run.left(), GONE_S), "nothing of it is left", "\n".join(map(str, run.left())))
    finally:
        run.end()


def killed_part(tap, part):
    """A part of the demo dies under it."""
    run = Run()
    try:
        moment, there, _ = MOMENTS[-1]
        tap.ok(run.reach(there), "%s is killed while %s: it got there" % (part, moment), run.output())
        victims = [pid for pid, line in run.processes() if "/" + part + " " in line]
        tap.ok(victims, "it is found")
        os.kill(min(victims), signal.SIGKILL)
        ended = wait_for(lambda: run.demo.poll() is not None, GONE_S)
        tap.ok(ended and run.demo.returncode != 0, "the demo ends, and not as if all was well", run.demo.returncode)
        tap.ok(wait_for(lambda: not run.left(), GONE_S), "nothing of it is left", "\n".join(map(str, run.left())))
    finally:
        run.end()


def read_only(tap):
    run = Run("unshare", "--mount", "sh", "-c", READ_ONLY, "sh", "{dir}")
    try:
        tap.ok(run.reach(MOMENTS[-1][1]), "it starts its machines when only its folder can be written", run.output())
        tap.ok(wait_for(lambda: has(run.folder + "/rack/r1u01/console.log", "Ingot: starting the agent"), 90),
               "and serves them", run.output())
        tap.ok(not has(run.folder + "/ingotd.log", "Read-only file system") and
               not has(run.folder + "/rack.log", "Read-only file system"), "without having tried elsewhere", run.output())
        run.send(signal.SIGTERM)
        tap.ok(wait_for(lambda: not run.left(), GONE_S), "nothing of it is left", "\n".join(map(str, run.left())))
    finally:
        run.end()


def main():
    tap = Tap()
    need_root(tap)
    for path in ("ingotd", "ingot", "agent/initramfs", "system/system.img"):
        if not os.path.exists(os.path.join(TOP, "build", path)):
            tap.skip_all("build/%s is not built" % path)
    for moment, there, names in MOMENTS:
        for name, signum in SIGNALS:
            interrupt(tap, signum, name, moment, there, names)
    for part in ("ingotd", "ingot-vrack"):
        killed_part(tap, part)
    read_only(tap)
    tap.done()


main()
