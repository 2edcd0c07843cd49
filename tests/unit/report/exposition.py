"""Judges text in Prometheus' exposition format 0.0.4, read from standard input; strict.

Rules from "Exposition formats" and "Data model" of Prometheus' documentation: names, label
names, escapes, values; HELP and TYPE once per metric and before its samples; all lines of a metric
in one group; no sample twice; histograms with ascending buckets that end in +Inf and agree with
_count; a line feed at the end. Counters in _total and units in names are its naming practice.
"""
import math
import os
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"'
SAMPLE = re.compile(r"(%s)(?:\{((?:%s)(?:,%s)*,?)?\})? (\S+)(?: (-?\d+))?\Z" % (NAME, LABEL, LABEL))
VALUE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z|[+-]?Inf\Z|NaN\Z")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


def fail(n, why):
    sys.exit("line %d: %s" % (n, why))


def base(name, types):
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and types.get(name[:-len(suffix)]) in ("histogram", "summary"):
            return name[:-len(suffix)]
    return name


def check_histogram(name, samples):
    buckets = [(float(l["le"]), v) for n, l, v in samples if n == name + "_bucket"]
    if not buckets or buckets[-1][0] != math.inf:
        sys.exit("%s: no last bucket +Inf" % name)
    for (le, v), (le2, v2) in zip(buckets, buckets[1:]):
        if le2 <= le or v2 < v:
            sys.exit("%s: buckets do not ascend" % name)
    if [v for n, l, v in samples if n == name + "_count"] != [buckets[-1][1]]:
        sys.exit("%s: _count differs from the last bucket" % name)
    if len([1 for n, l, v in samples if n == name + "_sum"]) != 1:
        sys.exit("%s: not one _sum" % name)


text = sys.stdin.buffer.read().decode("utf-8")
if not text.endswith("\n"):
    sys.exit("no line feed at the end")
helps, types, samples, order, seen = {}, {}, {}, [], set()
for n, line in enumerate(text[:-1].split("\n"), 1):
    if line.startswith("# HELP "):
        m = re.match(r"# HELP (%s) ((?:[^\\]|\\\\|\\n)*)\Z" % NAME, line) or fail(n, "HELP")
        name = m.group(1)
        if name in helps:
            fail(n, "HELP twice")
        helps[name] = m.group(2)
    elif line.startswith("# TYPE "):
        m = re.match(r"# TYPE (%s) (\S+)\Z" % NAME, line) or fail(n, "TYPE")
        name = m.group(1)
        if name in types or name in samples or m.group(2) not in TYPES:
            fail(n, "TYPE twice, late or unknown")
        types[name] = m.group(2)
    elif not line or line.startswith("#"):
        continue
    else:
        m = SAMPLE.match(line) or fail(n, "no sample: %r" % line)
        if not VALUE.match(m.group(7)):
            fail(n, "no value: %r" % m.group(7))
        labels = dict(re.findall(LABEL, m.group(2) or ""))
        key = (m.group(1), tuple(sorted(labels.items())))
        if key in seen:
            fail(n, "the same sample twice")
        seen.add(key)
        name = base(m.group(1), types)
        if name not in types or name not in helps:
            fail(n, "no HELP or TYPE before it")
        value = float(m.group(7))
        if types[name] == "counter" and (not name.endswith("_total") or value < 0):
            fail(n, "a counter not in _total or negative")
        samples.setdefault(name, []).append((m.group(1), labels, value))
    if not order or order[-1] != name:
        if name in order:
            fail(n, "%s is not in one group" % name)
        order.append(name)
for name in types:
    if name not in samples:
        sys.exit("%s has no sample" % name)
    if types[name] == "histogram":
        check_histogram(name, samples[name])
for want in os.environ.get("LINES_WANTED", "").split("\n"):
    if want and want not in text.split("\n"):
        sys.exit("missing: %s" % want)
