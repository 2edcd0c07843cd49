#!/usr/bin/env python3
"""Images that do not come as they should, on simulated machines: cut transfers go on where they were, what
cannot be had is given up after a while, in words that say what was asked, what came and what to do."""
import glob
import hashlib
import os
import re
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(sys.path[0], "image"))
import server as registry  # noqa: E402
from faultlib import IMAGE, as_qcow2, check_cured, check_failure, ready, run_cases, tap  # noqa: E402
from simlib import BUILD, Server, Sim, read_at, wait_for  # noqa: E402

MIB = 1 << 20
NAME = "system.img"
PATIENCE = "%default% ipa-image-download-connection-timeout=2 ipa-image-download-connection-retries=2"
URL = r"http://127\.0\.0\.1:\d+/system\.img"


class Faults:
    """Takes the place of the image server: answers each request as a case wants it, and keeps what was asked."""

    def __init__(self, sim, answer):
        self.sim, self.answer, self.asked = sim, answer, []
        self.whole, sim.images.handle = sim.images.handle, self.serve

    def serve(self, h):
        self.asked.append({k.lower(): v for k, v in h.headers.items()})
        self.answer(h, len(self.asked))
        h.close_connection = True

    def heal(self):
        self.sim.images.handle = self.whole


def send(h, first=0, upto=len(IMAGE), total=len(IMAGE), tag='"one"', ranges=True):
    """The image from `first` on (206 when that is not 0), but only up to a byte."""
    h.send_response(206 if first else 200)
    if first:
        h.send_header("Content-Range", "bytes %d-%d/%d" % (first, total - 1, total))
    if ranges:
        h.send_header("Accept-Ranges", "bytes")
        h.send_header("ETag", tag)
    h.send_header("Content-Length", str(total - first))
    h.end_headers()
    try:
        h.wfile.write(IMAGE[first:upto])
        h.wfile.flush()
    except OSError:
        pass


def first_of(h):
    return int((re.match(r"bytes=(\d+)-", h.headers.get("Range") or "") or [0, 0])[1])


def machine(sim):
    return ready(sim, kernel_append_params=PATIENCE)


def check_deployed(sim, m, what):
    node = sim.reach(m, "active", "deploy failed")
    tap.equal((node["provision_state"], node["last_error"]), ("active", None), what) or tap.diag(m.agent_text()[-1500:])
    tap.ok(read_at(m.disk, 34 * 512, 4 * MIB) == IMAGE[34 * 512:34 * 512 + 4 * MIB], "and every byte is the image's")


def cut():
    """Three times: it goes on by Range, of the same file."""
    with Sim() as sim:
        m = machine(sim)
        faults = Faults(sim, lambda h, n: send(h, first_of(h), min(len(IMAGE), n * 2 * MIB)))
        sim.deploy(m)
        check_deployed(sim, m, "cut three times: the deploy goes on")
        tap.equal([a.get("range") for a in faults.asked], [None] + ["bytes=%d-" % (n * 2 * MIB) for n in (1, 2, 3)],
                  "each request asks for the rest")
        tap.equal([a.get("if-range") for a in faults.asked], [None] + ['"one"'] * 3, "of the very file that was begun")


def changed_meanwhile():
    with Sim() as sim:
        m = machine(sim)
        faults = Faults(sim, lambda h, n: send(h, 0 if n > 1 else 0, 3 * MIB if n == 1 else len(IMAGE), tag='"%d"' % n))
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "the file was changed during the download")
        faults.heal()
        check_cured(sim, m)


def stalled_once():
    with Sim() as sim:
        m = machine(sim)
        done = []

        def answer(h, n):
            send(h, first_of(h), 3 * MIB if n == 1 else len(IMAGE))
            if n == 1:
                wait_for(lambda: done, 60)
        faults = Faults(sim, answer)
        sim.deploy(m)
        check_deployed(sim, m, "a server that falls silent once: the deploy goes on")
        tap.equal([a.get("range") for a in faults.asked], [None, "bytes=%d-" % (3 * MIB)], "from where it was")
        done.append(True)


def stalled():
    with Sim() as sim:
        m = machine(sim)
        done = []

        def answer(h, n):
            send(h, first_of(h), 3 * MIB)
            wait_for(lambda: done, 60)
        faults = Faults(sim, answer)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "nothing came for 2 s after %d of %d bytes" % (3 * MIB, len(IMAGE)),
                      "given up after 3 attempts", "look at|check")
        done.append(True)
        tap.ok(read_at(m.disk, 510, 2) != b"\x55\xaa", "half an image does not boot")
        faults.heal()
        check_cured(sim, m)


def no_ranges():
    """A server that begins again each time gets so many chances and no more; one that is whole in the end will do."""
    with Sim() as sim:
        m = machine(sim)
        faults = Faults(sim, lambda h, n: send(h, 0, (2 + n) * MIB, ranges=False))
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "cut again and again", "no byte ranges", "put the image on a server")
        tap.equal(len(faults.asked), 4, "it was asked as often as there are retries")
        faults.answer = lambda h, n: send(h, 0, 3 * MIB if n == 5 else len(IMAGE), ranges=False)
        check_cured(sim, m)
        tap.equal(len(faults.asked), 6, "cut once, then whole: begun again, and done")


def wrong_length():
    with Sim() as sim:
        m = machine(sim)
        faults = Faults(sim, lambda h, n: send(h, first_of(h), len(IMAGE), len(IMAGE) + 1000))
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "after %d of %d bytes" % (len(IMAGE), len(IMAGE) + 1000), "given up after 3")
        faults.heal()
        check_cured(sim, m)


def redirect_loop():
    def answer(h, _):
        h.send_response(302)
        h.send_header("Location", h.path)
        h.send_header("Content-Length", "0")
        h.end_headers()
    with Sim() as sim:
        m = machine(sim)
        with open(m.disk, "r+b") as f:
            f.write(b"what is here")
        faults = Faults(sim, answer)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "redirects", "check|correct")
        tap.ok(len(faults.asked) <= 6, "it was not followed for ever")
        tap.equal(read_at(m.disk, 0, 12), b"what is here", "nothing came, and nothing was wiped")
        faults.heal()
        check_cured(sim, m)


def untrusted():
    """HTTPS by a certificate that nobody signed."""
    with Sim() as sim:
        m = machine(sim)
        pem = os.path.join(sim.folder, "image.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", pem, "-out", pem + ".crt"],
                       check=True, capture_output=True)
        with open(pem, "a") as f, open(pem + ".crt") as crt:
            f.write(crt.read())
        server = Server(lambda h: send(h, first_of(h)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.server.socket = context.wrap_socket(server.server.socket, server_side=True, do_handshake_on_connect=False)
        url = "https://127.0.0.1:%d/system.img" % server.port
        sim.patch(m, {"op": "add", "path": "/instance_info/image_source", "value": url})
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", re.escape(url), "certificate", "ipa-cafile|trust")
        server.stop()
        sim.image(m, NAME)
        check_cured(sim, m)


def server_broken():
    def answer(h, _):
        h.send_error(503)
    with Sim() as sim:
        m = machine(sim)
        faults = Faults(sim, answer)
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "503", "given up after 3 attempts")
        tap.equal(len(faults.asked), 3, "it was asked three times")
        faults.heal()
        check_cured(sim, m)


def wrong_sum_in_between():
    """Bytes that are not the file's own are found by the checksum, though every length is right."""
    with Sim() as sim:
        m = machine(sim)
        bad = IMAGE[:5 * MIB] + bytes([IMAGE[5 * MIB] ^ 1]) + IMAGE[5 * MIB + 1:]
        sim.images.files[NAME] = bad
        sim.deploy(m)
        node = sim.reach(m, "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", NAME, hashlib.sha256(IMAGE).hexdigest(), hashlib.sha256(bad).hexdigest())
        tap.ok(read_at(m.disk, 510, 2) != b"\x55\xaa", "and the disk does not boot")
        sim.images.files[NAME] = IMAGE
        check_cured(sim, m)


def progress():
    """While an image comes, slowly, the conductor knows how far it is, how fast it goes and when it will be there."""
    with Sim() as sim:
        m = machine(sim)
        seen = threading.Event()

        def answer(h, _):
            send(h, 0, MIB)
            for at in range(MIB, len(IMAGE), 64 << 10):
                seen.wait(0.2)
                h.wfile.write(IMAGE[at:at + (64 << 10)])
        Faults(sim, answer)
        sim.deploy(m)
        shown = []

        def told():
            p = sim.why(m)["progress"] or {}
            out = subprocess.run([os.path.join(BUILD, "ingot"), "--url", sim.api_url, "why", m.name], capture_output=True, text=True).stdout
            shown[:] = [p, out]
            return p.get("rate_bps") and p["bytes_written"] and "s left" in p["message"] and "s left" in out
        tap.ok(wait_for(told, 20), "progress reaches the conductor, and who asks it", shown)
        p, out = shown
        tap.equal((p["phase"], p["bytes_total"]), ("write_image: writing", len(IMAGE)), "what is done, and the file's size")
        tap.ok(MIB <= p["bytes_done"] <= len(IMAGE) and p["bytes_written"] <= p["bytes_done"], "how much came, and was written", p)
        tap.ok(re.search(r"to /dev/vda, [\d.]+ MiB written, [\d.]+ MiB of zeroes skipped, about \d+ s left", p["message"]),
               "where to, what needed no write, and until when", p["message"])
        tap.ok(re.search(r"^progress +write_image: writing \d+% [\d.]+ MB of 8\.4 MB, [\d.]+ [kM]B/s .*about \d+ s left", out, re.M),
               "ingot why shows it", out)
        seen.set()
        check_deployed(sim, m, "the deploy ends")


def declare(sim, m, disk_format):
    sim.patch(m, {"op": "add", "path": "/instance_info/image_disk_format", "value": disk_format})


def qcow2():
    """It goes to the agent as it is, and is what the agent finds, or what was declared; nothing else."""
    with Sim() as sim:
        m = machine(sim)
        as_qcow2(sim, NAME, "compression_type=zstd", "-c")
        sim.image(m, NAME)
        declare(sim, m, "raw")
        with open(m.disk, "r+b") as f:
            f.write(b"what is here")
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "the image is qcow2, but image_disk_format says raw; correct it")
        tap.equal(read_at(m.disk, 0, 12), b"what is here", "declared as raw: nothing was written")
        sim.patch(m, {"op": "remove", "path": "/instance_info/image_disk_format"})
        sim.deploy(m)
        check_deployed(sim, m, "qcow2 that nobody declared: deployed")
        as_qcow2(sim, NAME, "compat=0.10,cluster_size=4096")
        sim.image(m, NAME)
        declare(sim, m, "qcow2")
        whole = sim.images.files[NAME]
        sim.images.files[NAME] = whole[:-MIB]
        sim.go(m, "deleted", "available")
        sim.image(m, NAME, hashlib.sha256(whole).hexdigest())
        declare(sim, m, "qcow2")
        sim.deploy(m)
        node = sim.reach(m, "active", "deploy failed")
        check_failure(sim, m, node, "deploy failed", "active", URL, "reaches beyond the end of the file", "fetch it anew")
        tap.ok(read_at(m.disk, 510, 2) != b"\x55\xaa", "a part of it does not boot")
        sim.images.files[NAME] = whole
        check_cured(sim, m)
        check_deployed(sim, m, "qcow2 of version 2: deployed")


def pull_secret():
    """A private artifact of a registry: the instance's secret, else the operator's, is shown for a token and nowhere else."""
    def deploys(*where):
        given = [{"op": "add", "path": "/%s/image_pull_secret" % field, "value": value} for field, value in where]
        sim.patch(m, {"op": "add", "path": "/instance_info", "value": {"image_source": source}}, *given)
        sim.deploy(m)
        return sim.reach(m, "active", "deploy failed")
    with Sim() as sim:
        m = machine(sim)
        host = registry.Server({"system.img": IMAGE})
        host.secret = b":s3cr3t-of-the-instance"
        source = "oci://127.0.0.1:%d/private/system.img" % host.server_address[1]
        node = deploys(("instance_info", "s3cr3t-that-is-wrong"))
        check_failure(sim, m, node, "deploy failed", "active", "gives no token", "pull secret")
        kept = glob.glob(os.path.join(sim.folder, "agent-logs", "*"))
        tap.ok(kept, "the agent's logs are kept")
        node = deploys(("instance_info", "s3cr3t-of-the-instance"), ("driver_info", "s3cr3t-of-the-site"))
        check_deployed(sim, m, "the instance's pull secret")
        tap.equal([node[f]["image_pull_secret"] for f in ("instance_info", "driver_info")], ["******"] * 2, "which nobody reads")
        shown = {path.split("?")[0] for path, _, header in host.requests if (header or "").startswith("Basic")}
        tap.equal(shown, {"/token/x"}, "shown to the server of the tokens alone")
        sim.go(m, "deleted", "available")
        host.secret = b":s3cr3t-of-the-site"
        deploys()
        check_deployed(sim, m, "the operator's pull secret")
        said = [subprocess.run(["tar", "xzOf", path], capture_output=True, text=True, check=True).stdout for path in kept]
        said += [sim.conductor_log(), m.agent_text(), m.cmdline, str(sim.node(m)), str(sim.why(m)), str(sim.history(m))]
        tap.equal([text for text in said if "s3cr3t" in text], [], "neither is in a log, an answer or a command line")


CASES = (cut, changed_meanwhile, stalled_once, stalled, no_ranges, wrong_length, redirect_loop, untrusted, server_broken,
         wrong_sum_in_between, progress, qcow2, pull_secret)

if __name__ == "__main__":
    run_cases(CASES)
