#!/usr/bin/env python3
"""Every format of image, of a whole disk and of a root partition, under BIOS and UEFI: deployed, compared with its source
on the disk, and its system has to report itself. Two machines at a time.

    formats.t [WORD...]    only the combinations that have all the words, e.g.: formats.t uefi partition qcow2"""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from corridorlib import IMAGE_FORMATS, Corridor, make_format, need_corridor  # noqa: E402
from manylib import Kind, LockedTap, Partition, Whole, rack_text, run_all  # noqa: E402
from vracklib import end_cleanly  # noqa: E402

CONF = "[agent]\nenable_bios_bootloader_install = true\n"


def kinds(folder, words):
    """Two machines per firmware, so that two at a time are busy to the end."""
    chosen = []
    for firmware in ("bios", "uefi"):
        for what, image, raw in (("whole", Whole, "system.img"), ("partition", Partition, "partition.img")):
            images = [image("%s-%s" % (what, form), "%s.%s" % (raw, form), raw) for form in IMAGE_FORMATS]
            chosen.append(Kind("%s-%s" % (firmware, what), ["virtio size=4G"], images).with_words(words))
    for raw, form in {(i.raw, i.name.split("-")[1]) for kind in chosen if kind for i in kind.images}:
        make_format(folder, raw, form)
    return [kind for kind in chosen if kind]


def main():
    tap = LockedTap()
    need_corridor(tap)
    end_cleanly()
    with tempfile.TemporaryDirectory(prefix="ingot-formats-") as folder:
        all_kinds = kinds(folder, sys.argv[1:])
        with Corridor(rack_text(all_kinds), CONF, "fo") as c:
            c.images.folders.append(folder)
            run_all(tap, c, all_kinds)
    tap.done()


main()
