#!/usr/bin/python3
"""Debian's `baremetal` command as the judge: every command and option of it, on fake-hardware."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "../contract")]
from harness import Conductor, done, ok, run, same  # noqa: E402

import run as contract  # noqa: E402

conductor = Conductor()
os.environ["HOME"] = conductor.folder  # its version cache
status, out, err = run("/usr/bin/baremetal", "--os-auth-type", "none", "--os-endpoint", conductor.url,
                       "node", "list", "-f", "json")
same((status, out.strip()), (0, "[]"), "the command itself: " + err)
contract.run("baremetal", conductor.url, ok)
done()
