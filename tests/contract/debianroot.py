"""A release of Debian in a folder, made from this machine's own mirror: what it has that this machine has not.

    root = make("build/ironic/trixie", "trixie", fill)      debootstrap, once; fill(root, log) installs the rest
    inside(root, "apt-get", "--version").wait()             runs a command in it

The mirror, its keys and what apt has to know to reach it are this machine's own; only the suite is another. Everything
that runs in a root lives in a process and mount namespace that ends with this program, however it ends.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Mounts of its own and processes of its own: nothing of it outlives the first process.
ENTER = r"""
set -e
root=$1 tests=$2 state=$3; shift 3
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/run"
if [ -n "$state" ]; then
	mkdir -p "$root/srv/state" "$root/srv/tests"
	mount --bind "$state" "$root/srv/state"
	mount --bind "$tests" "$root/srv/tests"
fi
cp /etc/resolv.conf /etc/hosts "$root/etc/"
exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
	PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


def end_when_told():
    """From now on a signal to end is an exception, so that what was started ends and goes."""
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(signum, lambda *_: sys.exit(130))


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def apart(*command, **how):
    """A process with mounts and processes of its own. To end it, kill it: its whole namespace ends with it."""
    return subprocess.Popen(["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
                             *command], stdin=subprocess.DEVNULL, preexec_fn=die_with_parent, **how)


def inside(root, *command, state="", **how):
    """A process in the root, with `state` as its /srv/state and the tests as /srv/tests; as apart()."""
    return apart("bash", "-c", ENTER, "enter", root, os.path.join(TOP, "tests"), state, *command, **how)


def checked(process, what):
    if process.wait() != 0:
        raise RuntimeError("%s: it ended with status %d" % (what, process.returncode))


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


# --- what this machine knows of its mirror ----------------------------------------------------------
def own_release():
    with open("/etc/os-release", encoding="utf-8") as f:
        for line in f:
            if line.startswith("VERSION_CODENAME="):
                return line.split("=")[1].strip().strip('"')
    raise RuntimeError("/etc/os-release: it has no VERSION_CODENAME; this needs Debian")


def sources(release):
    """[(URI, suite, component)] of this machine's Debian, for another release."""
    own = own_release()
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
                          "Created-By: Packages"], check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in sorted(set(out.splitlines()))]
    rows = [(uri, suite.replace(own, release, 1), component) for uri, suite, component in rows
            if suite == own or suite.startswith(own + "-")]
    if not any(suite == release for _, suite, _ in rows):
        raise RuntimeError("apt's sources have no %s: a mirror of Debian is needed" % own)
    return rows


def apt_settings():
    """What this machine's apt has to know to reach its mirror: proxies, certificates, dates."""
    out = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    kept = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries")
    return "".join(line + "\n" for line in out.splitlines() if line.startswith(kept))


def proxy():
    out = subprocess.run(["apt-config", "shell", "p", "Acquire::http::Proxy"], check=True,
                         capture_output=True, text=True).stdout.strip()
    return {"http_proxy": out[3:-1]} if out.startswith("p='http") else {}


# --- a root ---------------------------------------------------------------------------------------
def make(root, release, fill, say=print):
    """The root with this release, made when it is not there; the folder. fill(root, log) brings it up to what is
    wanted of it, also when it was there; a new one in which that fails is not kept."""
    root = os.path.abspath(root)
    log = root + ".log"
    if os.path.isdir(root):
        fill(root, log)
        return root
    new = root + ".new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(os.path.dirname(root), exist_ok=True)
    say("making %s with Debian %s; %s says how far it is" % (root, release, log))
    bootstrap(new, release, log)
    fill(new, log)
    os.rename(new, root)
    return root


def bootstrap(root, release, log):
    rows = sources(release)
    mirror = next(uri for uri, suite, _ in rows if suite == release)
    with open(log, "w", encoding="utf-8") as out:
        checked(apart("debootstrap", "--variant=minbase", "--keyring", KEYS, release, root, mirror,
                      stdout=out, stderr=out, env={**os.environ, **proxy()}),
                "debootstrap of %s (see %s)" % (release, log))
    write(root + "/etc/apt/sources.list", "".join("deb [signed-by=%s] %s %s %s\n" % (KEYS, *row) for row in rows))
    write(root + "/etc/apt/apt.conf.d/50host", apt_settings())
    write(root + "/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755)
    shutil.copy(KEYS, root + KEYS)
