#!/usr/bin/env python3
"""The agent's side of the protocol, spoken to as Ironic's own conductors speak: a made-up API in Python, an HTTPS
client that pins the certificate of the heartbeat, and the agent on simulated disks. Names, codes and forms are
those of the contract, 4.2 to 4.8."""
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import base64
import io
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from simlib import BUILD, GIB, Images, Server, Tap, make_image, need_programs, send_json, wait_for, with_parent  # noqa: E402

UUID = "6a7e2c4e-8d4e-4a53-9d0a-3a1f35a2b111"
TOKEN = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
MAC = "52:54:00:00:09:01"
HASH = "$5$rounds=5000$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
tap = Tap()


class Api(Server):
    """What an agent sees of Ironic. `refuse` maps a path's beginning to the statuses of its first answers."""

    def __init__(self, minor=96, token=TOKEN, config=None, refuse=None):
        self.minor, self.token, self.config, self.refuse = minor, token, config or {}, refuse or {}
        self.seen = []  # (method, path, arguments, body)
        super().__init__(self.answer)

    def url(self):
        return "http://127.0.0.1:%d" % self.port

    def answer(self, h):
        body = h.rfile.read(int(h.headers.get("Content-Length") or 0))
        url = urllib.parse.urlsplit(h.path)
        self.seen.append((h.command, url.path, dict(urllib.parse.parse_qsl(url.query)), json.loads(body or b"null")))
        send_json(h, *self.reply(url.path))

    def reply(self, path):
        for start, statuses in self.refuse.items():
            if path.startswith(start) and statuses:
                return statuses.pop(0), {"error_message": json.dumps({"faultstring": "not now"})}
        if path == "/":
            return 200, {"default_version": {"version": "1.%d" % self.minor}}
        if path == "/v1/lookup":
            config = {"heartbeat_timeout": 300, "agent_token": self.token, "agent_token_required": True}
            return 200, {"node": {"uuid": UUID, "properties": {}, "instance_info": {}, "driver_internal_info": {}},
                         "config": dict(config, **self.config)}
        if path == "/v1/continue_inspection":
            return 202, {"uuid": UUID}
        return 202, {}

    def got(self, start):
        return [s for s in self.seen if s[1].startswith(start)]


class Agent:
    """A running agent; what it listens on and its certificate come from its heartbeat."""

    def __init__(self, api, parameters="", api_url=True):
        self.api = api
        self.dir = tempfile.mkdtemp(prefix="ingot-sim-")
        nic = os.path.join(self.dir, "sys/class/net/eth0")
        os.makedirs(os.path.join(nic, "device"))
        for name, text in (("address", MAC), ("type", "1"), ("carrier", "1")):
            with open(os.path.join(nic, name), "w") as f:
                f.write(text + "\n")
        os.makedirs(os.path.join(self.dir, "proc"))
        with open(os.path.join(self.dir, "proc/cmdline"), "w") as f:
            f.write("quiet ipa-agent-token=very-secret\n")
        with open(os.path.join(self.dir, "disks.json"), "w") as f:
            json.dump([{"name": "vda", "size": 6 * GIB, "serial": "P1"}], f)
        line = "ipa-listen-port=0 " + ("ipa-api-url=%s " % api.url() if api_url else "") + parameters
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen([os.path.join(BUILD, "ingot-agent"), "run", "--sim", self.dir, "--address",
                                         "127.0.0.1", "--cmdline", line], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=self.log, preexec_fn=with_parent)
        self.callback = self.ca = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def said(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def beats(self, n=1):
        """Waits for so many heartbeats; the last one's body."""
        wait_for(lambda: len(self.api.got("/v1/heartbeat/")) >= n or self.process.poll() is not None, 60)
        beats = self.api.got("/v1/heartbeat/")
        if len(beats) < n:
            raise RuntimeError("no heartbeat %d:\n%s" % (n, self.said()))
        self.callback, self.ca = urllib.parse.urlsplit(beats[-1][3]["callback_url"]), beats[-1][3].get("agent_verify_ca")
        return beats[-1][3]

    def connect(self, versions=None):
        if self.callback.scheme == "http":
            return http.client.HTTPConnection(self.callback.netloc, timeout=60)
        context = ssl.create_default_context(cadata=self.ca)
        if versions:
            context.minimum_version, context.maximum_version = versions
        return http.client.HTTPSConnection(self.callback.netloc, timeout=60, context=context)

    def ask(self, method, path, body=None, token=TOKEN, connection=None):
        """(status, JSON)"""
        c = connection or self.connect()
        if token:
            path += ("&" if "?" in path else "?") + "agent_token=" + token
        c.request(method, path, body if body is None or isinstance(body, str) else json.dumps(body))
        answer = c.getresponse()
        text = answer.read()
        c.close()
        return answer.status, json.loads(text)

    def command(self, name, wait="true", **params):
        return self.ask("POST", "/v1/commands/?wait=" + wait, {"name": name, "params": params})

    def takes_commands(self):
        """Not when it refuses whoever asks, and not when it listens no more, which comes a little later."""
        try:
            return self.command("standby.sync")[0] != 401
        except OSError:
            return False


def inspection_and_lookup():
    api = Api(refuse={"/v1/continue_inspection": [409, 503], "/v1/heartbeat": [409]})
    with Agent(api, "ipa-inspection-callback-url=%s/v1/continue_inspection ipa-global-request-id=req-1" % api.url()) as a:
        beat = a.beats(2)
        sent = api.got("/v1/continue_inspection")
        tap.equal(len(sent), 3, "an inspection that is refused for a moment is sent again")
        data = sent[-1][3]
        tap.equal(data["inventory"]["interfaces"][0]["mac_address"], MAC, "with the machine's interfaces")
        tap.equal((data["root_disk"]["name"], data["error"]), ("/dev/vda", None), "its root disk, and no error")
        tap.ok("default" in data["configuration"]["collectors"], "and which collectors it had")
        tap.equal(api.got("/v1/lookup")[0][2], {"addresses": MAC, "node_uuid": UUID},
                  "the lookup names the node that the inspection was answered with")
        tap.equal(sorted(beat), ["agent_token", "agent_verify_ca", "agent_version", "callback_url"], "the heartbeat")
        tap.equal((beat["agent_token"], beat["callback_url"][:18]), (TOKEN, "https://127.0.0.1:"), "and what is in it")
        tap.equal(len(api.got("/v1/heartbeat/")), 2, "one that meets a locked node is repeated")


def two_apis():
    """A list of them in ipa-api-url: one that is in trouble is left for the next, at any time."""
    first, second = Api(refuse={"/v1/lookup": [503]}), Api(refuse={"/v1/heartbeat": [503]})
    with Agent(first, "ipa-api-url=%s,%s" % (first.url(), second.url()), api_url=False) as a:
        a.beats()
        tap.equal([s[1] for s in first.seen], ["/", "/v1/lookup", "/v1/heartbeat/" + UUID],
                  "the first is asked, left after the lookup it cannot answer")
        tap.equal([s[1] for s in second.seen], ["/v1/lookup", "/v1/heartbeat/" + UUID],
                  "and come back to from the second, which cannot take the heartbeat")


def only_inspection():
    api = Api()
    with Agent(api, "ipa-inspection-callback-url=%s/v1/continue_inspection" % api.url(), api_url=False) as a:
        tap.ok(wait_for(lambda: "nothing is left to do" in a.said(), 60), "without ipa-api-url it inspects and waits", a.said())
        tap.equal([s[1] for s in api.seen], ["/v1/continue_inspection"], "and asks for nothing else")
    api = Api(refuse={"/v1/continue_inspection": [404] * 9})
    with Agent(api, "ipa-inspection-callback-url=%s/v1/continue_inspection" % api.url()) as a:
        a.beats()
        tap.equal(len(api.got("/v1/continue_inspection")), 5, "a conductor that knows no such inspection is not asked for ever")


def doors():
    """What is answered to whom."""
    api = Api()
    with Agent(api) as a:
        a.beats()
        tap.equal([a.ask("GET", p, token=None)[0] for p in ("/", "/v1/", "/v1/status")], [200, 200, 200], "what is open")
        tap.equal(sorted(a.ask("GET", "/v1/status", token=None)[1]), ["started_at", "version"], "its status")
        for token in (None, "x" * 43):
            status, fault = a.ask("POST", "/v1/commands/", {"name": "standby.sync", "params": {}}, token=token)
            tap.equal((status, fault["faultstring"]), (401, "Token invalid."), "a command needs the token")
            tap.equal(a.ask("GET", "/v1/commands/", token=token)[0], 401, "and so does the list")
        tap.equal(a.ask("GET", "/v1/commands/"), (200, {"commands": []}), "with it, nothing was done yet")
        tap.equal(a.ask("GET", "/v1/commands/x")[0], 404, "a command that is not there")
        tap.equal(a.command("nothing.here")[0], 404, "an extension that is not there")
        for body in ("{", "[]", {"params": {}}, {"name": "standby.sync"}, {"name": "standby.sync", "params": 7}):
            status, fault = a.ask("POST", "/v1/commands/", body)
            tap.equal((status, sorted(fault)), (400, ["faultcode", "faultstring"]), "no command: %s" % json.dumps(body))
        tap.equal(a.command("standby.frob")[0], 400, "a command that its extension does not have")
    with Agent(Api(minor=82)) as a:
        a.beats()
        tap.equal(a.ask("GET", "/v1/commands/", token=None)[0], 200, "an Ironic that reads without its token may read")
        tap.equal(a.ask("POST", "/v1/commands/", {"name": "standby.sync", "params": {}}, token=None)[0], 401, "and no more")
    with Agent(Api(minor=61)) as a:
        tap.equal(sorted(a.beats()), ["agent_version", "callback_url"], "an API of 1.61 gets what it knows")
        tap.equal(a.callback.scheme, "http", "and no TLS, as it could not trust the certificate")


def curve(pem):
    out = subprocess.run(["openssl", "x509", "-noout", "-text"], input=pem, capture_output=True, text=True, check=False).stdout
    return next((c for c in ("secp384r1", "prime256v1", "secp521r1") if c in out), out)


def tls():
    v2, v3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    with Agent(Api()) as a:
        a.beats()
        tap.equal(curve(a.ca), "secp384r1", "the key is on P-384")
        for version in (v2, v3):
            tap.equal(a.ask("GET", "/v1/status", connection=a.connect((version, version)))[0], 200, "served by " + version.name)
    for parameters, config in (("ipa-tls-min-version=1.3 ipa-tls-certificate-curve=p256", {}), ("", {"tls_min_version": "1.3"})):
        with Agent(Api(config=config), parameters) as a:
            a.beats()
            tap.equal(a.ask("GET", "/v1/status", connection=a.connect((v3, v3)))[0], 200, "TLS 1.3 at least: 1.3 is served")
            try:
                got = a.ask("GET", "/v1/status", connection=a.connect((v2, v2)))[0]
            except OSError:
                got = "refused"
            tap.equal(got, "refused", "1.2 is not")
            if parameters:
                tap.equal(curve(a.ca), "prime256v1", "and the key is on the curve that was asked for")


def image_info(images, name, checksum, algo="sha256", **more):
    return dict({"id": "img", "urls": [images.url(name)], "disk_format": "raw", "os_hash_algo": algo,
                 "os_hash_value": checksum, "image_type": "whole-disk", "stream_raw_images": True}, **more)


def commands():
    import hashlib
    images = Images()
    images.files["a.img"] = make_image()
    sha = hashlib.sha256(images.files["a.img"]).hexdigest()
    api = Api(config={"agent_md5_checksum_enable": False, "permitted_image_formats": ["raw"]})
    with Agent(api) as a:
        a.beats()
        steps = a.command("clean.get_clean_steps", node={"uuid": UUID}, ports=[])[1]["command_result"]
        tap.equal(sorted(steps), ["clean_steps", "hardware_manager_version"], "steps, and the version they are of")
        step = next(s for s in steps["clean_steps"]["generic_hardware_manager"] if s["step"] == "erase_devices_metadata")
        tap.equal((step["priority"], step["interface"], step["reboot_requested"], step["abortable"]),
                  (99, "deploy", False, True), "erase_devices_metadata as Ironic's agent has it")
        status, record = a.command("clean.execute_clean_step", step=step, node={"uuid": UUID}, ports=[],
                                   clean_version={"generic_hardware_manager": "0"})
        tap.equal((record["command_status"], record["command_name"]), ("CLEAN_VERSION_MISMATCH", "execute_clean_step"),
                  "a step of another version")
        tap.equal(record["command_error"]["type"], "CleanVersionMismatch", "says so")
        before = len(api.got("/v1/heartbeat/"))
        record = a.command("clean.execute_clean_step", step=step, node={"uuid": UUID}, ports=[],
                           clean_version=steps["hardware_manager_version"])[1]
        tap.equal((record["command_status"], record["command_result"]["clean_step"]), ("SUCCEEDED", step), "a step is done")
        a.beats(before + 1)
        tap.ok(True, "and a heartbeat tells at once")

        gate = images.hold("a.img", 1 << 20)
        record = a.command("standby.prepare_image", wait="false", image_info=image_info(images, "a.img", sha))[1]
        tap.equal((record["command_status"], record["command_result"], record["command_error"]), ("RUNNING", None, None),
                  "an asynchronous command is answered while it runs")
        gate.wait(60)
        status, fault = a.command("standby.sync")
        tap.ok(status == 409 and "agent is busy" in fault["faultstring"].lower(), "no other command until it is over", fault)
        tap.equal(a.command("log.collect_system_logs")[0], 200, "except for its logs")
        images.release("a.img")
        record = a.ask("GET", "/v1/commands/%s?wait=true" % record["id"])[1]
        tap.equal(record["command_status"], "SUCCEEDED", "waited for, it is over") or tap.diag(record)
        tap.ok(record["command_result"]["result"].startswith("prepare_image: image (img) written to device /dev/vda root_uuid="),
               "in the words that Ironic reads", record["command_result"])
        tap.equal([c["command_name"] for c in a.ask("GET", "/v1/commands/")[1]["commands"]][-2:],
                  ["prepare_image", "collect_system_logs"], "the list names commands without their extension")

        refusals(a, images, sha)
        flow_and_logs(a)
    images.stop()


def refusals(a, images, sha):
    for what, info, words in (
            ("MD5, when the conductor forbids it", image_info(images, "a.img", "0" * 32, "md5"), "MD5"),
            ("an MD5 as the plain checksum", {"id": "i", "urls": ["http://x"], "checksum": "0" * 32}, "MD5"),
            ("a format that is not permitted", image_info(images, "a.img", sha, disk_format="qcow2"), "permitted"),
            ("no checksum", {"id": "i", "urls": ["http://x"]}, "checksum"),
            ("no id", {"urls": ["http://x"]}, "'id'"),
            ("no URLs", {"id": "i", "urls": []}, "'urls'")):
        status, fault = a.command("standby.prepare_image", image_info=info)
        tap.ok(status == 400 and words in fault["faultstring"], "refused: " + what, fault)
    record = a.command("standby.execute_bootc_install", image_source="oci://x/y", instance_info={})[1]
    tap.ok(record["command_status"] == "FAILED" and "container runtime" in record["command_error"]["message"],
           "a bootc image, for its reason", record)
    tap.equal(sorted(record["command_error"]), ["code", "details", "message", "type"], "an error's members")


def flow_and_logs(a):
    record = a.command("flow.start_flow", flow=[{"standby.sync": {}}, {"poll.get_hardware_info": {}}])[1]
    tap.equal([f["command"] for f in (record["command_result"] or {}).get("flow", [])],
              ["standby.sync", "poll.get_hardware_info"], "a flow runs its commands in order") or tap.diag(record)
    record = a.command("flow.start_flow", flow=[{"standby.sync": {}}, {"deploy.execute_deploy_step": {"step": {"step": "x"}}},
                                                {"standby.sync": {}}])[1]
    tap.ok(record["command_status"] == "FAILED" and "deploy.execute_deploy_step" in record["command_error"]["message"] and
           len(record["command_result"]["flow"]) == 2, "until one fails, which is named", record)
    tap.equal(a.command("flow.start_flow", flow=[{"standby.frob": {}}])[0], 400, "a flow with no such command is not begun")
    logs = base64.b64decode(a.command("log.collect_system_logs")[1]["command_result"]["system_logs"])
    with tarfile.open(fileobj=io.BytesIO(logs)) as tar:
        names = tar.getnames()
        cmdline = tar.extractfile("cmdline").read().decode()
    tap.ok({"agent.log", "dmesg", "inventory.json", "cmdline"} <= set(names), "what the logs hold", names)
    tap.ok("quiet" in cmdline and "very-secret" not in cmdline, "the command line without its token", cmdline)


def rescue():
    api = Api()
    with Agent(api) as a:
        a.beats()
        tap.equal(a.command("rescue.finalize_rescue", rescue_password="plain")[0], 400, "a password that is no hash is refused")
        record = a.command("rescue.finalize_rescue", rescue_password=HASH, hashed=True)[1]
        tap.ok(record["command_status"] == "FAILED" and "no rescue system" in record["command_error"]["message"],
               "without a rescue system it fails, and says so", record)
        tap.equal(a.command("standby.sync")[0], 200, "and goes on")
        os.mkdir(os.path.join(a.dir, "rescue"))
        record = a.command("rescue.finalize_rescue", rescue_password=HASH, hashed=True)[1]
        tap.equal((record["command_status"], record["command_name"]), ("SUCCEEDED", "finalize_rescue"), "with one it is done")
        with open(os.path.join(a.dir, "rescue/password")) as f:
            tap.equal(f.read(), HASH, "the password is set")
        tap.ok(wait_for(lambda: not a.takes_commands(), 30), "and the agent falls silent")
        tap.equal(a.process.poll(), None, "but stays")


def more_commands():
    """Those that a deploy, a service and Ironic's security need beside; each end is told to who asked before it comes."""
    api = Api()
    with Agent(api) as a:
        a.beats()
        for kind in ("deploy", "service"):
            steps = a.command("%s.get_%s_steps" % (kind, kind), node={"uuid": UUID}, ports=[])[1]["command_result"]
            tap.equal(set(steps), {kind + "_steps", "hardware_manager_version"}, "steps of a %s, and the version they are of" % kind)
        step = {"interface": "deploy", "step": "nothing_of_the_kind"}
        record = a.command("service.execute_service_step", step=step, node={"uuid": UUID}, ports=[],
                           service_version=steps["hardware_manager_version"])
        tap.ok("nothing_of_the_kind" in json.dumps(record), "a step that is not there is named", record)
        node = {"uuid": UUID, "properties": {"root_device": {"serial": "ELSEWHERE"}}, "instance_info": {}}
        tap.equal(a.command("poll.set_node_info", node_info=node)[1]["command_status"], "SUCCEEDED", "a node can be told")
        record = a.command("standby.prepare_image", image_info={"id": "i", "urls": ["http://127.0.0.1:1/x"], "os_hash_algo": "sha256",
                                                                "os_hash_value": "0" * 64})[1]
        tap.ok(record["command_status"] == "FAILED" and "ELSEWHERE" in record["command_error"]["message"], "and its hints count from then on",
               record)
        tap.equal(a.command("standby.get_partition_uuids")[1]["command_result"], {}, "nothing was written, no partition has an identifier")
        record = a.command("image.install_bootloader", root_uuid="", target_boot_mode="bios")[1]
        tap.equal(record["command_status"], "SUCCEEDED", "an image brings its own boot loader for a BIOS") or tap.diag(record)
        tap.equal(a.command("system.lockdown")[1]["command_status"], "SUCCEEDED", "a machine is locked down")
        tap.ok("locked down by the conductor" in a.said(), "and says so", a.said())
        tap.equal((a.takes_commands(), a.process.poll()), (False, None), "it stays, and takes no command any more")
    for name, word in (("standby.power_off", "off"), ("standby.run_image", "reboot")):
        with Agent(Api()) as a:
            a.beats()
            tap.equal(a.command(name)[1]["command_status"], "SUCCEEDED", name)
            tap.equal(a.process.wait(60), 0, "ends the agent")
            with open(os.path.join(a.dir, "power")) as f:
                tap.equal(f.read(), word, "with the power that was asked for")


def tokens():
    with Agent(Api(token="******")) as a:
        tap.equal(a.process.wait(60), 1, "a node's token that somebody else has ends the agent")
        tap.ok("was given out before" in a.said(), "which says why", a.said())
    with Agent(Api(token="******"), "ipa-agent-token=" + TOKEN) as a:
        tap.equal(a.beats()["agent_token"], TOKEN, "unless it came with its own")


def main():
    need_programs(tap)
    for part in (inspection_and_lookup, two_apis, only_inspection, doors, tls, commands, more_commands, rescue, tokens):
        part()
    tap.done()


main()
