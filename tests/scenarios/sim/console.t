#!/usr/bin/env python3
"""Serial consoles over SOL by the real ipmitool against emulated BMCs: shown, typed on by one at a time,
recorded, replayed, and back again after a restart and a kill -9 of the conductor, the death of ipmitool, a
reset of the BMC, and when somebody else holds the console."""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from simlib import BMC_PASSWORD, BMC_USER, BUILD, SLOW, Sim, Tap, free_port, make_image, need_programs, wait_for  # noqa: E402

tap = Tap()


class Watch:
    """A watcher by plain HTTP; events as (code, text)."""

    def __init__(self, sim, m, read=True):
        url = sim.api_url + "/ingot/v1/nodes/%s/console" % m.name
        self.stream = urllib.request.urlopen(url, timeout=120)
        self.id = json.loads(self.stream.readline())["ingot_id"]
        self.events, self.ended = [], False
        if read:
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        try:
            for line in self.stream:
                if line.strip():
                    self.events.append(tuple(json.loads(line)[1:]))
        except (OSError, ValueError, AttributeError):
            pass
        self.ended = True

    def text(self, code="o"):
        return "".join(t for c, t in list(self.events) if c == code)

    def sees(self, text, code="o", limit_s=30):
        return wait_for(lambda: text in self.text(code), limit_s, 0.05)

    def type(self, sim, m, text, **more):
        return sim.call("POST", "/ingot/v1/nodes/%s/console/input" % m.name, dict(more, watch=self.id, input=text))


def says(sim, m, text):
    sim.bmcs.ask(op="console", bmc=m.i, text=text)


got = {}


def gets(sim, m, text, limit_s=30):
    """The machine has been typed that, in whatever pieces."""
    def look():
        got[m.i] = got.get(m.i, "") + sim.bmcs.ask(op="typed", bmc=m.i)["text"]
        return text in got[m.i]
    return wait_for(look, limit_s, 0.05)


def enable(sim, m, on=True):
    sim.must("PUT", "/v1/nodes/%s/states/console" % m.name, {"enabled": on})


def connected(sim, m, yes=True, limit_s=40):
    return wait_for(lambda: bool((sim.why(m).get("console") or {}).get("connected")) == yes, limit_s, 0.05)


def last_lines(sim, m):
    return (sim.why(m).get("console") or {}).get("lines", [])


def tool_pids(port):
    """The SOL processes for a BMC's port; whoever started them is one of ours, because the port is."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                words = f.read().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words[0] == "ipmitool" and "sol" in words and str(port) in words:
            found.append((int(pid), words))
    return found


def ingot(sim, *words, check=True):
    done = subprocess.run([os.path.join(BUILD, "ingot"), "--url", sim.api_url, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=120 * SLOW)
    if check and done.returncode:
        raise RuntimeError("ingot %s: %s" % (" ".join(words), done.stdout.decode()))
    return done.stdout.decode()


def shown_and_typed(sim, m):
    status, answer = sim.call("GET", "/ingot/v1/nodes/%s/console" % m.name)
    tap.ok(status == 409 and "not enabled" in str(answer), "a console that is not enabled is not to be watched", answer)
    tap.equal(sim.get("/v1/nodes/%s/states/console" % m.name), {"console_enabled": False, "console_info": None},
              "Ironic's view before")
    enable(sim, m)
    tap.ok(connected(sim, m), "it is connected", sim.why(m).get("console"))
    info = sim.get("/v1/nodes/%s/states/console" % m.name)
    tap.ok(info["console_enabled"] and info["console_info"]["type"] == "ingot", "Ironic's view after", info)
    tap.ok(sim.node(m)["console_enabled"], "the node says so")
    words = tool_pids(sim.bmcs.ports[m.i])[0][1]
    tap.ok(BMC_PASSWORD not in " ".join(words), "the password is on no command line")
    first, second = Watch(sim, m), Watch(sim, m)
    says(sim, m, "Booting \u00e9t\u00e9\r\nlogin: ")
    tap.ok(first.sees("login: ") and second.sees("login: "), "two watchers see what the machine writes", first.events)
    tap.ok("\u00e9t\u00e9" in first.text(), "in UTF-8")
    tap.equal(first.type(sim, m, "root\r")[0], 204, "one types")
    tap.ok(gets(sim, m, "root"), "the machine gets it")
    tap.ok(second.sees("at the keyboard", "m"), "the other sees who")
    status, answer = second.type(sim, m, "x")
    tap.ok(status == 409 and "typing" in str(answer), "and cannot type meanwhile", answer)
    tap.equal(second.type(sim, m, "y", take=True)[0], 204, "but can take the keyboard")
    tap.equal(second.type(sim, m, "\r~.z\r")[0], 204, "ipmitool's own escape is typed too")
    tap.ok(gets(sim, m, "~.z"), "as bytes for the machine")
    status, answer = sim.call("POST", "/ingot/v1/nodes/%s/console/input" % m.name, {"watch": "nobody", "input": "x"})
    tap.equal(status, 404, "who does not watch does not type")
    says(sim, m, "\x1b[2J\x1b[1;1H\x1b[31mKernel panic\x1b[0m - not syncing\r\n")
    tap.ok(wait_for(lambda: "Kernel panic - not syncing" in last_lines(sim, m), 20), "why shows the last lines without escapes",
           last_lines(sim, m))
    tap.ok("Kernel panic - not syncing" in ingot(sim, "why", m.name), "ingot why too")
    return first


def ipmitool_dies(sim, m, watch):
    pid = tool_pids(sim.bmcs.ports[m.i])[0][0]
    os.kill(pid, signal.SIGKILL)
    tap.ok(watch.sees("connection lost", "m"), "the death of ipmitool is remarked")
    tap.ok(wait_for(lambda: [p for p, _ in tool_pids(sim.bmcs.ports[m.i]) if p != pid], 30) and connected(sim, m),
           "another one is begun, which ends the session the dead one left")
    says(sim, m, "after the death\r\n")
    tap.ok(watch.sees("after the death"), "the watcher stays and sees more")


def bmc_resets(sim, m, watch):
    tool = tool_pids(sim.bmcs.ports[m.i])[0][0]
    subprocess.run(["ipmitool", "-I", "lanplus", "-H", "127.0.0.1", "-p", str(sim.bmcs.ports[m.i]), "-U", BMC_USER, "-C", "17",
                    "-E", "mc", "reset", "cold"], env=dict(os.environ, IPMI_PASSWORD=BMC_PASSWORD), check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60 * SLOW)
    watch.type(sim, m, "x", take=True)  # the dead session shows when something is sent
    tap.ok(wait_for(lambda: tool not in [p for p, _ in tool_pids(sim.bmcs.ports[m.i])], 120), "after a reset of the BMC the old session ends")
    tap.ok(connected(sim, m, limit_s=60), "and a new one begins")
    says(sim, m, "after the reset\r\n")
    tap.ok(watch.sees("after the reset"), "with output")


def others_session(sim, m):
    """Somebody else's ipmitool holds the console."""
    enable(sim, m, False)
    connected(sim, m, False)
    wait_for(lambda: not tool_pids(sim.bmcs.ports[m.i]), 20)
    # the other's port number is hidden from tool_pids() by its form
    other = subprocess.Popen(["ipmitool", "-I", "lanplus", "-H", "127.0.0.1", "-p0%d" % sim.bmcs.ports[m.i], "-U", BMC_USER, "-C", "17",
                              "-E", "sol", "activate"], env=dict(os.environ, IPMI_PASSWORD=BMC_PASSWORD), stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        says(sim, m, "for the other\r\n")
        tap.ok(select.select([other.stdout], [], [], 30 * SLOW)[0], "somebody else has the console")
        enable(sim, m)
        tap.ok(connected(sim, m), "enabling it takes it over")
        tap.ok(wait_for(lambda: "another session holds the console: it is ended" in ingot(sim, "console", m.name, "--log"), 20),
               "and says so in the recording")
    finally:
        other.kill()
        other.wait()
        other.stdin.close()
        other.stdout.close()


def restarts(sim, m):
    sim.stop(signal.SIGTERM)
    tap.ok(wait_for(lambda: not tool_pids(sim.bmcs.ports[m.i]), 20), "no ipmitool outlives a conductor that stops")
    sim.start()
    tap.ok(connected(sim, m), "an enabled console is open again after a restart")
    says(sim, m, "after the restart\r\n")
    tap.ok(wait_for(lambda: "after the restart" in last_lines(sim, m), 20), "with output")
    sim.stop(signal.SIGKILL)
    sim.status.pop()
    tap.ok(wait_for(lambda: not tool_pids(sim.bmcs.ports[m.i]), 30), "nor one that is killed")
    sim.start()
    tap.ok(connected(sim, m), "and again after a kill -9")


def recorded(sim, m):
    text = ingot(sim, "console", m.name, "--log")
    order = ["login:", "Kernel panic - not syncing", "connection lost", "after the death", "after the reset", "after the restart"]
    at = [text.find(word) for word in order]
    tap.ok(-1 not in at and at == sorted(at), "the recording has all of it in order, over restarts", text)
    tap.ok("\x1b" not in text, "without escapes")
    tap.ok(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  ", text), "with times")
    tap.equal(ingot(sim, "console", m.name, "--log", "--since", "2099-01-01T00:00:00Z"), "", "nothing of it is from the future")
    lines = ingot(sim, "console", m.name, "--log", "--json").splitlines()
    header, events = json.loads(lines[0]), [json.loads(line) for line in lines[1:]]
    tap.ok(header["version"] == 2 and {e[1] for e in events} <= {"o", "m"}, "as asciicast version 2; what was typed is not in it")
    played = ingot(sim, "console", m.name, "--replay", "--speed", "1000")
    tap.ok("\x1b[31mKernel panic" in played, "the replay is what the terminal got")
    path = os.path.join(sim.folder, "console", sim.node(m)["uuid"] + ".cast")
    tap.equal(os.stat(path).st_mode & 0o777, 0o600, "the file is ours alone")


def by_terminal(sim, m):
    """`ingot console` in a terminal."""
    pid, master = pty.fork()
    if pid == 0:
        os.execv(os.path.join(BUILD, "ingot"), ["ingot", "--url", sim.api_url, "console", m.name])
    seen = b""

    def see(word, limit_s=30):
        nonlocal seen
        end = time.monotonic() + limit_s * SLOW
        while word not in seen and time.monotonic() < end:
            if select.select([master], [], [], 0.2)[0]:
                try:
                    seen += os.read(master, 65536)
                except OSError:
                    break
        return word in seen
    tap.ok(see(b"leave with Enter ~."), "ingot console says how to leave")
    tap.ok(see(b"connected"), "and that it is connected", seen)
    says(sim, m, "shell# ")
    tap.ok(see(b"shell# "), "it shows the machine's output")
    os.write(master, b"uname\x03\r")
    tap.ok(gets(sim, m, "uname\x03\r"), "keys go there, Ctrl-C among them")
    os.write(master, b"~?")
    tap.ok(see(b"take the keyboard"), "its help helps")
    return pid, master, see


def leave(sim, m, pid, master, see):
    os.write(master, b"~.")
    see(b"left the console")
    tap.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0, "~. leaves it")
    os.close(master)
    tap.equal(sim.why(m)["console"]["writer"], None, "and the keyboard is free at once")


def slow_reader(sim, m):
    stuck = Watch(sim, m, read=False)
    other = Watch(sim, m)
    for _ in range(40):
        says(sim, m, "x" * 1000 + "\r\n")
    says(sim, m, "the end of much\r\n")
    tap.ok(other.sees("the end of much", limit_s=60), "one who does not read holds up nobody")
    stuck.stream.close()


def conductor_goes(sim, m):
    pid, master, see = by_terminal(sim, m)
    sim.stop(signal.SIGTERM)
    see(b"conductor", 30)
    tap.equal(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 1, "when the conductor goes the program ends and says so")
    os.close(master)
    sim.start()


def tcp_port(sim, m):
    port = free_port()
    sim.patch(m, {"op": "add", "path": "/driver_info/ipmi_terminal_port", "value": port})
    enable(sim, m)
    connected(sim, m)
    tap.equal(sim.get("/v1/nodes/%s/states/console" % m.name)["console_info"],
              {"type": "socat", "url": "tcp://127.0.0.1:%d" % port}, "a TCP port is shown as Ironic does")
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        s.settimeout(0.5)
        seen = b""

        def carried():  # said again: the kernel has taken the connection before the conductor knows of it
            nonlocal seen
            says(sim, m, "by tcp\r\n")
            try:
                seen += s.recv(4096)
            except TimeoutError:
                pass
            return b"by tcp" in seen
        tap.ok(wait_for(carried, 30), "it carries the machine's output")
        s.settimeout(30 * SLOW)
        s.sendall(b"typed by tcp\r")
        tap.ok(gets(sim, m, "typed by tcp"), "and what is typed")
    enable(sim, m, False)
    connected(sim, m, False)

    def closed():
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError:
            return True
    tap.ok(wait_for(closed, 20), "the port goes with the console")


def while_provisioning(sim, m):
    sim.enroll(m)
    sim.go(m, "manage", "manageable")
    tap.ok("console" not in sim.why(m), "a look at the BMC opens no console")
    sim.go(m, "provide", "available")
    sim.image(m, "system.img")
    sim.deploy_held(m)
    tap.ok(connected(sim, m), "a node that is provisioned has its console open")
    says(sim, m, "agent: writing\r\n")
    tap.ok(wait_for(lambda: "agent: writing" in last_lines(sim, m), 20), "why shows its last lines")
    sim.images.release("system.img")
    sim.reach(m, "active")
    tap.ok(connected(sim, m, False, limit_s=30), "it is closed a while after")
    tap.ok("agent: writing" in last_lines(sim, m), "its last words are kept")
    tap.ok(not sim.node(m)["console_enabled"], "and the node says nothing of a console")
    sim.must("PUT", "/v1/nodes/%s/maintenance" % m.name, {})
    sim.must("DELETE", "/v1/nodes/" + m.name)
    left = [f for f in os.listdir(os.path.join(sim.folder, "console")) if f.endswith(".cast")]
    tap.equal(len(left), 1, "a deleted node leaves no recording")


def main():
    with Sim(2, wait=120) as sim:
        sim.images.files["system.img"] = make_image(4)
        sim.stop(signal.SIGTERM)
        sim.start(console="true\nlinger = 3\ntcp_listen = 127.0.0.1")
        m, other = sim.machines
        m.boots = False
        sim.bmcs.ask(op="power", bmc=m.i, on=True)
        sim.enroll(m)
        watch = shown_and_typed(sim, m)
        ipmitool_dies(sim, m, watch)
        bmc_resets(sim, m, watch)
        restarts(sim, m)
        recorded(sim, m)
        others_session(sim, m)
        leave(sim, m, *by_terminal(sim, m))
        slow_reader(sim, m)
        conductor_goes(sim, m)
        text = ingot(sim, "node", "console", "off", m.name)
        tap.ok(connected(sim, m, False), "ingot node console off closes it", text)
        tcp_port(sim, m)
        while_provisioning(sim, other)


if __name__ == "__main__":
    need_programs(tap)
    if not shutil.which("ipmitool"):
        tap.skip_all("ipmitool is not installed")
    main()
    tap.done()
