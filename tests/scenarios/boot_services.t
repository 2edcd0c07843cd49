#!/usr/bin/env python3
"""Boot services with real dnsmasq, in.tftpd and machines: what each class of client is offered, who may
fetch what, what is recorded, how a BIOS machine reaches its script without the 16-second wait, how a
UEFI machine reaches its disk although iPXE's exit hangs, and that nothing is left behind."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from bootlab import BIOS_MAC, BOOTD, CLIENT_MAC, NS, ROUTER_SOLICITATION, UEFI_MAC, Foreign, Lab, run  # noqa: E402
from vracklib import SLOW, Tap, wait_for  # noqa: E402


def hexa(text):
    return text.encode().hex()


def test_offers(t, lab):
    url = "http://10.77.0.1:8080"
    for arch, want in ((0, "undionly.kpxe"), (7, "snponly.efi"), (9, "snponly.efi")):
        got = lab.dhcp(1, arch)
        t.equal(bytes.fromhex(got.get("67", "")).rstrip(b"\0").decode() or got.get("file"), want,
                "client architecture %d is offered %s" % (arch, want))
    got = lab.dhcp(1, 16)
    t.equal((bytes.fromhex(got.get("67", "")).rstrip(b"\0").decode() or got.get("file"),
             bytes.fromhex(got.get("60", "")).decode()), (url + "/file/ipxe.efi", "HTTPClient"),
            "UEFI HTTP boot is offered a URL and the class HTTPClient")
    for arch in (0, 7):
        got = lab.dhcp(1, arch, "ipxe")
        t.equal((bytes.fromhex(got.get("67", "")).rstrip(b"\0").decode() or got.get("file"), got.get("175")),
                (url + "/boot.ipxe", "b00101ff"),
                "iPXE on architecture %d is offered the script, and told not to wait for proxyDHCP" % arch)
    t.equal(lab.client("python3", "-c", ROUTER_SOLICITATION).strip(), b"0",
            "a router solicitation is answered, with lifetime 0")
    got = lab.dhcp(1, 0)
    ack = lab.dhcp(3, 0, ip=got.get("ip", "10.77.0.100"))
    t.equal(ack.get("53"), "05", "the offered address is acknowledged")
    run("ip", "-n", NS + "c", "address", "add", ack.get("ip", "10.77.0.250") + "/24", "dev", "c0", check=False)
    t.ok(lab.wait("dhcp-ack", "undionly.kpxe", CLIENT_MAC), "and recorded with its boot file")
    t.ok(lab.find("dhcp-discover", "arch 16 (UEFI x86-64 HTTP), firmware", CLIENT_MAC),
         "what the client is, is recorded")


def test_tftp(t, lab):
    size = os.path.getsize("/usr/lib/ipxe/undionly.kpxe")
    got = lab.curl("tftp://10.77.0.1/undionly.kpxe")
    t.equal(got, open("/usr/lib/ipxe/undionly.kpxe", "rb").read(), "undionly.kpxe comes whole by TFTP")
    t.ok(lab.wait("tftp-start", "undionly.kpxe", CLIENT_MAC), "the transfer's start is recorded with the MAC")
    ev = lab.wait("tftp-end", "undionly.kpxe", CLIENT_MAC, ok=True)
    t.equal(ev and ev["bytes"], size, "its end is recorded with its bytes")
    lab.curl("tftp://10.77.0.1/nothere")
    t.ok(lab.wait("tftp-end", "File not found", CLIENT_MAC, ok=False), "a file that is not there is recorded")
    t.equal(lab.curl("tftp://10.77.0.1//../../../etc/hostname"), b"", "nothing outside the folder is served")


def test_http(t, lab):
    base = "http://10.77.0.1:8080"
    t.ok(lab.curl(base + "/boot.ipxe").startswith(b"#!ipxe\n"), "the first script")
    facts = "platform=pcbios&arch=i386&uuid=00000000-0000-0000-0000-00000000abcd&serial=%s&product=%s" % (
        hexa("S#1\n&x"), hexa("R" * 100))
    script = lab.curl("%s/boot/script?mac=%s&%s" % (base, CLIENT_MAC.upper(), facts)).decode()
    m = re.search(r"/boot/([A-Za-z0-9_-]{43})/kernel initrd=ramdisk (.*) \|\|", script)
    if not t.ok(m, "the agent's script has a token", script):
        return
    token, cmdline = m.groups()
    t.equal(cmdline, "quiet ingot-boot-token=%s BOOTIF=01-%s" % (token, CLIENT_MAC.replace(":", "-")),
            "the command line has the token and BOOTIF")
    ev = lab.find("script-asked", mac=CLIENT_MAC)
    t.ok(ev and "serial S#1?&x" in ev["detail"] and "R" * 64 in ev["detail"] and "R" * 65 not in ev["detail"],
         "what the machine says is recorded, bounded and printable", ev)
    kernel = open(lab.path("kernel"), "rb").read()
    t.equal(lab.curl("%s/boot/%s/kernel" % (base, token)), kernel, "the kernel under the token")
    ev = lab.wait("kernel", mac=CLIENT_MAC, ok=True)
    t.equal(ev and ev["bytes"], len(kernel), "recorded as whole with its bytes")
    t.equal(lab.curl("%s/boot/%s/kernel" % (base, token), "-r", "10-19"), kernel[10:20], "a range of it")
    head = lab.curl("%s/boot/%s/ramdisk" % (base, token), "-I").decode().lower()
    t.ok("content-length: %d" % os.path.getsize(lab.path("ramdisk")) in head, "HEAD says the length", head)
    # larger than what the sockets' buffers take in
    lab.curl("%s/boot/%s/ramdisk" % (base, token), "-o", "/dev/null", "--limit-rate", "100k", "--max-time", "1")
    t.ok(lab.wait("ramdisk", "aborted", CLIENT_MAC, ok=False), "a fetch that was given up is recorded as aborted")
    for path, what in (("/boot/%s/kernel" % ("A" * 43), "a wrong token"), ("/boot/%s/initrd" % token, "another name"),
                       ("/file/../state/leases", "a path upwards"), ("/file/%2e%2e%2fleases", "an encoded path upwards"),
                       ("/file/hosts", "a file that is not listed"), ("/", "the root"), ("/state/leases", "a folder")):
        t.equal(lab.status(base + path), "404", "%s is not served" % what)
    t.equal(lab.status(base + "/boot/script"), "400", "a question without MAC is refused")
    t.equal(lab.status(base + "/boot.ipxe", "-X", "POST"), "405", "only GET and HEAD")
    t.ok(lab.find("not-found", mac=CLIENT_MAC), "what is not there is recorded")
    t.ok(not any(token in ev["detail"] for ev in lab.events()), "no record repeats a token")
    lab.curl("%s/boot/script?mac=%s" % (base, CLIENT_MAC))
    t.equal(lab.status("%s/boot/%s/kernel" % (base, token)), "404", "a newer boot ends the token")


def test_service_returns(t, lab):
    procs = lab.services()
    dnsmasq = [pid for pid, line in procs if line.startswith("dnsmasq")]
    t.equal(len(dnsmasq), 1, "one dnsmasq runs")
    for pid in dnsmasq:
        os.kill(pid, signal.SIGKILL)
    t.ok(lab.wait("service", "dnsmasq ended"), "its end is recorded")
    t.ok(wait_for(lambda: [1 for ev in lab.events() if "dnsmasq: started" in ev["detail"]][1:], 10), "it is started again")
    t.ok("ip" in lab.dhcp(1, 7), "and answers")


def test_silent_owner(t, lab):
    """Nobody decides: the machine is told to wait, not left hanging. And a fixed address."""
    lab.start("--range", "10.77.0.100,10.77.0.120", "--ask-timeout", "1", "--fix", "%s=10.77.0.77" % BIOS_MAC, "silent")
    script = lab.curl("http://10.77.0.1:8080/boot/script?mac=" + CLIENT_MAC).decode()
    t.ok("no decision yet" in script and "sleep 2" in script, "without a decision the machine waits and asks again", script)
    got = wait_for(lambda: lab.dhcp(1, 0, mac=BIOS_MAC).get("ip") == "10.77.0.77", 10)
    t.ok(got, "a fixed address is given")
    lab.stop()


def test_proxy(t, lab):
    lab.start("--dhcp", "proxy", "wait")
    got = lab.dhcp(1, 0, "ipxe")  # UEFI asks once more, on port 4011
    t.equal((got.get("ip"), got.get("file"), bytes.fromhex(got.get("60", "")).decode()),
            ("0.0.0.0", "http://10.77.0.1:8080/boot.ipxe", "PXEClient"), "a proxy offers a boot file without an address")
    t.ok(lab.wait("dhcp-offer", "boot.ipxe", CLIENT_MAC), "and records it")
    lab.stop()


def test_proxy_beside_foreign(t, lab):
    """The address comes from the site's server, the script from us, and the machine needs no other."""
    foreign = Foreign(lab)
    try:
        lab.start("--dhcp", "proxy", "--message", "the rack is full", "wait")
        qemu, text = lab.qemu("proxy", "-machine", "pc,graphics=off", "-boot", "n",
                              "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no",
                              "-device", "virtio-net-pci,netdev=n0,mac=" + BIOS_MAC)
        ev = lab.wait("script-asked", mac=BIOS_MAC, limit=60)
        t.ok(ev and ev["ip"] == foreign.gave(BIOS_MAC) and ev["ip"].startswith("10.77.0.15"),
             "the machine has the site's address and asks us for its script", (ev, foreign.gave(BIOS_MAC)))
        t.ok(wait_for(lambda: "Ingot: the rack is full" in text(), 20), "and gets it", text()[-1500:])
        t.ok("DHCPACK" not in open(lab.path("stderr")).read() and lab.find("dhcp-offer", mac=BIOS_MAC),
             "we offered only what to boot")
        qemu.kill()
        qemu.wait()
        lab.address("c0", "10.77.0.201/24")  # we never gave it
        lab.client("curl", "-s", "--interface", "10.77.0.201", "tftp://10.77.0.1/undionly.kpxe")
        t.ok(lab.wait("tftp-end", "undionly.kpxe", CLIENT_MAC, ok=True),
             "TFTP is recorded under the machine's MAC although the address is not ours",
             [e for e in lab.events() if e["kind"].startswith("tftp")])
        lab.stop()
    finally:
        foreign.end(lab)


def test_ends(t, lab):
    t.equal(lab.stop(), 0, "SIGTERM ends it in order")
    t.equal(lab.services(), [], "no service is left")
    lab.start("--range", "10.77.0.100,10.77.0.120", "wait")
    t.ok(wait_for(lambda: len(lab.services()) >= 6, 5), "services and launchers run")
    lab.stop(signal.SIGKILL)
    t.ok(wait_for(lambda: not lab.services(), 5), "SIGKILL leaves no service either", lab.services())


def test_port_taken(t, lab):
    squatter = subprocess.Popen(["ip", "netns", "exec", NS, "python3", "-c",
                                 "import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                                 "s.bind(('10.77.0.1',69))\nprint(1,flush=True)\ntime.sleep(60)"], stdout=subprocess.PIPE)
    lab.children.append(squatter)
    squatter.stdout.readline()
    lab.start("--range", "10.77.0.100,10.77.0.120", "wait")
    t.equal(lab.bootd.wait(timeout=10), 1, "a taken TFTP port ends the start")
    t.ok("TFTP on br0 port 69" in open(lab.path("stderr")).read(), "and is named")
    squatter.kill()
    squatter.wait()


def test_bios(t, lab):
    """ROM iPXE to the wait script, asked again, without the 16 seconds."""
    qemu, text = lab.qemu("bios", "-machine", "pc,graphics=off", "-boot", "n", "-smbios",
                          "type=1,manufacturer=Lab & Sons,product=R 1,serial=BIOS#1",
                          "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no",
                          "-device", "virtio-net-pci,netdev=n0,mac=" + BIOS_MAC)
    t.ok(lab.wait("script-answered", "rack is full", BIOS_MAC, limit=60), "a BIOS machine asks for its script")
    ev = lab.find("script-asked", mac=BIOS_MAC)
    t.ok(ev and "pcbios" in ev["detail"] and "Lab & Sons R 1, serial BIOS#1" in ev["detail"],
         "its SMBIOS texts arrive unchanged", ev)
    seen = {e["kind"]: e["at"] for e in reversed(lab.events()) if e["mac"] == BIOS_MAC}
    wait = seen.get("script-asked", 99) - seen.get("dhcp-discover", 0)
    t.ok(wait < 10 * SLOW, "from DHCP to the question without the 16-second wait", "%.1f s" % wait)
    t.ok(wait_for(lambda: "Ingot: the rack is full" in text(), 10), "the reason stands on its console")
    again = wait_for(lambda: [1 for e in lab.events() if e["kind"] == "script-asked" and e["mac"] == BIOS_MAC][1:], 30)
    t.ok(again, "it asks again", text())
    kinds = [e["kind"] for e in lab.events() if e["mac"] == BIOS_MAC]
    t.equal(kinds[:7], ["dhcp-discover", "dhcp-offer", "dhcp-request", "dhcp-ack", "file", "script-asked",
                        "script-answered"], "every step is recorded under its MAC")
    qemu.kill()
    qemu.wait()


def make_bios_disk(path):
    """A boot sector that only says its name: cld, ds = 0, lodsb and int 10h until a zero, hlt."""
    code = bytes.fromhex("fc31c08ed8be197cac08c07409b40ebb0700cd10ebf2f4ebfd") + b"DISK-SECTOR-REACHED\r\n\0"
    with open(path, "wb") as f:
        f.write(code.ljust(510, b"\0") + b"\x55\xaa" + bytes(1 << 20))


def test_bios_disk(t, lab):
    make_bios_disk(lab.path("bios.img"))
    qemu, text = lab.qemu("biosdisk", "-machine", "pc,graphics=off", "-boot", "n",
                          "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no",
                          "-device", "virtio-net-pci,netdev=n0,mac=" + BIOS_MAC,
                          "-drive", "if=virtio,format=raw,file=" + lab.path("bios.img"))
    t.ok(lab.wait("script-answered", "disk: installed", BIOS_MAC, limit=60), "a BIOS machine is told to boot its disk")
    t.ok(wait_for(lambda: "DISK-SECTOR-REACHED" in text(), 20), "and reaches its disk's boot sector", text()[-2000:])
    qemu.kill()
    qemu.wait()


def make_efi_disk(path):
    """One ESP with a boot loader that only says its name."""
    work = path + ".d"
    os.mkdir(work)
    with open(work + "/cfg", "w") as f:
        f.write("serial\nterminal_output serial console\necho DISK-LOADER-REACHED\nsleep 600\n")
    run("grub-mkimage", "-O", "x86_64-efi", "-p", "/", "-c", work + "/cfg", "-o", work + "/BOOTX64.EFI", "echo", "sleep",
        "serial", "terminal")
    run("truncate", "-s", "48M", path)
    run("/sbin/sfdisk", "-q", path, input=b"label: gpt\nstart=2048, size=81920, type=U\n")
    run("truncate", "-s", "40M", work + "/esp")
    run("mformat", "-i", work + "/esp", "-T", "81920", "-h", "64", "-s", "32", "::")
    run("mmd", "-i", work + "/esp", "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", work + "/esp", work + "/BOOTX64.EFI", "::/EFI/BOOT/BOOTX64.EFI")
    run("dd", "if=" + work + "/esp", "of=" + path, "bs=1M", "seek=1", "conv=notrunc", "status=none")


def test_uefi_disk(t, lab):
    """OVMF, TFTP snponly.efi, script, bootdisk.efi, the disk's loader."""
    make_efi_disk(lab.path("disk.img"))
    shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", lab.path("vars"))
    qemu, text = lab.qemu(
        "uefi", "-machine", "q35,graphics=off",
        "-drive", "if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
        "-drive", "if=pflash,format=raw,unit=1,file=" + lab.path("vars"),
        "-netdev", "tap,id=n0,ifname=tap1,script=no,downscript=no",
        "-device", "virtio-net-pci,netdev=n0,romfile=,bootindex=1,mac=" + UEFI_MAC,
        "-drive", "if=none,id=d0,format=raw,file=" + lab.path("disk.img"),
        "-device", "nvme,drive=d0,serial=N1,bootindex=2")
    t.ok(lab.wait("tftp-end", "snponly.efi", UEFI_MAC, ok=True, limit=90), "a UEFI machine loads snponly.efi by TFTP")
    t.ok(lab.wait("script-answered", "disk: installed", UEFI_MAC, limit=30), "it is told to boot its disk")
    t.ok(lab.wait("file", "bootdisk.efi", UEFI_MAC, ok=True, limit=30), "it loads bootdisk.efi")
    t.ok(wait_for(lambda: "DISK-LOADER-REACHED" in text(), 30), "and reaches its disk's loader", text()[-2000:])
    qemu.kill()
    qemu.wait()


def main():
    t = Tap()
    if os.geteuid() != 0:
        t.skip_all("makes network namespaces, which needs root")
    if not os.access(BOOTD, os.X_OK):
        t.skip_all("%s is not built" % BOOTD)
    with Lab() as lab:
        test_port_taken(t, lab)
        for name, size in (("kernel", 100000), ("ramdisk", 60000000)):
            with open(lab.path(name), "wb") as f:
                f.write(os.urandom(size))
        common = ("--range", "10.77.0.100,10.77.0.120")
        lab.start(*common, "--kernel", lab.path("kernel"), "--ramdisk", lab.path("ramdisk"), "--cmdline",
                  "quiet ingot-boot-token=%token%", "agent")
        t.equal(lab.bootd.poll(), None, "services start")
        test_offers(t, lab)
        test_tftp(t, lab)
        test_http(t, lab)
        test_service_returns(t, lab)
        lab.stop()
        test_silent_owner(t, lab)
        test_proxy(t, lab)
        test_proxy_beside_foreign(t, lab)
        lab.start(*common, "--retry", "1", "--message", "the rack is full", "wait")
        test_bios(t, lab)
        lab.stop()
        lab.start(*common, "--message", "installed", "disk")
        test_bios_disk(t, lab)
        test_uefi_disk(t, lab)
        test_ends(t, lab)
    t.ok(not os.path.exists("/run/netns/" + NS) and not os.path.exists(lab.dir), "nothing is left behind")
    t.done()


main()
