#!/usr/bin/python3
"""Whoever knows baremetal knows ingot: every verb and option of python3-ironicclient is there, by its words."""

import argparse
import configparser
import glob
import importlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import OUT, done, ok, run  # noqa: E402

# What cliff adds to every command, for the looks of its tables
LOOKS = {"-h", "--help", "--formatter", "--noindent", "--max-width", "--fit-width", "--print-empty", "--quote",
         "--sort-column", "--sort-ascending", "--sort-descending", "--prefix"}
program = run(os.path.join(OUT, "ingot"), "--help")[1]


def parsers():
    """(words, argparse's parser) of each command that Debian's client has."""
    names = configparser.ConfigParser(delimiters=("=",))
    names.optionxform = str
    names.read(glob.glob("/usr/lib/python3/dist-packages/python_ironicclient*/entry_points.txt"))
    for name, where in sorted(names["openstack.baremetal.v1"].items()):
        module, cls = where.split(":")
        command = getattr(importlib.import_module(module.strip()), cls.strip())
        yield name.split("_")[1:], command(None, None).get_parser("x")


count = 0
for words, parser in parsers():
    count += 1
    status, out, err = run(os.path.join(OUT, "ingot"), *words, "--help")
    if not ok(status == 0, "ingot %s %s" % (" ".join(words), err.strip())):
        continue
    lacks = []
    for action in parser._actions:  # pylint: disable=protected-access
        if action.help == argparse.SUPPRESS:
            continue
        for option in action.option_strings:
            here = "  %s" % option
            if option not in LOOKS and not any(line.startswith((here + " ", here + "\n")) or line == here
                                               for line in (out + program).splitlines()):
                lacks.append(option)
    ok(not lacks, "  has its options: lacks " + " ".join(lacks) if lacks else "  has its options")
ok(count >= 90, "%d commands" % count)
done()
