#!/usr/bin/env python3
"""The ramdisk on a network that has no IPv4: it takes its address by DHCPv6 as the router says, reaches a conductor by
IPv6, and tells it an address in brackets where its commands are taken. Its watchdog is petted meanwhile."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from directlib import Direct, need_ramdisk  # noqa: E402
from vracklib import Tap, wait_for  # noqa: E402

MAC = "52:54:00:77:06:01"


def boots(t, d, conductor):
    d.spawn("dnsmasq", "-k", "-C", "/dev/null", "--port=0", "--bind-interfaces", "--interface=tap0", "--user=root", "--pid-file=",
            "--enable-ra", "--dhcp-leasefile=" + d.work + "/leases", "--dhcp-range=fd77::100,fd77::1ff,64,1h",
            "--dhcp-option=option6:dns-server,[fd77::1]")
    d.boot("ipa-api-url=http://[fd77::1]:6385 BOOTIF=01-" + MAC.replace(":", "-"), "-device", "i6300esb",
           "-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device", "virtio-net-pci,netdev=n0,mac=" + MAC)
    t.ok(wait_for(lambda: conductor.beats, 240, 0.5), "an agent reports on a network without IPv4", d.said()[-3000:])
    url = conductor.callback()
    t.ok(url.startswith("https://[fd77::1") and url.endswith("]:9999"), "with an address of DHCPv6, in brackets", url)
    t.ok("fd77::1" in open(d.work + "/leases").read(), "which the server has given")
    t.ok(conductor.asked and all(a.startswith("fd77::") for a, _ in conductor.asked), "everything went by IPv6", conductor.asked)
    status = conductor.agent_status()
    t.ok("version" in status, "its certificate names that address, and it answers there", status)
    t.ok(wait_for(lambda: "watchdog i6300ESB timer resets this machine" in d.said(), 60), "its watchdog is petted", d.said()[-2000:])


def main():
    t = Tap()
    need_ramdisk(t)
    with Direct("six") as d:
        d.run("ip", "tuntap", "add", "tap0", "mode", "tap")
        d.run("ip", "link", "set", "tap0", "up")
        d.run("ip", "address", "add", "fd77::1/64", "dev", "tap0", "nodad")
        boots(t, d, d.conduct("fd77::1"))
    t.done()


main()
