#!/usr/bin/env python3
"""What happens after the image is on the disk, on machines whose partitions are folders: files are put into the system
by a deploy step, and its kernel is started without the firmware; where the agent is not sure what that would be, the
machine is restarted, and the node's history says why."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import IMAGE, ready, tap  # noqa: E402
from simlib import Sim, need_programs, wait_for  # noqa: E402

PARTITION = 2048 * 512


def with_ext4(image):
    """The image with the mark of an ext4 in its partition, which is all that a folder needs to be taken for one."""
    image = bytearray(image)
    image[PARTITION + 1080:PARTITION + 1082] = b"\x53\xef"
    return bytes(image)


def put(m, path, text):
    full = os.path.join(m.folder, "dev/vda.1", path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w") as f:
        f.write(text)


def deploy(sim, m, files):
    sim.patch(m, {"op": "add", "path": "/instance_info/ingot_kexec", "value": True},
              {"op": "add", "path": "/properties/inject_files", "value": [{"path": "/etc/first", "content": "MQ=="}]})
    before = len(m.log)
    sim.deploy(m, deploy_steps=[{"interface": "deploy", "step": "inject_files", "priority": 70, "args": {"files": files}}])
    node = sim.reach(m, "active", "deploy failed")
    wait_for(lambda: m.log[-1] == "system", 30)
    return node, m.log[before:]


def main():
    need_programs(tap)
    with Sim() as sim:
        m = ready(sim)
        sim.images.files["system.img"] = with_ext4(IMAGE)
        sim.image(m, "system.img")
        put(m, "boot/grub/grub.cfg", "menuentry a {\nlinux /boot/k root=/dev/vda1\ninitrd /boot/i\n}\n")
        put(m, "boot/k", "kernel")
        put(m, "boot/i", "initrd")
        put(m, "etc/motd", "was there")
        node, did = deploy(sim, m, [{"path": "/etc/motd", "content": "aGVsbG8=", "mode": 0o600},
                                    {"path": "/etc/deep/er", "content": "eA=="}])
        tap.equal(node["provision_state"], "active", "deployed") or tap.diag(str(node["last_error"]))
        tap.ok("the agent asks for kexec" in did and did[-1] == "system", "its kernel is started by the agent", str(did))
        tap.ok(not [d for d in did if d.startswith("power") and "reset" in d], "and the machine is not restarted", str(did))
        with open(os.path.join(m.folder, "dev/vda.1/etc/motd")) as f:
            tap.equal((f.read(), os.stat(f.name).st_mode & 0o7777), ("hello", 0o600), "a file is in the system, with its mode")
        tap.ok(os.path.exists(os.path.join(m.folder, "dev/vda.1/etc/deep/er")), "another in a folder of its own")
        tap.ok(os.path.exists(os.path.join(m.folder, "dev/vda.1/etc/first")), "and that of the node's properties")
        home = sim.home(m)
        tap.ok(home and home["nonce"], "the system reports itself as ever")

        sim.provision(m, "service", service_steps=[{"interface": "deploy", "step": "inject_files", "args": {
            "files": [{"path": "/etc/motd", "content": "c2VydmVk"}]}}])
        wait_for(lambda: sim.node(m)["provision_state"] != "active", 30)
        node = sim.reach(m, "active", "service failed")
        tap.equal((node["provision_state"], node["last_error"]), ("active", None), "the deployed machine is served")
        with open(os.path.join(m.folder, "dev/vda.1/etc/motd")) as f:
            tap.equal(f.read(), "served", "by the same step, which puts files into its system")

        sim.go(m, "deleted", "available")
        sim.image(m, "system.img")
        put(m, "boot/grub/grub.cfg", "menuentry a {\nchainloader +1\n}\n")
        node, did = deploy(sim, m, [])
        tap.equal(node["provision_state"], "active", "deployed when nobody knows what it would start") or tap.diag(
            str(node["last_error"]))
        tap.ok([d for d in did if d.startswith("power reset")], "by a restart", str(did))
        said = [h["event"] for h in sim.history(m) if "chainloader" in h["event"]]
        tap.ok(said, "and the history says why", str([h["event"] for h in sim.history(m)][-8:]))
    tap.done()


main()
