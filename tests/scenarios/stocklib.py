"""QEMU machines whose conductor is Debian's own Ironic: it does all of it (power, PXE, images, steps), and
only its deploy_kernel and deploy_ramdisk are ours. `with Stock(RELEASE, RACK) as s:` as Corridor, which
see; DHCP and TFTP are plain dnsmasq and in.tftpd, as an operator would set them up for Ironic."""
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "contract")]
import ironic  # noqa: E402
from corridorlib import API, Corridor, HOST, IMAGES, SLOW, TOP, need_root, wait_for  # noqa: E402
from simlib import with_parent  # noqa: E402

FILES_PORT = 8080
FILES = "http://%s:%d" % (HOST, FILES_PORT)
INSPECTOR = "http://%s:5050" % HOST

SETTINGS = """
[DEFAULT]
my_ip = {host}
enabled_hardware_types = ipmi,fake-hardware
enabled_boot_interfaces = ipxe,fake
enabled_deploy_interfaces = direct,fake
enabled_inspect_interfaces = {inspect},no-inspect,fake
enabled_management_interfaces = ipmitool,fake
enabled_power_interfaces = ipmitool,fake
enabled_rescue_interfaces = agent,no-rescue,fake
default_boot_interface = ipxe
default_deploy_interface = direct
default_inspect_interface = {inspect}
default_rescue_interface = agent
[service_catalog]
auth_type = none
endpoint_override = {api}
[conductor]
automated_clean = true
[deploy]
http_root = /srv/state/http
http_url = {files}
erase_devices_priority = 0
default_boot_option = local
fast_track = false
[dhcp]
dhcp_provider = none
[pxe]
tftp_server = {host}
kernel_append_params = console=ttyS0 ipa-debug=1 panic=10
[agent]
image_download_source = http
certificates_path = /srv/state/certificates
deploy_logs_collect = always
deploy_logs_local_path = /srv/state/logs
[ipmi]
min_command_interval = 1
[inspector]
auth_type = none
endpoint_override = {inspector}
callback_endpoint_override = {inspector}
require_managed_boot = true
"""

INSPECTOR_CONF = """[DEFAULT]
auth_strategy = noauth
standalone = true
listen_address = {host}
host = stock
transport_url = fake://
[database]
connection = sqlite:////srv/state/inspector.sqlite
[ironic]
auth_type = none
endpoint_override = {api}
[pxe_filter]
driver = noop
[processing]
store_data = database
always_store_ramdisk_logs = true
ramdisk_logs_dir = /srv/state/inspector-logs
[service_catalog]
auth_type = none
endpoint_override = {inspector}
"""

INSPECTOR_SERVICE = """
ironic-inspector-dbsync --config-file /srv/state/inspector.conf upgrade >inspector-dbsync.out 2>&1
ironic-inspector --config-file /srv/state/inspector.conf >inspector.out 2>&1 &
"""

DNSMASQ = """port=0
interface=br0
bind-interfaces
dhcp-authoritative
no-ping
dhcp-range={net}.100,{net}.199,1h
dhcp-leasefile={dir}/leases
dhcp-match=set:ipxe,175
dhcp-match=set:efi,option:client-arch,7
dhcp-match=set:efi,option:client-arch,9
dhcp-boot=tag:!ipxe,tag:efi,snponly.efi,,{host}
dhcp-boot=tag:!ipxe,tag:!efi,undionly.kpxe,,{host}
dhcp-boot=tag:ipxe,{files}/boot.ipxe
dhcp-option=tag:ipxe,encap:175,176,1b
enable-ra
dhcp-range=fd82::,ra-only
ra-param=br0,10,0
"""


def need_stock(tap):
    need_root(tap)
    for path in ("agent/initramfs", "agent/vmlinuz", "system/system.img"):
        if not os.path.exists(os.path.join(TOP, "build", path)):
            tap.skip_all("build/%s is not built" % path)
    for program in ("baremetal", "dnsmasq", "in.tftpd"):
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin"):
            tap.skip_all("%s is not installed" % program)


class Files:
    """What a site's web server has: Ironic's http_root, our kernel and ramdisk below /agent, the images
    below /images; and where deployed systems report themselves."""

    def __init__(self, http_root):
        outer = self
        self.folders = {"agent": os.path.join(TOP, "build/agent"), "images": IMAGES}
        self.root = http_root
        self.homes = []
        self.asked = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                outer.asked.append("%s %s" % (self.command, self.path))

            def translate_path(self, path):
                first, _, rest = path.lstrip("/").partition("/")
                if first in outer.folders:
                    return os.path.join(outer.folders[first], os.path.basename(rest))
                return os.path.join(outer.root, os.path.normpath("/" + path).lstrip("/"))

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.homes.append(json.loads(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
        self.server = http.server.ThreadingHTTPServer((HOST, FILES_PORT), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Stock(Corridor):
    def __init__(self, release, machines):
        super().__init__(machines, prefix="st")
        self.release = release
        self.state = os.path.join(self.scratch, "ironic")
        self.ironic = self.files = None

    def start_conductor(self):
        for sub in ("http", "tftp", "certificates", "logs", "inspector-logs"):
            os.makedirs(os.path.join(self.state, sub), exist_ok=True)
        for name in ("snponly.efi", "undionly.kpxe"):
            shutil.copy(os.path.join("/usr/lib/ipxe", name), os.path.join(self.state, "tftp"))
        self.files = Files(os.path.join(self.state, "http"))
        self.start_dhcp()
        how = {"host": HOST, "api": API, "files": FILES, "inspector": INSPECTOR,
               "inspect": "agent" if ironic.RELEASES[self.release] >= 84 else "inspector"}
        services = ""
        if how["inspect"] == "inspector":
            ironic.write(os.path.join(self.state, "inspector.conf"), INSPECTOR_CONF.format(**how))
            services = INSPECTOR_SERVICE
        self.ironic = ironic.Ironic(self.release, 6385, self.state, host=HOST, settings=SETTINGS.format(**how),
                                    services=services)

    def start_dhcp(self):
        conf = os.path.join(self.scratch, "dnsmasq.conf")
        ironic.write(conf, DNSMASQ.format(net=HOST.rpartition(".")[0], dir=self.scratch, host=HOST, files=FILES))
        with open(os.path.join(self.scratch, "boot.log"), "ab") as log:
            self.children.append(subprocess.Popen(
                ["dnsmasq", "--keep-in-foreground", "--user=root", "--conf-file=" + conf, "--log-facility=-",
                 "--pid-file=" + self.scratch + "/dnsmasq.pid"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=with_parent))
            self.children.append(subprocess.Popen(
                ["in.tftpd", "-L", "-4", "-u", "root", "-a", HOST + ":69", "-s", os.path.join(self.state, "tftp")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=with_parent))

    def __exit__(self, *how):
        if how[0] and self.ironic:
            print("".join("# %s\n" % line for line in self.conductor_log().splitlines()[-40:]), flush=True)
        if self.ironic:
            self.ironic.stop()
        if self.files:
            self.files.stop()
        super().__exit__(*how)

    def conductor_log(self):
        return self.ironic.logs() if self.ironic else ""

    def baremetal(self, *words, limit_s=600):
        """(exit status, output, errors) of the stock client."""
        version = "1.%d" % min(ironic.RELEASES[self.release], 78)
        return self.command("baremetal", "--os-endpoint", API, "--os-auth-type", "none", "--os-baremetal-api-version",
                            version, *words, limit_s=limit_s)

    def service(self, name, steps):
        """Asks for a service, for which this machine's stock client has no word yet."""
        request = urllib.request.Request(
            "%s/v1/nodes/%s/states/provision" % (API, name), method="PUT",
            data=json.dumps({"target": "service", "service_steps": steps}).encode(),
            headers={"X-OpenStack-Ironic-API-Version": "1.87", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60 * SLOW) as answer:
            return answer.status

    def reported(self, hostname, since=0, limit_s=180):
        """What the deployed system of this name sent, or None; `since` so many reports of whomever."""
        return wait_for(lambda: next((h for h in self.files.homes[since:] if h.get("hostname") == hostname), None), limit_s)

    def logs_of(self, pattern):
        """The conductor's log lines that match."""
        text = ""
        for name in ("ironic-conductor.log", "conductor.out"):
            path = os.path.join(self.state, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()
        return [line for line in text.splitlines() if re.search(pattern, line)]
