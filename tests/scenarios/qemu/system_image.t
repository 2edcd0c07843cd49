#!/usr/bin/env python3
"""The disk image of the demo boots where it is deployed to: BIOS with virtio, UEFI with NVMe, and
BIOS with AHCI and SCSI disks. It finds its config drive, takes its host name, gets an address, phones
home with the nonce, and obeys the power button."""
import hashlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from vracklib import Rack, Tap, TOP, need_root, wait_for  # noqa: E402

IMAGE = os.path.join(TOP, "build/system/system.img")
RACK = """
[rack]
name = system
[network]
subnet = 10.78.0.0/24
[defaults]
memory = 512M
boot = disk,network
bmc_user = admin
bmc_password = secret-1
[machine bios-virtio]
disk = virtio size=1G
bmc_address = 10.78.1.1
[machine uefi-nvme]
firmware = uefi
disk = nvme size=1G
bmc_address = 10.78.1.2
[machine bios-ahci]
disk = ahci size=1G
nic = e1000
bmc_address = 10.78.1.3
[machine uefi-scsi]
firmware = uefi
disk = scsi size=1G
nic = e1000e
bmc_address = 10.78.1.4
"""
MACHINES = ["bios-virtio", "uefi-nvme", "bios-ahci", "uefi-scsi"]

SERVER = """
import http.server, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        refuse = not self.server.refused and 'uefi-nvme' in self.path
        if refuse:
            self.server.refused = True
        with open(sys.argv[1], 'a') as f:
            f.write('%s %s %s\\n' % ('refused' if refuse else 'taken', self.path, body.decode()))
        self.send_response(503 if refuse else 204)
        self.end_headers()
    def log_message(self, *a):
        pass
s = http.server.HTTPServer(('10.78.0.1', 8080), H)
s.refused = False
s.serve_forever()
"""


def run(*args, **kw):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def sparse_copy(src, dst):
    run("dd", "if=" + src, "of=" + dst, "bs=64k", "conv=notrunc,sparse", "status=none")


def deploy(rack, machine):
    """Does by hand what a deploy does: image, backup GPT at the end, config drive as last partition."""
    disk = rack.vrack("disk", machine)[1].strip()
    drive = os.path.join(rack.scratch, machine + "-config")
    os.makedirs(drive + "/openstack/latest")
    with open(drive + "/openstack/latest/meta_data.json", "w") as f:
        json.dump({"uuid": "uuid-of-" + machine, "name": "name", "hostname": machine,
                   "meta": {"ingot_nonce": "nonce-" + machine,
                            "ingot_phone_home": "http://10.78.0.1:8080/phone-home/" + machine}}, f)
    run("xorriso", "-as", "mkisofs", "-quiet", "-V", "config-2", "-r", "-J", "-o", drive + ".iso", drive)
    sparse_copy(IMAGE, disk)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    run("sfdisk", "-q", "--relocate", "gpt-bak-std", disk, env=env)
    run("sfdisk", "-q", "--append", disk, input=b"start=2000000, size=16384, type=L\n", env=env)
    run("dd", "if=%s.iso" % drive, "of=" + disk, "bs=512", "seek=2000000", "conv=notrunc", "status=none")


def posts(rack, machine):
    try:
        with open(rack.scratch + "/posts") as f:
            lines = [l.split(" ", 2) for l in f]
    except FileNotFoundError:
        return []
    return [(kind, json.loads(body)) for kind, path, body in lines if path == "/phone-home/" + machine]


def check_sums(tap):
    for ext in ("", ".gz", ".zst"):
        with open(IMAGE + ext + ".sha256") as f:
            want, name = f.read().split()
        h = hashlib.sha256()
        with open(IMAGE + ext, "rb") as f:
            for chunk in iter(lambda: f.read(1 << 20), b""):
                h.update(chunk)
        tap.ok(h.hexdigest() == want and name == os.path.basename(IMAGE + ext),
               "the sum of system.img%s is that of the file as served" % ext)
    tap.equal(os.stat(IMAGE).st_size, 300 * 1024 * 1024, "the image is 300 MB")
    tap.ok(os.stat(IMAGE).st_blocks * 512 < 40e6, "and holds less than 40 MB")


def boot(tap, rack, machine, address):
    deploy(rack, machine)
    start = time.monotonic()
    rack.ipmi(address, "power", "on")
    took = wait_for(lambda: any(k == "taken" for k, _ in posts(rack, machine)), 120)
    tap.ok(took, "%s boots from its disk and phones home" % machine, rack.console(machine))
    tap.diag("%s: %.1f s from power on to the call" % (machine, time.monotonic() - start))
    tap.equal(posts(rack, machine)[-1:],
              [("taken", {"hostname": machine, "nonce": "nonce-" + machine, "uuid": "uuid-of-" + machine})],
              "%s tells host name, nonce and UUID of its config drive" % machine)
    tap.ok(rack.wait_console(machine, "INGOT-SYSTEM host=%s nonce=nonce-%s phoned home" % (machine, machine), 20),
           "%s says so on its console" % machine, rack.console(machine))


def main():
    tap = Tap()
    need_root(tap)
    if not os.path.exists(IMAGE):
        tap.skip_all("build/system/system.img is not built")
    check_sums(tap)
    with Rack(RACK, "si") as rack:
        rack.spawn("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=br0", "--bind-interfaces",
                   "--dhcp-range=10.78.0.100,10.78.0.150,1h", "--no-ping", "--leasefile-ro", "--user=root",
                   "--log-facility=" + rack.scratch + "/dnsmasq.log", stderr=subprocess.DEVNULL)
        rack.spawn(sys.executable, "-c", SERVER, rack.scratch + "/posts")
        only = sys.argv[1:] or MACHINES
        for machine in only:
            address = "10.78.1.%d" % (MACHINES.index(machine) + 1)
            boot(tap, rack, machine, address)
            if machine == "uefi-nvme":
                tap.equal([k for k, _ in posts(rack, machine)], ["refused", "taken"],
                          "a refused call is made again")
            if machine == "bios-virtio":
                before = len(rack.console(machine))
                rack.vrack("type", machine, "reboot")
                tap.ok(rack.wait_console(machine, "phoned home", 90, before),
                       "it reboots when asked to, and phones home again", rack.console(machine)[before:])
            rack.ipmi(address, "power", "soft")
            tap.ok(wait_for(lambda: rack.power(address) == "off", 30),
                   "%s powers itself off at a soft shutdown" % machine, rack.console(machine))
    tap.done()


main()
