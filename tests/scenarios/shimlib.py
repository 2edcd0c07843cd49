"""What tests/shim/shim.c does to a conductor, from the scenario's side: it dies at a chosen point of a
commit, loses power, has writes or syncs fail, or lives at another time of day."""
import errno
import os
import struct

from simlib import OBJ, VARIANT

SHIM = os.path.join(OBJ, "tests/shim/libshim.so")
INSIDE = ("write", "torn", "before", "inside")  # points at which a commit is begun and not yet on the disk
SECTOR = 512


def need_shim(tap):
    if not os.access(SHIM, os.R_OK):
        tap.skip_all("%s is not built" % SHIM)


class Shim:
    """Of one Sim; to be made before its conductor starts."""

    def __init__(self, sim):
        self.folder = os.path.join(sim.folder, "shim")
        self.database = os.path.join(sim.folder, "ingot.sqlite")
        self.sim = sim
        os.makedirs(self.folder, exist_ok=True)
        sim.env.update(LD_PRELOAD=SHIM, SHIM_DIR=self.folder, SHIM_FILE=self.database)
        if VARIANT == "asan":
            sim.env["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + os.environ.get("ASAN_OPTIONS", "")

    def path(self, name):
        return os.path.join(self.folder, name)

    # ends

    def arm(self, point, number):
        """The next conductor ends at this point of its nth sync of the log. None: it does not."""
        self.sim.env.pop("SHIM_KILL", None)
        if point:
            self.sim.env["SHIM_KILL"] = "%s:%d" % (point, number)
        self.forget("died")

    def died(self):
        """The point at which the last conductor was ended, or None."""
        try:
            with open(self.path("died")) as f:
                return f.read().strip()
        except FileNotFoundError:
            return None

    def forget(self, name):
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            pass

    def lose_power(self, rnd):
        """Puts in place what the disk holds after a loss of power: what was synced, and of what was
        written since any sectors."""
        for real in (self.database, self.database + "-wal"):
            name = os.path.basename(real)
            durable, pending = self.path("durable-" + name), self.path("pending-" + name)
            if not os.path.exists(durable) or not os.path.exists(real):
                continue
            with open(real, "rb") as f:
                written = f.read()
            with open(durable, "rb") as f:
                image = bytearray(f.read())
            for offset, length in self.ranges(pending):
                for at in range(offset - offset % SECTOR, offset + length, SECTOR):
                    part = written[at:at + SECTOR]
                    if part and rnd.random() < 0.5:
                        image.extend(bytes(max(0, at + len(part) - len(image))))
                        image[at:at + len(part)] = part
            with open(real, "wb") as f:
                f.write(image)
        self.settle()
        if os.path.exists(self.database + "-shm"):
            os.unlink(self.database + "-shm")

    def settle(self):
        """What is in the files now is on the disk."""
        for name in os.listdir(self.folder):
            if name.startswith(("durable-", "pending-")):
                self.forget(name)

    def ranges(self, path):
        if not os.path.exists(path):
            return []
        with open(path, "rb") as f:
            data = f.read()
        return struct.iter_unpack("=qq", data[:len(data) // 16 * 16])

    # faults

    def fail(self, call, code, count=-1):
        """From now on so many of these calls ("write" or "sync") of the store end with this error."""
        with open(self.path("fault.new"), "w") as f:
            f.write("%s %d %d\n" % (call, code, count))
        os.replace(self.path("fault.new"), self.path("fault"))

    def heal(self):
        self.forget("fault")

    # time

    def clock(self, offset_s):
        """The conductor's wall clock is so far ahead of ours. Call it before the start once."""
        new = not os.path.exists(self.path("clock"))
        with open(self.path("clock"), "wb" if new else "r+b") as f:
            f.write(struct.pack("=q", int(offset_s * 1000000)))


EIO, ENOSPC, EROFS = errno.EIO, errno.ENOSPC, errno.EROFS
