"""What the scripts of this folder share: TAP lines, and a conductor of their own to talk to."""

import atexit
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../scenarios"))
from vracklib import end_cleanly  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OUT = os.environ.get("INGOT_OUT", os.path.join(TOP, "build"))

_run = 0
_failed = 0
_conductors = []


def ok(good, what):
    """One TAP line."""
    global _run, _failed
    _run += 1
    if not good:
        _failed += 1
    print("%sok %d - %s" % ("" if good else "not ", _run, what.replace("\n", " ")), flush=True)
    return bool(good)


def same(got, want, what):
    """One TAP line; tells what came when it is not what was wanted."""
    good = ok(got == want, what)
    if not good:
        print("#   got  %r\n#   want %r" % (got, want), flush=True)
    return good


def done():
    """Ends the conductors, which have to end well; the plan; the script's exit status."""
    for c in list(_conductors):
        c.stop()
    print("1..%d" % _run)
    sys.exit(1 if _failed or not _run else 0)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Conductor:
    """ingotd with fake-hardware, in a folder that goes when the script ends."""

    def __init__(self, api="", extra="", before=None):
        self.folder = tempfile.mkdtemp(prefix="ingot-api-")
        if before:
            before(self.folder)
        self.port = free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.log = os.path.join(self.folder, "log")
        self.config = config = os.path.join(self.folder, "ingot.conf")
        if "auth" not in api:
            api += "auth = none\n"
        with open(config, "w", encoding="utf-8") as f:
            f.write(
                "[api]\nlisten = 127.0.0.1:%d\n%s"
                "[store]\nurl = sqlite:%s/ingot.db\n"
                "[drivers]\nenabled = fake-hardware,ipmi\n"
                "[boot]\ndhcp = none\nhttp_listen = 127.0.0.1:%d\nstate_dir = %s/state\n%s"
                % (self.port, api.replace("@FOLDER@", self.folder), self.folder, free_port(),
                   self.folder, extra))
        _conductors.append(self)
        atexit.register(self.stop)
        end_cleanly()
        self.start()

    def start(self):
        """Starts it, at first and after kill()."""
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [os.path.join(OUT, "ingotd"), "--config", self.config], stdout=log, stderr=log)
        self._wait()

    def kill(self):
        """As power failures do: without a chance to end well."""
        self.process.kill()
        self.process.wait()

    def _wait(self):
        for _ in range(300):
            try:
                self.request("GET", "/")
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        with open(self.log, encoding="utf-8") as f:
            print("Bail out! ingotd does not answer: " + f.read().replace("\n", " | "))
        sys.exit(1)

    def stop(self):
        """Ends it; not well when a sanitizer complained or it had to be killed."""
        if self not in _conductors:
            return
        _conductors.remove(self)
        self.process.terminate()
        try:
            status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        with open(self.log, encoding="utf-8", errors="replace") as f:
            log = f.read()
        shutil.rmtree(self.folder, ignore_errors=True)
        if not ok(status == 0 and "Sanitizer" not in log and "runtime error" not in log,
                  "the conductor ends with status 0"):
            print("# status %s\n# %s" % (status, log[-3000:].replace("\n", "\n# ")), flush=True)

    def request(self, method, path, body=None, version="1.110", headers=None):
        """(status, parsed JSON or None, headers) of one request."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        h = {}
        if version:
            h["X-OpenStack-Ironic-API-Version"] = version
        h.update(headers or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        c.request(method, path, body, h)
        r = c.getresponse()
        data = r.read()
        c.close()
        try:
            parsed = json.loads(data) if data else None
        except ValueError:
            parsed = None
        return r.status, parsed, {k.lower(): v for k, v in r.getheaders()}

    def announce(self, method, path, length):
        """The status that comes to a request whose body is announced and not sent."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.putrequest(method, path)
        c.putheader("Content-Length", str(length))
        c.endheaders()
        status = c.getresponse().status
        c.close()
        return status

    def node_state(self, node):
        return self.request("GET", "/v1/nodes/%s/states" % node)[1]["provision_state"]

    def wait_state(self, node, state, seconds=30):
        """The state the node is in when it came to `state`, or when the time is over."""
        until = time.monotonic() + seconds
        while True:
            s = self.request("GET", "/v1/nodes/%s/states" % node)[1]
            if s["provision_state"] == state and s["target_provision_state"] is None:
                return state
            if time.monotonic() > until:
                return s["provision_state"]
            time.sleep(0.05)


def fault(answer):
    """The faultstring inside error_message, which is JSON in a string (contract 2.2)."""
    return json.loads(answer["error_message"])["faultstring"]


def run(*command, env=None, stdin=None):
    """(exit status, output, errors) of a command."""
    e = dict(os.environ)
    e.update(env or {})
    r = subprocess.run(command, env=e, input=stdin, capture_output=True, text=True, timeout=300,
                       check=False)
    return r.returncode, r.stdout, r.stderr
