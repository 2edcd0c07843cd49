"""A client's talk with an endpoint, checked and written down.

A script says what it does with a client and what it expects; the same script talks to Ingot and to
Ironic. What is expected is checked at once. Everything else that came is kept as the transcript:
for each thing done, how it ended and each HTTP request below it with its answer. Requests that only
repeat the one before (waiting, trying again) are one; only the last answer counts.
"""

import contextlib
import importlib.metadata
import io
import json
import re
import time
import urllib.parse

import requests.adapters

from ask import Endpoint

LIMIT_S = 60  # how long a node may take to be somewhere
SHORT_S = 0.1  # no client sleeps longer between two questions

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

_sleep = time.sleep
_send = requests.adapters.HTTPAdapter.send


def parsed(data):
    """A body as JSON, or None; what an error says about itself is JSON in a string."""
    try:
        body = json.loads(data)
        if isinstance(body, dict) and isinstance(body.get("error_message"), str):
            body["error_message"] = json.loads(body["error_message"])
        return body
    except ValueError:
        return None


class Nothing(dict):
    """In the place of what did not come: every member of it is None."""

    def __missing__(self, key):
        return None

    def __getattr__(self, name):
        return None


class Talk:
    """Runs a script's questions at `url`. `ok(good, what)` hears of each expectation."""

    def __init__(self, url, ok):
        self.url = url
        self.ok = ok
        self.plain = Endpoint(url)  # for waiting; not written down
        # {"do", "end", "calls": [{"ask", "minor", "status", "answer"}]}; "moving": the last answer is of a node that
        # was just told to become something and may be so or not yet
        self.events = []
        self.places = {}  # words of this endpoint alone, and what stands for them in the transcript
        self.used = {}  # what was called -> the options it was called with

    # --- writing down ---------------------------------------------------------------------------
    def told(self, text):
        """A text as it would be at any endpoint."""
        for word, name in self.places.items():
            text = text.replace(word, name)
        return UUID.sub("<uuid>", text)

    def _heard(self, adapter, request, **how):
        response = _send(adapter, request, **how)
        path = urllib.parse.urlsplit(request.url)
        ask = "%s %s" % (request.method, path.path + ("?" + path.query if path.query else ""))
        ask = re.sub(r"sort_key=id&sort_dir=asc&(fields=[^&]*&)?", "", ask)  # Ironic's `next` says what is so anyway
        call = {"ask": self.told(ask), "minor": request.headers.get(
            "X-OpenStack-Ironic-API-Version"), "status": response.status_code,
            "answer": parsed(response.content)}
        calls = self.events[-1]["calls"]
        if calls and calls[-1]["ask"] == call["ask"]:
            calls.pop()
        calls.append(call)
        return response

    @contextlib.contextmanager
    def doing(self, what):
        """What happens inside is written down as one thing done."""
        event = {"do": self.told(what), "end": None, "calls": []}
        self.events.append(event)
        requests.adapters.HTTPAdapter.send = lambda adapter, request, **how: self._heard(adapter, request, **how)
        time.sleep = lambda s: _sleep(min(s, SHORT_S))
        try:
            yield event
        finally:
            requests.adapters.HTTPAdapter.send = _send
            time.sleep = _sleep

    # --- expecting ------------------------------------------------------------------------------
    def same(self, got, want, what):
        return self.ok(got == want, what if got == want else "%s: got %r, want %r" % (what, got, want))

    def comes_to(self, node, **want):
        """Waits until these members of the node's states are so."""
        body = self.plain.until("/v1/nodes/%s/states" % node, 75,
                                lambda s: all(s[k] == v for k, v in want.items()), LIMIT_S)
        self.same({k: body[k] for k in want}, want, "%s comes to be so" % node)


# --- Debian's `baremetal` ---------------------------------------------------------------------------
class Baremetal(Talk):
    """The `baremetal` command, inside this process: what it does without its two seconds of start-up."""

    def __init__(self, url, ok):
        super().__init__(url, ok)
        self.commands = {e.name[len("baremetal_"):].replace("_", " "): e
                         for e in importlib.metadata.entry_points(group="openstack.baremetal.v1")}

    def command(self, words):
        """The longest name of a command the words begin with."""
        for n in range(len(words), 0, -1):
            name = " ".join(words[:n])
            if name in self.commands:
                return name
        raise ValueError("no command: " + " ".join(words))

    def options(self, name):
        """The options of a command, without those about printing."""
        from unittest import mock
        parser = self.commands[name].load()(mock.MagicMock(), None).get_parser("x")
        printing = ("output formatters", "table formatter", "CSV Formatter", "json formatter", "shell formatter")
        return {a.option_strings[-1] for a in parser._actions
                if a.option_strings and a.help != "==SUPPRESS==" and a.container.title not in printing} - {"--help"}

    def run(self, *words):
        """(exit status, what it printed, its complaint)."""
        from cliff import lister, show
        from ironicclient import shell
        name = self.command(words)
        self.used.setdefault(name, set()).update(w for w in words if w.startswith("-"))
        prints = issubclass(self.commands[name].load(), (lister.Lister, show.ShowOne))
        out, err = io.StringIO(), io.StringIO()
        with self.doing(" ".join(words)) as event, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = shell.main(["--os-auth-type", "none", "--os-endpoint", self.url, "--max-retries", "8",
                                     *words, *(("-f", "json") if prints else ())])
            except SystemExit as e:
                status = e.code
        event["end"] = status = status or 0
        try:
            return status, json.loads(out.getvalue()), err.getvalue()
        except ValueError:
            return status, out.getvalue().strip(), err.getvalue()

    def good(self, *words):
        """Has to succeed; what it printed, parsed when it is JSON."""
        status, out, err = self.run(*words)
        self.ok(status == 0, "%s%s" % (" ".join(words), ": " + err.strip()[-300:] if status else ""))
        return Nothing() if status else out

    def bad(self, *words):
        """Has to be refused."""
        status, _, err = self.run(*words)
        self.ok(status != 0, "%s is refused: %s" % (" ".join(words), err.strip()[:120]))

    def uncovered(self):
        """Commands never run, and options never given: "node list --limit"."""
        missing = [n for n in self.commands if n not in self.used]
        for name, used in self.used.items():
            missing += ["%s %s" % (name, o) for o in self.options(name) if o not in used]
        return sorted(missing)


# --- Debian's openstacksdk --------------------------------------------------------------------------
# Debian 12's and Debian 13's name of the same
ERRORS = {"ResourceNotFound": "NotFound", "NotFoundException": "NotFound"}


class Sdk(Talk):
    """openstacksdk's bare-metal proxy: talk.do("create_node", driver=...)."""

    def __init__(self, url, ok):
        super().__init__(url, ok)
        with self.doing("connect"):
            import openstack
            self.cloud = openstack.connection.Connection(auth_type="none", endpoint=url,
                                                         baremetal_endpoint_override=url)
            self.api = self.cloud.baremetal

    def do(self, method, *args, **how):
        """Calls a method of the proxy; a list when it gives an iterator, None when it raised."""
        self.used.setdefault(method, set()).update(how)
        text = ", ".join([str(getattr(a, "name", a)) for a in args] + ["%s=%s" % i for i in how.items()])
        with self.doing("%s(%s)" % (method, text)) as event:
            event["moving"] = method == "set_node_power_state" or (
                method == "set_node_provision_state" and not how.get("wait"))
            try:
                result = getattr(self.api, method)(*args, **how)
                if hasattr(result, "__next__"):
                    result = list(result)
                event["end"] = "fine"
            except Exception as e:  # whatever the client makes of an answer is the answer
                event["end"] = ERRORS.get(type(e).__name__, type(e).__name__)
                event["error"] = str(e)
                result = None
        return result

    def good(self, method, *args, **how):
        result = self.do(method, *args, **how)
        event = self.events[-1]
        self.ok(event["end"] == "fine", event["do"] + (": " + event["error"][:300] if "error" in event else ""))
        return Nothing() if "error" in event else result

    def bad(self, error, method, *args, **how):
        """Has to raise the named exception."""
        self.do(method, *args, **how)
        self.same(self.events[-1]["end"], error, self.events[-1]["do"])

    def uncovered(self):
        """Methods of the proxy never called."""
        from openstack.baremetal.v1 import _proxy
        return sorted(n for n, f in vars(_proxy.Proxy).items() if not n.startswith("_") and callable(f)
                      and n not in self.used and n not in ("wait_for_status", "wait_for_delete"))  # any service's
