"""A machine's rescue system, entered by SSH: what the scenarios of both conductors need for it."""
import glob
import os
import subprocess

from vracklib import SLOW, TOP

RAMDISK = "initramfs-rescue"


def need_rescue(tap):
    """Makes the rescue ramdisk when it is not there."""
    path = os.path.join(TOP, "build/agent", RAMDISK)
    if not os.path.exists(path):
        subprocess.run(["make", "-s", "-C", TOP, "agent-rescue"], check=False, stdout=subprocess.DEVNULL)
    if not os.path.exists(path):
        tap.skip_all("build/agent/%s is not built (make agent-rescue)" % RAMDISK)


class Ssh:
    """A client for the user "rescue", unpacked below the folder."""

    def __init__(self, folder):
        self.folder, self.client = folder, os.path.join(folder, "dropbear")
        subprocess.run([TOP + "/boot/archive/packages.sh", TOP + "/build/cache", "main", self.client, "dropbear-bin",
                        "libtomcrypt1", "libtommath1"], check=True, stdout=subprocess.DEVNULL)

    def run(self, address, command, password):
        """(exit status, output) of a command in the rescue system."""
        libraries = os.path.dirname(glob.glob(self.client + "/usr/lib/*/libtomcrypt.so.1")[0])
        p = subprocess.run([self.client + "/usr/bin/dbclient", "-y", "-y", "rescue@" + address, command],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           timeout=120 * SLOW, check=False,
                           env={"DROPBEAR_PASSWORD": password, "LD_LIBRARY_PATH": libraries, "HOME": self.folder,
                                "PATH": os.environ["PATH"]})
        return p.returncode, p.stdout
