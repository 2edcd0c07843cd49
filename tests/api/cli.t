#!/usr/bin/python3
"""The ingot program against a conductor: racks, many nodes at once, exit codes."""

import json
import os
import pty
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import OUT, Conductor, done, ok, run, same  # noqa: E402

conductor = Conductor()
env = {"INGOT_URL": conductor.url, "HOME": conductor.folder}
rack = os.path.join(conductor.folder, "rack.csv")


def ingot(*words, **kw):
    return run(os.path.join(OUT, "ingot"), *words, env=kw.pop("env", env), **kw)


def on_terminal(answer, *words):
    """What a person sees who gives that answer."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(os.path.join(OUT, "ingot"), ["ingot", *words], {**os.environ, **env})
    screen = b""
    try:
        while b"[y/N]" not in screen and b"Type" not in screen:
            screen += os.read(fd, 4096)
        os.write(fd, answer.encode())
        while True:
            screen += os.read(fd, 4096)
    except OSError:
        pass  # it has ended
    os.close(fd)
    os.waitpid(pid, 0)
    return screen.decode(errors="replace").replace("\r\n", "\n")


def write(text):
    with open(rack, "w", encoding="utf-8") as f:
        f.write(text)


def names():
    return sorted(n["name"] for n in conductor.request("GET", "/v1/nodes")[1]["nodes"])


HEAD = "name,driver,bmc_address,bmc_username,bmc_password,mac,boot_mode,properties.rack\n"
write(HEAD + "r1u01,ipmi,10.0.0.1,root,secret,52:54:00:00:00:01;52:54:00:00:00:81,uefi,r1\n"
      "r1u02,ipmi,10.0.0.2,root,secret,52:54:00:00:00:02,,r1\n"
      '"r1u03",fake-hardware,,,,52-54-00-00-00-03,bios,"r1, left"\n')
status, out, err = ingot("rack", "import", rack, "--dry-run")
same((status, names()), (0, []), "a dry run makes nothing")
ok("3 to make" in out, "and says what it would: " + out)
status, out, err = ingot("rack", "import", rack)
same((status, names()), (0, ["r1u01", "r1u02", "r1u03"]), "import makes three: " + err)
same(len(conductor.request("GET", "/v1/ports")[1]["ports"]), 4, "and four ports")
node = conductor.request("GET", "/v1/nodes/r1u01")[1]
same((node["driver_info"], node["properties"]),
     ({"ipmi_address": "10.0.0.1", "ipmi_username": "root", "ipmi_password": "******"},
      {"capabilities": "boot_mode:uefi", "rack": "r1"}), "fields as the row says")
before = conductor.request("GET", "/v1/nodes/detail")[1]
status, out, err = ingot("rack", "import", rack)
same((status, conductor.request("GET", "/v1/nodes/detail")[1]), (0, before),
     "importing twice changes nothing")
ok("0 made, 0 changed, 3 as before" in out, "and says so: " + out)
write(HEAD + "r1u01,ipmi,10.0.0.9,root,secret,52:54:00:00:00:01,uefi,r1\n"
      "r1u04,fake-hardware,,,,,,\n")
status, out, err = ingot("rack", "import", rack, "--dry-run")
ok('driver_info/ipmi_address: "10.0.0.1" -> "10.0.0.9"' in out, "a change is shown: " + out)
status, out, err = ingot("rack", "import", rack)
same((status, conductor.request("GET", "/v1/nodes/r1u01")[1]["driver_info"]["ipmi_address"]),
     (0, "10.0.0.9"), "and made")
after = {n["name"]: n for n in conductor.request("GET", "/v1/nodes/detail")[1]["nodes"]}
same([after[n["name"]] for n in before["nodes"] if n["name"] != "r1u01"],
     [n for n in before["nodes"] if n["name"] != "r1u01"], "the other rows' nodes are as before")

wrong = [
    ("an unknown column", "name,frob\nx,1\n", "frob"),
    ("too few fields", HEAD + "r9,ipmi,10.0.0.3\n", "line 2"),
    ("a bad MAC", HEAD + "r8,fake-hardware,,,,52:54,,\nr9,fake-hardware,,,,zz,,\n", "line 3"),
    ("a bad boot mode", HEAD + "r9,fake-hardware,,,,,efi,\n", "line 2: boot_mode"),
    ("no BMC address", HEAD + "r9,ipmi,,,,,,\n", "line 2: bmc_address"),
    ("a name twice", HEAD + "r9,fake-hardware,,,,,,\nr9,fake-hardware,,,,,,\n", "line 3: name"),
    ("a MAC twice", HEAD + "r8,fake-hardware,,,,52:54:00:00:01:01,,\n"
     "r9,fake-hardware,,,,52:54:00:00:01:01,,\n", "line 3: mac"),
    ("another node's MAC", HEAD + "r8,fake-hardware,,,,,,\n"
     "r9,fake-hardware,,,,52:54:00:00:00:02,,\n", "line 3: mac"),
    ("a bad name", HEAD + "r 9,fake-hardware,,,,,,\n", "line 2: name"),
    ("an unknown driver", HEAD + "r8,fake-hardware,,,,,,\nr9,frob,,,,,,\n", "line 3"),
    ("an open quote", HEAD + '"r9,fake-hardware,,,,,,\n', "line 2"),
]
there = names()
for what, text, says in wrong:
    write(text)
    status, out, err = ingot("rack", "import", rack)
    ok(status == 1 and says in err, "%s is refused by its line: %s" % (what, err.strip()))
    same(names(), there, "and nothing is half-imported")

for n in range(1, 6):
    conductor.request("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "f%02d" % n})
status, out, err = ingot("node", "manage", "f[01-05]", "--wait")
same((status, [conductor.node_state("f%02d" % n) for n in range(1, 6)]), (0, ["manageable"] * 5),
     "manage of a range: " + err)
status, out, err = ingot("node", "provide", "f*", "--wait", "--timeout", "60")
same((status, conductor.node_state("f05")), (0, "available"), "provide of a glob: " + err)
status, out, err = ingot("node", "provide", "f[01-02]", "none")
ok(status == 1 and "f[01-02]" in err and "none" in err, "failures are united: " + err)
status, out, err = ingot("node", "deploy", "f01", "f02", "--image", "http://h/i", "--checksum",
                         "ab" * 32, "--root-device", "size=>= 10", "--hostname", "{name}.lab",
                         "--wait")
same((status, conductor.node_state("f02")), (0, "active"), "deploy: " + err)
info = conductor.request("GET", "/v1/nodes/f01")[1]["instance_info"]
same((info["image_source"], info["image_os_hash_algo"], info["root_device"]),
     ("http://h/i", "sha256", {"size": ">= 10"}), "with its options")
status, out, err = ingot("node", "undeploy", "f01", "f03", "--dry-run")
ok(status == 1 and "f01" in out and "http://h/i" in out and "Undeploy 1 node" in out and "1 refused" in out,
   "a dry run tells what runs there and what is refused: " + out)
rows = json.loads(ingot("node", "undeploy", "f01", "--dry-run", "--json")[1])
same((rows[0]["node"], rows[0]["provision_state"], rows[0]["status"]), ("f01", "active", 202), "as JSON")
same((ingot("node", "delete", "f04", "--dry-run")[0], "f04" in names()), (0, True), "a dry run deletes nothing")
status, out, err = ingot("node", "undeploy", "f01", "f02", "--yes", "--max", "1")
same((status, conductor.node_state("f01")), (2, "active"), "not more nodes than --max: " + err)
screen = on_terminal("n\n", "node", "undeploy", "f01")
ok("Undeploy 1 node" in screen and conductor.node_state("f01") == "active", "a person who says no is heard: " + screen)
status, out, err = ingot("node", "undeploy", "f01")
same((status, conductor.node_state("f01")), (2, "active"), "undeploy wants --yes: " + err)
status, out, err = ingot("node", "undeploy", "f01", "--yes", "--wait")
same((status, conductor.node_state("f01")), (0, "available"), "undeploy --yes: " + err)
status, out, err = ingot("node", "power", "off", "f02", "--wait")
same(conductor.request("GET", "/v1/nodes/f02/states")[1]["power_state"], "power off", "power off")
status, out, err = ingot("node", "maintenance", "on", "f03", "--reason", "fan")
same(conductor.request("GET", "/v1/nodes/f03")[1]["maintenance_reason"], "fan", "maintenance on")

listed = json.loads(ingot("node", "list", "f*", "--json")[1])
same(len(listed), 5, "list of a glob, as JSON")
same(len(json.loads(ingot("node", "list", "--provision-state", "active", "--json")[1])), 1,
     "list by state")
same(json.loads(ingot("node", "show", "f01", "--json")[1])["name"], "f01", "show")
same(json.loads(ingot("why", "f02", "--json")[1])["provision_state"], "active", "why")
ok("active" in ingot("why", "f02")[1], "why, for people")
for words in (("waiting", "list"), ("port", "list"), ("driver", "list"), ("conductor", "list"),
              ("version",), ("boot", "explain", "52:54:00:00:00:01")):
    status, out, err = ingot(*words, "--json")
    ok(status == 0 and json.loads(out) is not None, "%s --json: %s" % (" ".join(words), err))
status, out, err = ingot("node", "create", "c1", "--driver", "ipmi", "--driver-info",
                         "ipmi_password=secret")
ok(status == 2 and "command line" in err, "a password on the command line is refused: " + err)
with open(os.path.join(conductor.folder, "pass"), "w", encoding="utf-8") as f:
    f.write("secret\n")
status, out, err = ingot("node", "create", "c1", "--driver", "ipmi", "--driver-info",
                         "ipmi_address=10.9.9.9", "--driver-info",
                         "ipmi_password=@%s/pass" % conductor.folder, "--mac", "52:54:00:00:02:01")
same(status, 0, "a password out of a file: " + err)
status, out, err = ingot("node", "set", "c1", "--extra", "n=1", "--unset", "properties/none")
same(status, 1, "a patch that fails")
same(ingot("node", "set", "c1", "--extra", "n=1")[0], 0, "set")
same(conductor.request("GET", "/v1/nodes/c1")[1]["extra"], {"n": 1}, "was set")
same(ingot("node", "delete", "c1", "--yes")[0], 0, "delete")

for n in range(12):
    conductor.request("POST", "/v1/nodes", {"driver": "fake-hardware", "name": "many%02d" % n})
screen = on_terminal("y\n", "node", "delete", "many[00-11]")
ok("Type 12" in screen and "many11" in names(), "many nodes are not waved through: " + screen[-80:])
on_terminal("12\n", "node", "delete", "many[00-11]")
ok("many11" not in names(), "their number is")

same(ingot("frob")[0], 2, "an unknown command")
same(ingot("node", "list", "--frob")[0], 2, "an unknown option")
same(ingot("node", "list", env={"INGOT_URL": "http://127.0.0.1:9"})[0], 1, "no conductor")
conductor.request("POST", "/v1/nodes", {
    "driver": "fake-hardware", "name": "slow", "driver_info": {"fake_power_delay": 4}})
status, out, err = ingot("node", "manage", "slow", "--wait", "--timeout", "1")
ok(status == 3 and "not done after 1 s" in err, "a time-out is exit status 3: " + err)
conductor.request("POST", "/v1/nodes", {
    "driver": "fake-hardware", "name": "dead", "driver_info": {"fake_power_failure": "no answer"}})
status, out, err = ingot("node", "manage", "dead", "--wait")
ok(status == 1 and "no answer" in err, "a failure tells its reason: " + err)
with open(os.path.join(conductor.folder, "clouds.yaml"), "w", encoding="utf-8") as f:
    f.write("clouds:\n  lab:\n    auth_type: none\n    baremetal_endpoint_override: %s/v1/\n"
            % conductor.url)
clouds = {"OS_CLIENT_CONFIG_FILE": os.path.join(conductor.folder, "clouds.yaml"),
          "OS_CLOUD": "lab", "INGOT_URL": ""}
same(ingot("node", "list", env=clouds)[0], 0, "found by clouds.yaml")
same(ingot("node", "list", "--os-endpoint", conductor.url + "/v1", env={})[0], 0,
     "found by --os-endpoint")
same(conductor.wait_state("slow", "manageable"), "manageable", "what timed out here went on there")

# Completion, as real shells do it
scripts = {}
for shell in ("bash", "zsh", "fish"):
    scripts[shell] = os.path.join(conductor.folder, "completion." + shell)
    with open(scripts[shell], "w", encoding="utf-8") as f:
        f.write(ingot("completion", shell)[1])
path = {"PATH": "%s:%s" % (OUT, os.environ["PATH"]), **env}
same(ingot("completion", "csh")[0], 2, "no other shells")


def in_bash(*words):
    script = "source %s; COMP_WORDS=(%s); COMP_CWORD=%d; _ingot; printf '%%s\\n' \"${COMPREPLY[@]}\"" % (
        scripts["bash"], " ".join("'%s'" % w for w in ("ingot",) + words), len(words))
    return run("bash", "-c", script, env=path)[1].split()


same(sorted(in_bash("node", "ma")), ["maintenance", "manage"], "bash completes verbs")
same(in_bash("why", "f0"), ["f%02d" % n for n in range(1, 6)], "and nodes")
same(in_bash("node", "undeploy", "--dr"), ["--dry-run"], "and options")
ok(scripts["bash"] in in_bash("rack", "import", scripts["bash"][:-4]), "and files")
out = run("fish", "-c", "source %s; complete -C 'ingot node power r'" % scripts["fish"], env=path)[1]
same([line.split("\t")[0] for line in out.splitlines()], ["reboot"], "fish completes choices")
out = run("fish", "-c", "source %s; complete -C 'ingot why f0'" % scripts["fish"], env=path)[1]
ok("f01\tactive" in out or "f01\tavailable" in out, "and nodes with their state: " + out)
same(run("zsh", "-n", scripts["zsh"])[0], 0, "zsh takes its script")
status, out, err = run("mandoc", "-Tutf8", stdin=ingot("man")[1])
ok(status == 0 and "undeploy" in out, "the manual page is one: " + err)
done()
