#!/usr/bin/env python3
"""An agent whose clock is wrong by years, on simulated machines: it takes the time from the conductor before it judges
a certificate by its dates, and a clock that cannot be set is named as the cause. The conductor pins the agent's
certificate, whatever dates stand in it."""
import http.client
import os
import re
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from faultlib import check_cured, ready, run_cases, tap  # noqa: E402
from simlib import Server, Sim, wait_for  # noqa: E402

YEAR = 365 * 86400


class TlsFront:
    """The conductor's API by HTTPS, for agents: a proxy with a certificate that is valid for two days."""

    def __init__(self, sim):
        self.sim, self.asked = sim, 0
        self.pem = os.path.join(sim.folder, "api.pem")
        self.ca = self.pem + ".crt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.pem, "-out", self.ca],
                       check=True, capture_output=True)
        with open(self.pem, "a") as f, open(self.ca) as crt:
            f.write(crt.read())
        self.server = Server(self.serve)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        inner = self.server.server
        inner.socket = context.wrap_socket(inner.socket, server_side=True, do_handshake_on_connect=False)

    def serve(self, h):
        self.asked += 1
        body = h.rfile.read(int(h.headers.get("Content-Length") or 0))
        there = http.client.HTTPConnection("127.0.0.1", self.sim.api_port, timeout=30)
        there.request(h.command, h.path, body, {k: v for k, v in h.headers.items() if k.lower() not in ("host", "content-length")})
        answer = there.getresponse()
        data = answer.read()
        h.send_response(answer.status)  # with the Date of today
        for k, v in answer.getheaders():
            if k.lower() not in ("date", "connection", "content-length", "transfer-encoding", "server"):
                h.send_header(k, v)
        h.send_header("Content-Length", str(len(data)))
        h.end_headers()
        h.wfile.write(data)

    def use(self, m):
        start = m.start_agent
        m.start_agent = lambda cmdline, address=None: start(
            re.sub(r"ipa-api-url=\S+", "ipa-api-url=https://127.0.0.1:%d" % self.server.port, cmdline) + " ipa-cafile=" + self.ca,
            address)


def set_clock(m, text):
    with open(os.path.join(m.folder, "clock"), "w") as f:
        f.write(text)


def wrong(years):
    with Sim() as sim:
        m = ready(sim)
        front = TlsFront(sim)
        front.use(m)
        set_clock(m, str(years * YEAR))
        at = len(m.agent_text())
        check_cured(sim, m)
        text = m.agent_text()[at:]
        found = re.search(r"the clock was off by (-?\d+) s; set from the conductor", text)
        tap.ok(found and abs(int(found[1]) + years * YEAR) < 600, "the agent says by how much its clock was wrong, %d years" % years, text[-800:])
        tap.ok(front.asked >= 3, "and then all went over TLS, verified", (front.asked, text[-800:]))
        front.server.stop()


def behind():
    wrong(-10)


def ahead():
    wrong(10)


def stuck():
    """Its certificates cannot be judged; the cause is named where a person looks, on the machine's console."""
    with Sim(wait=8) as sim:
        m = ready(sim)
        front = TlsFront(sim)
        front.use(m)
        set_clock(m, "%d stuck" % (-10 * YEAR))
        at = len(m.agent_text())
        sim.deploy(m)
        said = wait_for(lambda: re.search(r"clock is off by -?\d+ days, so certificates look expired or not yet valid", m.agent_text()[at:]), 20)
        tap.ok(said, "TLS fails with the clock as the reason", m.agent_text()[at:][-800:])
        node = sim.reach(m, "deploy failed")
        tap.equal(node["provision_state"], "deploy failed", "and the deploy fails when its time is up")
        set_clock(m, "0")
        check_cured(sim, m)
        front.server.stop()


def dates_of_the_agent():
    """Over plain HTTP an agent with a wrong clock that cannot be set makes a certificate of other years: the conductor pins it."""
    for years in (-10, 10):
        with Sim() as sim:
            m = ready(sim)
            set_clock(m, "%d stuck" % (years * YEAR))
            check_cured(sim, m)
            tap.ok("cannot be set" in m.agent_text(), "%d years: the agent says that its clock is wrong" % years)


CASES = (behind, ahead, stuck, dates_of_the_agent)

if __name__ == "__main__":
    run_cases(CASES)
