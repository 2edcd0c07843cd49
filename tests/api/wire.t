#!/usr/bin/python3
"""HTTP as bytes on the wire: framing, limits, slow and hostile clients, TLS, passwords."""

import base64
import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import warnings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Conductor, done, ok, same  # noqa: E402

warnings.filterwarnings("ignore", category=DeprecationWarning)  # old TLS is what is tried here
PATIENCE_S = 20  # for whatever the conductor does by itself within a second or two
LINE = b"GET /v1/nodes HTTP/1.1\r\nHost: x\r\nX-OpenStack-Ironic-API-Version: 1.82\r\n"


class Wire:
    """A connection on which bytes are sent as they are."""

    def __init__(self, conductor, source="127.0.0.1", tls=None):
        self.socket = socket.create_connection(("127.0.0.1", conductor.port), PATIENCE_S, (source, 0))
        if tls:
            self.socket = tls.wrap_socket(self.socket)
        self.read = b""

    def send(self, data):
        with contextlib.suppress(OSError):  # what it did not want to hear
            self.socket.sendall(data)

    def more(self):
        """False at the end of the connection."""
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.read += data
        return bool(data)

    def until(self, mark):
        """What comes before a mark, which is taken too; None when the connection ends before."""
        while mark not in self.read:
            if not self.more():
                return None
        got, _, self.read = self.read.partition(mark)
        return got

    def answer(self, body=True):
        """(status, headers, body) of the next answer; status 0: the connection ended."""
        head = self.until(b"\r\n\r\n")
        if head is None:
            return 0, {}, b""
        lines = head.decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        length = int(headers.get("content-length", 0)) if body else 0
        while len(self.read) < length and self.more():
            pass
        content, self.read = self.read[:length], self.read[length:]
        return int(lines[0].split()[1]), headers, content

    def ended(self):
        """It is closed by the other side, soon."""
        try:
            while self.more():
                pass
        except TimeoutError:
            return False
        return True

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def say(conductor, data, **how):
    """(status, headers, body) of the one answer to these bytes."""
    with Wire(conductor, **how) as wire:
        wire.send(data)
        return wire.answer()


def alive(conductor, what):
    same(conductor.request("GET", "/v1/nodes")[0], 200, "others are answered " + what)


# --- one request behind the other --------------------------------------------------------------------
c = Conductor("request_timeout = 2\nmax_connections_per_address = 24\n")
with Wire(c) as w:
    w.send(LINE + b"\r\n")
    first = w.answer()
    w.send(LINE + b"\r\n")
    second = w.answer()
    same((first[0], second[0]), (200, 200), "a connection is kept")
    ok(first[1]["openstack-request-id"].startswith("req-") and
       first[1]["openstack-request-id"] != second[1]["openstack-request-id"], "each answer has an id of its own")
with Wire(c) as w:
    w.send(LINE + b"\r\n" + LINE.replace(b"/v1/nodes", b"/v1/frob") + b"\r\n" + LINE + b"Connection: close\r\n\r\n")
    same([w.answer()[0] for _ in range(3)], [200, 404, 200], "three at once are answered in their order")
    ok(w.ended(), "and then it is closed, as asked")
with Wire(c) as w:
    w.send(b"GET /v1 HTTP/1.0\r\n\r\n")
    same(w.answer()[0], 200, "HTTP/1.0, without a host")
    ok(w.ended(), "is one request a connection")
with Wire(c) as w:
    w.send(b"GET /v1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)
    same([w.answer()[0], w.answer()[0]], [200, 200], "but for who asks to keep it")
with Wire(c) as w:
    w.send(LINE + b"\r\n")
    got = w.answer()
    w.send(LINE.replace(b"GET", b"HEAD") + b"\r\n")
    head = w.answer(body=False)
    same((head[0], head[1]["content-length"]), (200, got[1]["content-length"]), "HEAD tells what GET would")
    w.send(LINE + b"\r\n")
    same(w.answer()[2], got[2], "and sends none of it")

# --- bodies ------------------------------------------------------------------------------------------
POST = b"POST /v1/nodes HTTP/1.1\r\nHost: x\r\nX-OpenStack-Ironic-API-Version: 1.82\r\n"
NODE = json.dumps({"driver": "fake-hardware", "name": "w-%s"}).encode()
with Wire(c) as w:
    body = NODE % b"continue"
    w.send(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    same(w.answer()[0], 100, "who asks first is told to go on")
    w.send(body)
    same(w.answer()[0], 201, "and is taken")
with Wire(c) as w:
    w.send(POST + b"Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n")
    status, headers, body = w.answer()
    same((status, headers["content-type"]), (413, "application/json"), "or not to, when it is too much")
    ok("large" in json.loads(json.loads(body)["error_message"])["faultstring"], "with the reason: %r" % body)
chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (NODE[:5], NODE[5:20], NODE[20:] % b"chunks"))
same(say(c, POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")[0], 201, "a body in chunks")
many = b"10000\r\n" + b" " * 65536 + b"\r\n"
same(say(c, POST + b"Transfer-Encoding: chunked\r\n\r\n" + many * 17 + b"0\r\n\r\n")[0], 413, "too many of them")
deep = b'{"driver": "fake-hardware", "extra": ' + b'{"a":' * 25 + b"1" + b"}" * 26
same(say(c, POST + b"Content-Length: %d\r\n\r\n" % len(deep) + deep)[0], 400, "26 levels are too deep")
PUT = b"PUT /v1/nodes/w-continue/states/provision HTTP/1.1\r\nHost: x\r\nX-OpenStack-Ironic-API-Version: 1.82\r\n"
same(say(c, PUT + b"Content-Length: %d\r\n\r\n" % (65 << 20))[0], 413, "a config drive over 64 MiB")
big = json.dumps({"target": "frob", "configdrive": "a" * (3 << 20)}).encode()
same(say(c, PUT + b"Content-Length: %d\r\n\r\n" % len(big) + big)[0], 400, "one of 3 MiB is looked at")

# --- what could be read in two ways -----------------------------------------------------------------
for what in (b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5",
             b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: 5\r\nContent-Length: 5",
             b"Content-Length: +5", b"Content-Length: -1", b"Content-Length: 0x5", b"Content-Length: 5, 5",
             b"Content-Length:", b"Content-Length: 99999999999999999999999",
             b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
             b"Transfer-Encoding: xchunked", b"Transfer-Encoding: identity", b"Host: y"):
    status = say(c, POST + what + b"\r\n\r\n0\r\n\r\nGET /v1 HTTP/1.1\r\nHost: x\r\n\r\n")[0]
    ok(status in (0, 400, 413), "refused (%d): %r" % (status, what))
for what in (b"GET\r\n\r\n", b"GET /v1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 40,
             b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET /v1 HTTP/1.1\r\n\r\n", b"GET v1 HTTP/1.1\r\nHost: x\r\n\r\n",
             b"GET /v1/%00 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
             b"GET * HTTP/1.1\r\nHost: x\r\n\r\n", b"CONNECT h:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 200 + b"\r\n\r\n",
             b"GET /v1 HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 70000 + b"\r\n\r\n",
             b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
             LINE + b"".join(b"X-%d: y\r\n" % i for i in range(140)) + b"\r\n"):
    with Wire(c) as w:
        w.send(what)
        with contextlib.suppress(OSError):
            w.socket.shutdown(socket.SHUT_WR)
        status = w.answer()[0]
        ok(status in (0, 400, 404, 405, 413, 414, 431, 505), "refused (%d): %r" % (status, what[:40]))
same(say(c, LINE + b"".join(b"X-%d: y\r\n" % i for i in range(100)) + b"\r\n")[0], 200, "100 headers are fine")
status, headers, body = say(c, LINE.replace(b"GET", b"FROB") + b"\r\n")
same((status, headers.get("allow")), (405, "GET, POST"), "a method that is none")
same(say(c, b"GET http://h:1/v1/nodes?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n")[0], 200, "a target with its host")
status, headers, body = say(c, LINE.replace(b"Host: x", b'Host: "><evil').replace(b"/v1/nodes", b"/v1") + b"\r\n")
ok(b"evil" not in body, "what is no host name gets into no link")
alive(c, "after all of that")

# --- slow ones ---------------------------------------------------------------------------------------
with Wire(c) as head, Wire(c) as slow, Wire(c) as idle:
    head.send(LINE)
    slow.send(POST + b"Content-Length: 100000\r\n\r\n{")
    alive(c, "while some are slow")
    until = time.monotonic() + PATIENCE_S
    cut = False
    while not cut and time.monotonic() < until:  # a byte now and then does not help
        try:
            head.socket.sendall(b"X")
            slow.socket.sendall(b" ")
        except OSError:
            cut = True
        time.sleep(0.2)
    ok(cut, "who sends a request byte by byte is cut off")
    ok(head.ended() and slow.ended(), "in its headers and in its body")
    ok(idle.ended(), "and so is who says nothing at all")

# --- many of them ------------------------------------------------------------------------------------
with contextlib.ExitStack() as stack:
    open_ones = [stack.enter_context(Wire(c)) for _ in range(40)]
    served = 0
    for w in open_ones:
        w.send(LINE + b"\r\n")
        served += w.answer()[0] == 200
    ok(0 < served <= 24, "of 40 connections from one address 24 are served (%d)" % served)
    same(say(c, LINE + b"\r\n", source="127.0.0.2")[0], 200, "another address is served meanwhile")
until = time.monotonic() + PATIENCE_S
while say(c, LINE + b"\r\n")[0] != 200 and time.monotonic() < until:
    time.sleep(0.05)
alive(c, "when they are gone")
c.stop()

# --- TLS ---------------------------------------------------------------------------------------------


def certificate(folder, name):
    """A new key and certificate in the files the conductor reads."""
    for suffix in ("key", "crt"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink("%s/tls.%s" % (folder, suffix))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder + "/tls.key", "-out", folder + "/tls.crt", "-days", "2", "-subj", "/CN=" + name,
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)


def client(newest=None, ciphers=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if ciphers:
        context.set_ciphers(ciphers)
    if newest:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = newest
    return context


class TlsConductor(Conductor):
    """Its certificate is made in its folder before it starts."""

    def __init__(self):
        super().__init__("tls_cert = @FOLDER@/tls.crt\ntls_key = @FOLDER@/tls.key\nrequest_timeout = 2\n",
                         before=lambda folder: certificate(folder, "first"))

    def _wait(self):
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(OSError):
                if say(self, LINE + b"\r\n", tls=client())[0] == 200:
                    return
            time.sleep(0.05)
        print("Bail out! ingotd does not answer over TLS")
        sys.exit(1)

    def wait_log(self, text):
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with open(self.log, encoding="utf-8") as log:
                if text in log.read():
                    return True
            time.sleep(0.02)
        return False


def presented(conductor):
    with Wire(conductor, tls=client()) as wire:
        return wire.socket.getpeercert(True)


c = TlsConductor()
with Wire(c, tls=client()) as w:
    same(w.socket.version(), "TLSv1.3", "TLS 1.3 is preferred")
with Wire(c, tls=client(ssl.TLSVersion.TLSv1_2)) as w:
    same(w.socket.version(), "TLSv1.2", "TLS 1.2 is taken")
try:
    Wire(c, tls=client(ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0")).close()
    ok(False, "TLS 1.1 is refused")
except (ssl.SSLError, ConnectionError) as problem:
    ok(True, "TLS 1.1 is refused: %s" % problem)
same(say(c, LINE + b"\r\n")[0], 0, "plain HTTP gets no answer")
with Wire(c) as w:
    w.send(b"\x16\x03\x01")
    ok(w.ended(), "who does not go on with a handshake is cut off")
root = json.loads(say(c, LINE.replace(b"/v1/nodes", b"/v1") + b"\r\n", tls=client())[2])
ok(root["links"][0]["href"].startswith("https://"), "links say https")
before = presented(c)
with Wire(c, tls=client()) as w:
    certificate(c.folder, "second")
    c.process.send_signal(signal.SIGHUP)
    ok(c.wait_log("certificate and key were read again"), "SIGHUP has both read again")
    after = presented(c)
    ok(after != before, "who connects now gets the new certificate")
    w.send(LINE + b"\r\n")
    same(w.answer()[0], 200, "a connection from before goes on")
with open(c.folder + "/tls.key", "w", encoding="ascii") as f:
    f.write("nonsense")
c.process.send_signal(signal.SIGHUP)
ok(c.wait_log("the certificate stays as it was"), "a key that is none is told")
same(presented(c), after, "and changes nothing")
certificate(c.folder, "third")
os.rename(c.folder + "/tls.crt", c.folder + "/other.crt")
c.process.send_signal(signal.SIGHUP)
same(presented(c), after, "nor does a certificate that is not there")
c.stop()

# --- passwords ---------------------------------------------------------------------------------------
# of "myPassword", from the manual of Apache's htpasswd
ENTRY = "%s:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC\n"


class BasicConductor(Conductor):
    def __init__(self):
        super().__init__("auth = http_basic\nhtpasswd = @FOLDER@/htpasswd\n",
                         before=lambda folder: self.users(folder, "admin"))

    @staticmethod
    def users(folder, *names):
        with open(folder + "/htpasswd.new", "w", encoding="ascii") as f:
            f.write("# who may\n" + "".join(ENTRY % name for name in names))
        os.rename(folder + "/htpasswd.new", folder + "/htpasswd")

    def as_user(self, pair, path="/v1/nodes", scheme="Basic "):
        value = scheme + base64.b64encode(pair.encode()).decode() if pair is not None else None
        return self.request("GET", path, headers={"Authorization": value} if value else {})


c = BasicConductor()
for pair, scheme, want in (("admin:myPassword", "Basic ", 200), ("admin:myPassword", "bAsIc  ", 200),
                           ("admin:wrong", "Basic ", 401), ("nobody:myPassword", "Basic ", 401),
                           (":myPassword", "Basic ", 401), ("# who may\nadmin:myPassword", "Basic ", 401),
                           (None, "", 401), ("admin", "Basic ", 400), ("admin:myPassword", "Bearer ", 400),
                           ("admin:myPassword", "Basic", 400), ("admin:myPassword", "Basic !", 400)):
    status, answer, headers = c.as_user(pair, scheme=scheme)
    same((status, headers.get("www-authenticate")), (want, 'Basic realm="Baremetal API"' if want == 401 else None),
         "%r as %r: %d" % (pair, scheme, want))
    ok("openstack-request-id" in headers, "with a request id")
for path, want in (("/", 200), ("/v1", 200), ("/v1/", 200), ("/v1/lookup", 400), ("/lookup", 400),
                   ("/v1/nodes/detail", 401), ("/v1/frob", 401), ("/ingot/v1/waiting", 401), ("/v1//nodes", 401)):
    same(c.as_user(None, path)[0], want, "without a password %s is %d" % (path, want))
same([c.request(m, p, {})[0] for m, p in (("POST", "/v1/heartbeat/6d1f6a0e-9ad0-4c4f-9e3f-2b1df04d70c1"),
                                          ("POST", "/v1/continue_inspection"), ("PATCH", "/v1"),
                                          ("POST", "/v1/nodes"))],
     [400, 400, 401, 401], "the ramdisk has none, everybody else has to have one")
c.users(c.folder, "other")
same((c.as_user("admin:myPassword")[0], c.as_user("other:myPassword")[0]), (401, 200), "a changed file holds at once")
stopping = threading.Event()


def guess():
    while not stopping.is_set():
        with contextlib.suppress(OSError):
            c.as_user("other:%d" % time.monotonic_ns())


guessers = [threading.Thread(target=guess, daemon=True) for _ in range(8)]
for g in guessers:
    g.start()
same([c.as_user("other:myPassword")[0] for _ in range(50)], [200] * 50, "who is known is served while others guess")
stopping.set()
for g in guessers:
    g.join()
done()
