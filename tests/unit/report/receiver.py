"""A webhook receiver for tests: writes one line per event to a file, then answers.

usage: receiver.py PORT LOG [STATUS...]
PORT 0 lets the system choose; the port is the first line of LOG.port. Each STATUS is the answer to
one request, in order; 200 after them. A line is "<status> <id> <seq of details> <header id>".
"""
import http.server
import json
import os
import sys

port, log = int(sys.argv[1]), sys.argv[2]
answers = [int(a) for a in sys.argv[3:]]


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status = answers.pop(0) if answers else 200
        with open(log, "a") as f:
            f.write("%d %s %s %s\n" % (status, body["id"], body["details"]["seq"],
                                       self.headers["X-Ingot-Delivery"]))
        if status == 200:
            with open(log + ".last", "w") as f:
                json.dump(body, f)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.HTTPServer):
    allow_reuse_address = True


server = Server(("127.0.0.1", port), Receiver)
with open(log + ".port.new", "w") as f:
    f.write("%d\n" % server.server_port)
os.rename(log + ".port.new", log + ".port")
server.serve_forever()
