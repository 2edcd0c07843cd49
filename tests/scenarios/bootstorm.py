"""Many machines that boot from the network at once, without the machines: each does what a BIOS machine's
firmware and iPXE put on the wire, in this order: DHCP, undionly.kpxe by TFTP, DHCP as iPXE, /boot.ipxe, the
question for its script, the first MiB of the kernel. One process plays all of them, in the machines'
namespace, with an address for each.

    bootstorm.py COUNT INTERFACE [--script-only]      prints JSON: per phase the milliseconds of each machine

Messages: DHCP RFC 2131 and 2132, TFTP RFC 1350 with the options of RFC 2347 to 2349.
"""
import asyncio
import json
import re
import socket
import struct
import subprocess
import sys
import time

SERVER, HTTP = "10.77.0.1", 8080
FIRST_MIB = 1 << 20
TRIES, WAIT_S = 6, 4  # firmware's patience: PXE 2.1 has 4, 8, 16 and 32 s


def mac_of(i):
    return "52:54:00:5b:%02x:%02x" % (i >> 8, i & 255)


class Dhcp(asyncio.DatagramProtocol):
    """One socket for all machines: answers come by broadcast and are told apart by their transaction."""

    def __init__(self):
        self.waiting = {}

    def datagram_received(self, data, addr):
        if len(data) < 240:
            return
        found, at = {}, 240
        while at + 1 < len(data) and data[at] != 255:
            if data[at] == 0:
                at += 1
                continue
            found[data[at]] = data[at + 2:at + 2 + data[at + 1]]
            at += 2 + data[at + 1]
        future = self.waiting.get((data[4:8], found.get(53)))
        if future and not future.done():
            future.set_result((socket.inet_ntoa(data[16:20]), found))


class Machine:
    def __init__(self, i, dhcp, interface):
        self.i, self.dhcp, self.interface = i, dhcp, interface
        self.mac, self.ip, self.phase, self.ms = mac_of(i), None, "dhcp", {}

    def message(self, kind, ipxe, want):
        mac = bytes.fromhex(self.mac.replace(":", ""))
        text = b"PXEClient:Arch:00000:UNDI:003000"
        options = bytes([53, 1, kind, 55, 5, 1, 60, 66, 67, 175, 93, 2, 0, 0, 60, len(text)]) + text
        options += bytes([97, 17]) + bytes(17) + bytes([94, 3, 1, 3, 0])
        if ipxe:
            options += bytes([77, 4]) + b"iPXE" + bytes([175, 3, 177, 1, 1])
        if kind == 3:
            options += bytes([50, 4]) + socket.inet_aton(want) + bytes([54, 4]) + socket.inet_aton(SERVER)
        self.xid = struct.pack("!HBB", self.i, kind, ipxe)
        packet = struct.pack("!BBBB", 1, 1, 6, 0) + self.xid + struct.pack("!HH", 0, 0x8000) + bytes(16)
        return (packet + mac + bytes(10) + bytes(192) + b"\x63\x82\x53\x63" + options + b"\xff").ljust(300, b"\0")

    async def ask(self, kind, answer, ipxe, want=None):
        for _ in range(TRIES):
            packet = self.message(kind, ipxe, want)
            future = asyncio.get_running_loop().create_future()
            self.dhcp.waiting[self.xid, bytes([answer])] = future
            self.dhcp.transport.sendto(packet, ("255.255.255.255", 67))
            try:
                return await asyncio.wait_for(future, WAIT_S)
            except asyncio.TimeoutError:
                continue
            finally:
                del self.dhcp.waiting[self.xid, bytes([answer])]
        raise RuntimeError("no answer to DHCP message %d" % kind)

    async def lease(self, ipxe):
        ip, _ = await self.ask(1, 2, ipxe)
        self.ip, options = await self.ask(3, 5, ipxe, ip)
        return options.get(67, b"").rstrip(b"\0").decode()

    async def tftp(self, name):
        loop = asyncio.get_running_loop()
        received, done, blocks = bytearray(), loop.create_future(), {"next": 1, "peer": None}

        class Transfer(asyncio.DatagramProtocol):
            def datagram_received(self, data, addr):
                kind, number = struct.unpack("!HH", data[:4])
                blocks["peer"], blocks["heard"] = addr, time.monotonic()
                if kind == 5 and not done.done():
                    done.set_exception(RuntimeError("TFTP error: " + data[4:].decode(errors="replace")))
                elif kind == 6:
                    self.transport.sendto(struct.pack("!HH", 4, 0), addr)
                elif kind == 3 and number == blocks["next"] & 0xffff:
                    received.extend(data[4:])
                    blocks["next"] += 1
                    self.transport.sendto(struct.pack("!HH", 4, number), addr)
                    if len(data) < 4 + 1456 and not done.done():
                        done.set_result(bytes(received))
                elif kind == 3:
                    self.transport.sendto(struct.pack("!HH", 4, (blocks["next"] - 1) & 0xffff), addr)

            def connection_made(self, transport):
                self.transport = transport

        transport, _ = await loop.create_datagram_endpoint(Transfer, local_addr=(self.ip, 0))
        request = struct.pack("!H", 1) + name.encode() + b"\0octet\0blksize\0" + b"1456\0tsize\0" + b"0\0"
        try:
            for _ in range(TRIES):
                transport.sendto(request, (SERVER, 69))
                blocks["heard"] = time.monotonic()
                while time.monotonic() < blocks["heard"] + WAIT_S:
                    finished, _ = await asyncio.wait([done], timeout=WAIT_S)
                    if finished:
                        return done.result()
                if blocks["peer"]:
                    raise RuntimeError("TFTP of %s stopped at block %d" % (name, blocks["next"]))
            raise RuntimeError("no answer to the TFTP request")
        finally:
            transport.close()

    async def get(self, path, more=""):
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(SERVER, HTTP, local_addr=(self.ip, 0)), WAIT_S * TRIES)
        writer.write(("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n%s\r\n" % (path, SERVER, more)).encode())
        answer = await asyncio.wait_for(reader.read(-1), 120)
        writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        status = head.split(b" ", 2)[1].decode()
        if status not in ("200", "206"):
            raise RuntimeError("GET %s: %s" % (path.split("?")[0], status))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if length and int(length.group(1)) != len(body):
            raise RuntimeError("GET %s: %d of %s bytes" % (path.split("?")[0], len(body), length.group(1).decode()))
        return body

    async def phase_of(self, name, doing):
        self.phase, began = name, time.monotonic()
        result = await doing
        self.ms[name] = round((time.monotonic() - began) * 1000, 1)
        return result

    async def boot(self, script_only):
        boot_file = await self.phase_of("dhcp", self.lease(False))
        await add_address(self.interface, self.ip)
        program = await self.phase_of("tftp", self.tftp(boot_file))
        if program[:2] != b"\xeb\xfe" and len(program) < 10000:
            raise RuntimeError("%s is no boot program" % boot_file)
        url = await self.phase_of("dhcp as iPXE", self.lease(True))
        if not url.endswith("/boot.ipxe"):
            raise RuntimeError("iPXE was offered %r" % url)
        first = await self.phase_of("boot.ipxe", self.get("/boot.ipxe"))
        if not first.startswith(b"#!ipxe"):
            raise RuntimeError("/boot.ipxe is no script")
        script = (await self.phase_of("script", self.get(
            "/boot/script?mac=%s&platform=pcbios&arch=i386" % self.mac))).decode()
        if script_only:
            return
        kernel = re.search(r"(/boot/[A-Za-z0-9_-]{43}/kernel)", script)
        if not kernel:
            raise RuntimeError("the script has no kernel: " + " ".join(script.split())[-200:])
        body = await self.phase_of("kernel", self.get(kernel.group(1), "Range: bytes=0-%d\r\n" % (FIRST_MIB - 1)))
        if len(body) != FIRST_MIB:
            raise RuntimeError("%d bytes of the kernel's first MiB" % len(body))


async def add_address(interface, ip):
    if ip not in add_address.have:
        add_address.have.add(ip)
        subprocess.run(["ip", "address", "add", ip + "/24", "dev", interface], check=True)
add_address.have = set()


async def one(machine, script_only):
    try:
        await machine.boot(script_only)
        return {"mac": machine.mac, "ms": machine.ms, "error": None}
    except (RuntimeError, OSError, asyncio.TimeoutError, asyncio.IncompleteReadError) as problem:
        return {"mac": machine.mac, "ms": machine.ms,
                "error": "%s: %s" % (machine.phase, problem or type(problem).__name__)}


async def storm(count, interface, script_only):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_BROADCAST, socket.SO_REUSEADDR):
        s.setsockopt(socket.SOL_SOCKET, option, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
    s.bind(("0.0.0.0", 68))
    transport, dhcp = await asyncio.get_running_loop().create_datagram_endpoint(Dhcp, sock=s)
    dhcp.transport = transport
    began = time.monotonic()
    done = await asyncio.gather(*(one(Machine(i, dhcp, interface), script_only) for i in range(count)))
    transport.close()
    return {"seconds": round(time.monotonic() - began, 2), "machines": done}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(storm(int(sys.argv[1]), sys.argv[2], "--script-only" in sys.argv))))
