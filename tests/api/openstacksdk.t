#!/usr/bin/python3
"""Debian's python3-openstacksdk as the judge: every method of its bare-metal proxy, on fake-hardware."""

import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)),
                os.path.join(os.path.dirname(os.path.abspath(__file__)), "../contract")]
from harness import Conductor, done, ok  # noqa: E402

import run as contract  # noqa: E402

conductor = Conductor()
contract.run("sdk", conductor.url, ok)
done()
