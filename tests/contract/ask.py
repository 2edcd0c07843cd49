"""One question to an endpoint of the bare-metal API, over one kept connection."""

import http.client
import json
import time
import urllib.parse


class Answer:
    """What came back: status, headers in lower case, the parsed body (None when it is no JSON)."""

    def __init__(self, status, headers, data):
        self.status = status
        self.headers = {k.lower(): v for k, v in headers}
        try:
            self.body = json.loads(data) if data else None
        except ValueError:
            self.body = None


class Endpoint:
    """Where a conductor answers."""

    def __init__(self, url):
        self.url = url.rstrip("/")
        self.address = urllib.parse.urlsplit(url).netloc
        self.connection = None

    def ask(self, method, path, body=None, minor=None, headers=None):
        """One request at microversion 1.<minor>; None sends none."""
        h = {"Accept": "application/json"}
        if minor is not None:
            h["X-OpenStack-Ironic-API-Version"] = "1.%d" % minor
        if body is not None:
            h["Content-Type"] = "application/json"
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        h.update(headers or {})
        for attempt in (1, 2):
            if not self.connection:
                self.connection = http.client.HTTPConnection(self.address, timeout=120)
            try:
                self.connection.request(method, path, body, h)
                response = self.connection.getresponse()
                return Answer(response.status, response.getheaders(), response.read())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.connection.close()
                self.connection = None
                if attempt == 2:
                    raise

    def newest(self):
        """The newest microversion it speaks."""
        return int(self.ask("GET", "/").body["default_version"]["version"].split(".")[1])

    def until(self, path, minor, good, seconds=60):
        """Asks until good(body), or until the time is over; the last body."""
        end = time.monotonic() + seconds
        while True:
            body = self.ask("GET", path, minor=minor).body
            if good(body) or time.monotonic() > end:
                return body
            time.sleep(0.05)

    def settled(self, node, minor, seconds=60):
        """The state a node comes to rest in."""
        return self.until("/v1/nodes/%s/states" % node, minor,
                          lambda s: s["target_provision_state"] is None, seconds)["provision_state"]
