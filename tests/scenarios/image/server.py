"""An HTTP server that misbehaves on demand: the first path component says how."""
import base64
import email.utils
import hashlib
import http.server
import json
import os
import socket
import threading
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, headers, data=b""):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except OSError:
            self.close_connection = True

    def hang_up(self):
        """Ends the connection at once, so that the client sees a cut and not an end."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self):
        how, _, name = self.path.lstrip("/").partition("/")
        how, _, arg = how.partition("=")
        self.server.requests.append((self.path, self.headers.get("Range"), self.headers.get("Authorization")))
        name = name.partition("?")[0]
        if self.path.startswith("/v2/"):
            self.registry(self.path[4:])
        elif how == "token":
            self.token()
        elif how == "status":
            self.send(int(arg), {"Content-Length": "0"})
        elif how == "loop":
            self.send(302, {"Location": self.path, "Content-Length": "0"})
        elif how == "hops":
            where = "/hops=%d/%s" % (int(arg) - 1, name) if int(arg) > 1 else "/ok/" + name
            self.send(302, {"Location": where, "Content-Length": "0"})
        elif how == "elsewhere":
            self.send(302, {"Location": "file:///etc/passwd", "Content-Length": "0"})
        elif how == "garbage":
            self.wfile.write(b"\x00\xff" * 5000)
            self.hang_up()
        elif how == "to":
            self.send(302, {"Location": "/ok/" + name, "Content-Length": "0"})
        else:
            getattr(self, "how_" + how)(arg, self.server.files[name])

    def etag(self, data):
        return '"%s"' % hashlib.md5(data[:4096] + b"%d" % len(data)).hexdigest()

    def body(self, data, ranges=True, shift=0):
        """Status, headers and body that an honest server sends."""
        headers = {"ETag": self.etag(data), "Last-Modified": email.utils.formatdate(1700000000, usegmt=True)}
        wanted = self.headers.get("Range")
        if_range = self.headers.get("If-Range")
        start, end = 0, len(data)
        if ranges:
            headers["Accept-Ranges"] = "bytes"
        if ranges and wanted and if_range in (None, headers["ETag"]):
            first, _, last = wanted.partition("=")[2].partition("-")
            start, end = int(first) + shift, min(int(last or len(data)) + 1 + shift, len(data))
            headers["Content-Range"] = "bytes %d-%d/%d" % (start, end - 1, len(data))
        headers["Content-Length"] = str(end - start)
        return (206 if "Content-Range" in headers else 200), headers, data[start:end]

    # An OCI registry: the first part of the repository's name says how it is, the second is the file.

    def token(self):
        """Tokens are good for three answers."""
        secret = "Basic " + base64.b64encode(self.server.secret).decode()
        if "private" in self.path and self.headers.get("Authorization") != secret:
            self.send(401, {"Content-Length": "0"})
            return
        self.server.tokens.append(3)
        text = json.dumps({"token": "t%d" % (len(self.server.tokens) - 1)}).encode()
        self.send(200, {"Content-Length": str(len(text))}, text)

    def admitted(self, how):
        """Whether the registry answers this request."""
        shown = self.headers.get("Authorization", "")
        if how not in ("token", "private"):
            return True
        if shown.startswith("Bearer t"):
            number = int(shown[8:])
            self.server.tokens[number] -= 1
            return self.server.tokens[number] >= 0
        return False

    def registry(self, path):
        how, name, kind, reference = path.split("/")
        data = self.server.files[name]
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        if how == "otherblob":
            data = b"x" + data[1:]
        layer = {"mediaType": "application/octet-stream", "digest": digest, "size": len(data)}
        manifest = json.dumps({"schemaVersion": 2, "layers": [] if how == "nolayers" else [layer]}).encode()
        inner = "sha256:" + hashlib.sha256(manifest).hexdigest()
        index = json.dumps({"schemaVersion": 2, "manifests": [
            {"digest": "sha256:" + "0" * 64, "platform": {"architecture": "s390x"}, "annotations": {"disktype": "raw"}},
            {"digest": "sha256:" + "1" * 64, "annotations": {"disktype": "qcow2"}},
            {"digest": inner, "annotations": {"disktype": "raw"}}]}).encode()
        if not self.admitted(how):
            self.send(401, {"Content-Length": "0", "WWW-Authenticate": 'Bearer realm="%s",service="lab",scope="%s"' % (
                self.server.url("token/x"), "repository:%s/%s:pull" % (how, name))})
        elif kind == "blobs":
            self.send(*self.body(data)) if reference == digest else self.send(404, {"Content-Length": "0"})
        else:
            text = index if reference == "all" else manifest if reference in ("latest", inner) else b""
            if how == "othermanifest":
                text = manifest + b" "
            self.send(200 if text else 404, {"Content-Length": str(len(text))}, text)

    def how_ok(self, arg, data):
        self.send(*self.body(data))

    def how_norange(self, arg, data):
        self.send(*self.body(data, ranges=False))

    def how_cut(self, arg, data):
        """Ends every connection after arg bytes."""
        status, headers, part = self.body(data)
        self.send(status, headers, part[:int(arg)])
        if len(part) > int(arg):
            self.hang_up()

    def how_cutonce(self, arg, data):
        """Ends the first connection after arg bytes and knows no ranges."""
        status, headers, part = self.body(data, ranges=False)
        first = not self.server.cut_done
        self.server.cut_done = True
        self.send(status, headers, part[:int(arg)] if first else part)
        if first:
            self.hang_up()

    def how_changed(self, arg, data):
        """Ends the first connection, then has another file of the same length."""
        first = not self.server.cut_done
        self.server.cut_done = True
        if not first:
            data = data[:1000] + b"x" + data[1001:]
        status, headers, part = self.body(data)
        self.send(status, headers, part[:int(arg)] if first else part)
        if first:
            self.hang_up()

    def how_wrongrange(self, arg, data):
        status, headers, part = self.body(data, shift=512)
        first = "Range" not in self.headers
        self.send(status, headers, part[:int(arg)] if first else part)
        if first:
            self.hang_up()

    def segment(self):
        """Whether a piece with an end is asked for."""
        return bool(self.headers.get("Range", "").partition("-")[2])

    def how_cutsegments(self, arg, data):
        status, headers, part = self.body(data)
        cut = int(arg) if self.segment() else len(part)
        self.send(status, headers, part[:cut])
        if len(part) > cut:
            self.hang_up()

    def how_badsegments(self, arg, data):
        """Good with whole files and their rests, not with pieces."""
        status, headers, part = self.body(data)
        if self.segment() and arg == "whole":
            headers.pop("Content-Range", None)
            headers["Content-Length"] = str(len(data))
            self.send(200, headers, data)
        elif self.segment() and arg == "shift":
            self.send(*self.body(data, shift=512))
        elif self.segment() and arg == "total":
            headers["Content-Range"] += "0"
            self.send(206, headers, part)
        elif self.segment() and arg == "long":
            headers["Content-Length"] = str(len(part) + 5)
            self.send(206, headers, part + b"longer")
        elif self.segment() and arg == "416":
            self.send(416, {"Content-Length": "0"})
        elif self.segment() and arg == "etag":
            headers["ETag"] = '"other"'
            self.send(206, headers, part)
        else:
            self.send(status, headers, part)

    def how_badsegmentdata(self, arg, data):
        status, headers, part = self.body(data)
        self.send(status, headers, bytes(len(part)) if self.segment() else part)

    def how_short(self, arg, data):
        """Announces less than there is."""
        self.send(200, {"Content-Length": str(len(data) - int(arg))}, data[:-int(arg)])

    def how_long(self, arg, data):
        """Announces more than it ever sends."""
        status, headers, part = self.body(data)
        headers["Content-Length"] = str(len(part) + int(arg))
        if status == 206:
            headers["Content-Range"] = headers["Content-Range"].partition("/")[0] + "/%d" % (len(data) + int(arg))
        self.send(status, headers, part)
        self.hang_up()

    def how_chunked(self, arg, data):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for at in range(0, len(data), 1000000):
            piece = data[at:at + 1000000]
            self.wfile.write(b"%x\r\n" % len(piece) + piece + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def how_slow(self, arg, data):
        """Small pieces with pauses between them."""
        status, headers, part = self.body(data)
        self.send(status, headers)
        for at in range(0, len(part), int(arg)):
            self.wfile.write(part[at:at + int(arg)])
            time.sleep(0.02)

    def how_stallonce(self, arg, data):
        """Nothing more after arg bytes, on the first connection."""
        first = not self.server.cut_done
        self.server.cut_done = True
        status, headers, part = self.body(data)
        self.send(status, headers, part[:int(arg)] if first else part)
        if first:
            self.server.release.wait(30)
            self.hang_up()

    def how_error(self, arg, data):
        """503 arg times, then fine."""
        if self.server.errors < int(arg):
            self.server.errors += 1
            self.send(503, {"Content-Length": "0"})
        else:
            self.send(*self.body(data))

    def how_stall(self, arg, data):
        """Sends arg bytes, then nothing until the test lets go."""
        status, headers, part = self.body(data)
        self.send(status, headers, part[:int(arg)])
        self.wfile.flush()
        self.server.stalled.set()
        self.server.release.wait(60)
        self.hang_up()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, files, context=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.scheme = "https" if context else "http"
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.requests = []
        self.secret = b"ann:geheim"  # for which there are tokens of private repositories
        self.stalled = threading.Event()
        self.release = threading.Event()
        self.reset()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reset(self):
        self.cut_done = False
        self.errors = 0
        self.tokens = []
        self.requests.clear()
        self.stalled.clear()
        self.release.clear()

    def handle_error(self, request, client_address):
        pass

    def url(self, path):
        return "%s://127.0.0.1:%d/%s" % (self.scheme, self.server_address[1], path)
