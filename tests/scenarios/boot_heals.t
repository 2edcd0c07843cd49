#!/usr/bin/env python3
"""What machines need to boot goes and comes back while ingotd runs: dnsmasq and in.tftpd are killed, end
at once again and again, the provisioning interface is deleted or loses its address. The services heal
without a restart, `why` and /metrics say what is wrong meanwhile, and a deploy that does not need them
goes on. In a network namespace of its own, with real dnsmasq and in.tftpd and a simulated machine."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from faultlib import ip, run_cases, tap  # noqa: E402
from simlib import CONF, Sim, make_image, wait_for  # noqa: E402
import simlib  # noqa: E402
from vracklib import need_root  # noqa: E402


def make_interface():
    ip("link add prov0 type veth peer name prov1")
    ip("link set prov0 up")
    ip("link set prov1 up")
    ip("address add 10.78.0.1/24 dev prov0")


def services(sim, name):
    """Process ids of the programs of this name below the conductor."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                words = f.read().split(b"\0")
            with open("/proc/%s/environ" % pid, "rb") as f:
                same = os.stat("/proc/%s/ns/net" % pid).st_ino == os.stat("/proc/self/ns/net").st_ino
        except OSError:
            continue
        if same and words[0].decode() == name:
            found.append(int(pid))
    return found


def offers(sim):
    """Whether DHCP answers: port 67 is open; in.tftpd: port 69."""
    text = subprocess.run(["ss", "-lun"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return bool(re.search(r":67\s", text) and re.search(r"10\.78\.0\.1:69\s", text))


def failing(sim):
    return sim.metric("ingot_boot_services_failing")


def killed(sim, m, name):
    pids = services(sim, name)
    tap.ok(pids, name + " runs")
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    tap.ok(wait_for(lambda: failing(sim) == 1, 10), "%s is killed: /metrics counts it" % name)
    path = sim.why(m).get("boot_path") or ""
    tap.ok(name + " ended" in path and "starts again" in path, "and `why` of a machine that has to boot says it", path)
    tap.ok(wait_for(lambda: services(sim, name) and failing(sim) == 0, 20), "it is started again, and that is said")


def ends_at_once(sim, m):
    """Another program takes in.tftpd's port: it ends again and again, less and less often."""
    for pid in services(sim, "in.tftpd"):
        os.kill(pid, signal.SIGSTOP)
    squatter = subprocess.Popen([sys.executable, "-c", "import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                                 "while 1:\n try:\n  s.bind(('10.78.0.1',69)); break\n except OSError: time.sleep(0.001)\n"
                                 "print(1,flush=True)\ntime.sleep(600)"], stdout=subprocess.PIPE)
    for pid in services(sim, "in.tftpd"):
        os.kill(pid, signal.SIGKILL)
    squatter.stdout.readline()
    pauses = wait_for(lambda: (lambda p: p if len(p) > 2 else None)(
        re.findall(r"in\.tftpd ended with \w+ \d+.*it starts again in (\d+) s", sim.conductor_log())[-4:]), 30)
    tap.ok(pauses and [int(p) for p in pauses] == sorted(int(p) for p in pauses) and int(pauses[-1]) > 1,
           "in.tftpd ends at once: the pauses grow", pauses)
    tap.ok(failing(sim) == 1 and "in.tftpd ended" in sim.why(m)["boot_path"], "it counts as failing all the time",
           sim.why(m)["boot_path"])
    squatter.kill()
    squatter.wait()
    tap.ok(wait_for(lambda: failing(sim) == 0, 60), "it heals when the port is free")


def interface_goes(sim, m, gone, back):
    ip(gone)
    tap.ok(wait_for(lambda: "prov0" in (sim.why(m).get("boot_path") or ""), 20), "%s: `why` says what is missing" % gone)
    tap.ok(failing(sim) >= 1, "so does /metrics")
    back()
    tap.ok(wait_for(lambda: failing(sim) == 0 and offers(sim), 40), "back: dnsmasq and in.tftpd serve it without a restart",
           sim.conductor_log()[-1500:])


def story(sim):
    m, other = sim.machines
    sim.images.files["system.img"] = make_image(4)
    for one in (m, other):
        sim.to_available(one)
        sim.image(one, "system.img")
    m.boots = False
    sim.deploy(m)
    sim.reach(m, "wait call-back")
    tap.ok(offers(sim) and failing(sim) == 0, "the services serve the interface")
    killed(sim, m, "dnsmasq")
    killed(sim, m, "in.tftpd")
    ends_at_once(sim, m)
    sim.deploy_held(other)
    interface_goes(sim, m, "link delete prov0", make_interface)
    ip("address del 10.78.0.1/24 dev prov0")
    sim.images.release("system.img")
    node = sim.reach(other, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "a deploy that does not need it goes on")
    ip("address add 10.78.0.1/24 dev prov0")
    interface_goes(sim, m, "address del 10.78.0.1/24 dev prov0", lambda: ip("address add 10.78.0.1/24 dev prov0"))
    m.boots = True
    sim.bmcs.ask(op="reboot", bmc=0)
    node = sim.reach(m, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), "the machine that waited boots and is deployed")
    told = len(re.findall(r"machines cannot boot until it is back", sim.conductor_log()))
    tap.ok(told <= 3, "the log says it once each time", told)


def goes_and_comes():
    make_interface()
    simlib.CONF = CONF.replace("dhcp = none", "dhcp = full\ninterface = prov0\nrange = 10.78.0.100,10.78.0.150")
    with Sim(2) as sim:
        story(sim)


if __name__ == "__main__":
    need_root(tap)
    run_cases((goes_and_comes,))
