#!/usr/bin/python3
"""Debian's own Ironic, to be asked what Ingot is asked.

    ironic.py make [RELEASE...]     installs it in a root below build/ironic, once (root; some minutes)
    ironic.py run RELEASE [--port N] [--folder DIR]
                                    starts one, says its URL when it answers, ends it when told to end

RELEASE is one of Debian's: bookworm has Ironic 21.4 (API 1.82), trixie has Ironic 29.0 (API 1.96).
debianroot.py makes the roots. Everything an instance starts lives in a process namespace that ends with this program,
however it ends.
"""

import argparse
import atexit
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import debianroot  # noqa: E402
from debianroot import TOP, checked, end_when_told, inside, write  # noqa: E402

ROOTS = os.path.join(TOP, "build/ironic")
RELEASES = {"bookworm": 82, "trixie": 96}  # the newest microversion of each
PACKAGES = ("ironic-api", "ironic-conductor", "sqlite3", "python3-ironicclient", "python3-openstacksdk")
MORE = {"bookworm": ("ironic-inspector",)}  # the newer one inspects by itself

# With a write-ahead log the two services do not lock each other out of the database.
SERVICES = r"""
set -e
cd /srv/state
c="--config-file /srv/state/ironic.conf"
ironic-dbsync $c create_schema >dbsync.out 2>&1
sqlite3 ironic.sqlite 'pragma journal_mode=wal' >>dbsync.out
sqlite3 ironic.sqlite "$MENDED" >>dbsync.out
ironic-conductor $c >conductor.out 2>&1 &
ironic-api $c >api.out 2>&1 &
@more@
wait -n
"""

# Debian 13's 29.0.5-0+deb13u3 makes every node that is patched its own parent: it is hidden in lists and its power
# cannot be switched. No script of a node's life gets past that, so it is undone where it is stored.
MENDED = r"""
MENDED="create trigger own_parent after update on nodes when new.parent_node = new.uuid
	begin update nodes set parent_node = null where id = new.id; end"
"""

CONFIG = """\
[DEFAULT]
auth_strategy = noauth
rpc_transport = json-rpc
host = localhost
log_dir = /srv/state
enabled_hardware_types = fake-hardware,ipmi
enabled_bios_interfaces = fake,no-bios
enabled_boot_interfaces = fake,ipxe,pxe
enabled_console_interfaces = fake,no-console
enabled_deploy_interfaces = fake,direct,ramdisk
@firmware@
enabled_inspect_interfaces = fake,no-inspect
enabled_management_interfaces = fake,ipmitool
enabled_network_interfaces = noop
enabled_power_interfaces = fake,ipmitool
enabled_raid_interfaces = fake,no-raid,agent
enabled_rescue_interfaces = fake,no-rescue
enabled_storage_interfaces = fake,noop
enabled_vendor_interfaces = fake,no-vendor,ipmitool
default_network_interface = noop
[api]
host_ip = @host@
port = @port@
api_workers = @workers@
[json_rpc]
auth_strategy = noauth
host_ip = 127.0.0.1
port = @rpc_port@
[database]
connection = sqlite:////srv/state/ironic.sqlite
sqlite_synchronous = @durable@
[conductor]
bootloader =
sync_power_state_interval = 86400
node_locked_retry_attempts = 3
[pxe]
tftp_root = /srv/state/tftp
tftp_master_path = /srv/state/tftp/master
images_path = /srv/state/images
instance_master_path = /srv/state/images/master
[deploy]
http_root = /srv/state/http
http_url = http://127.0.0.1:9
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# --- a root ---------------------------------------------------------------------------------------
def make(release, say=print):
    """The root with Ironic, made when it is not there; the folder."""
    return debianroot.make(os.path.join(ROOTS, release), release, lambda root, log: install(root, release, log), say)


def packages(release):
    return PACKAGES + MORE.get(release, ())


def has(root, wanted):
    """Whether all of them are installed there."""
    out = subprocess.run(["dpkg-query", "--root", root, "-W", "-f", "${db:Status-Status}\n", *wanted], check=False,
                         capture_output=True, text=True).stdout
    return out.split() == ["installed"] * len(wanted)


def install(root, release, log):
    """Installs the packages that are missing."""
    if has(root, packages(release)):
        return
    command = "apt-get -q update && apt-get -q -y --no-install-recommends install %s && apt-get clean"
    with open(log, "a", encoding="utf-8") as out:
        checked(inside(root, "sh", "-c", command % " ".join(packages(release)), stdout=out, stderr=out),
                "installing Ironic in %s (see %s)" % (root, log))


def version(release):
    """The version of its packages, "1:29.0.5-0+deb13u3"."""
    return subprocess.run(["dpkg-query", "--root", os.path.join(ROOTS, release), "-W", "-f",
                           "${Version}", "ironic-api"], check=True, capture_output=True,
                          text=True).stdout


# --- an instance ----------------------------------------------------------------------------------
class Ironic:
    """A running Ironic of a release, until stop() or the end of this program.

    Its API listens on `host`. `settings` is more text for its ironic.conf, `services` what else its shell starts.

    Its database is durable on a disk, or, for answers alone, in memory: it is opened and closed with
    every request, which is slow on a busy disk.
    """

    def __init__(self, release, port=0, folder=None, api_workers=1, durable=True, host="127.0.0.1", settings="",
                 services=""):
        self.release = release
        self.port = port or free_port()
        self.url = "http://%s:%d" % (host, self.port)
        self.process = None
        root = make(release)
        self.scratch = None if folder else tempfile.mkdtemp(prefix="ingot-ironic-", dir=None if durable else "/dev/shm")
        self.folder = folder or self.scratch
        for sub in ("tftp/master", "images/master", "http"):
            os.makedirs(os.path.join(self.folder, sub), exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.folder + "/ironic.sqlite" + suffix):
                os.unlink(self.folder + "/ironic.sqlite" + suffix)
        firmware = "enabled_firmware_interfaces = fake,no-firmware" if RELEASES[release] >= 86 else ""
        values = {"host": host, "port": self.port, "rpc_port": free_port(), "workers": api_workers, "durable": durable,
                  "firmware": firmware}
        write(self.folder + "/ironic.conf", re.sub(r"@(\w+)@", lambda m: str(values[m.group(1)]), CONFIG) + settings)
        atexit.register(self.stop)
        self.process = inside(root, "bash", "-c",
                              (MENDED if RELEASES[release] >= 83 else "MENDED=\n") + SERVICES.replace("@more@", services), "services", state=self.folder)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self):
        """It answers when the API lists the conductor's drivers."""
        end = time.monotonic() + 180
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url + "/v1/drivers", timeout=30) as answer:
                    if b"fake-hardware" in answer.read():
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.2)
        raise RuntimeError("Ironic of %s does not answer at %s:\n%s" % (self.release, self.url, self.logs()))

    def logs(self):
        """The end of what its programs printed and logged."""
        text = ""
        for name in ("dbsync.out", "conductor.out", "api.out"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += "%s:\n%s\n" % (name, f.read()[-1500:])
        return text

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("make")
    verb.add_argument("releases", nargs="*", default=[])
    verb = verbs.add_parser("run")
    verb.add_argument("release", choices=RELEASES)
    verb.add_argument("--port", type=int, default=0)
    verb.add_argument("--folder")
    args = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("ironic.py: enters a root with mounts of its own, which needs to be root")
    end_when_told()
    if args.verb == "make":
        for release in args.releases or RELEASES:
            root = make(release)
            print("%s: Ironic %s in %s" % (release, version(release), root))
        return
    if args.folder:
        os.makedirs(args.folder, exist_ok=True)
    ironic = Ironic(args.release, args.port, args.folder and os.path.abspath(args.folder))
    print("ready %s (Ironic %s, process %d)" % (ironic.url, version(args.release), ironic.process.pid), flush=True)
    ironic.process.wait()
    sys.exit("ironic.py: it ended by itself:\n" + ironic.logs())


if __name__ == "__main__":
    main()
