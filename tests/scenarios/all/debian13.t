#!/usr/bin/env python3
"""The programs and their unit tests on Debian 13, by its compiler and with its libraries: in a root of its own below
build/debian13, with what deps.sh asks for there and a copy of this tree. Root and objects stay for the next run."""
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, "../../contract")]
import debianroot  # noqa: E402
from debianroot import TOP  # noqa: E402
from vracklib import Tap  # noqa: E402

ROOT = os.path.join(TOP, "build/debian13/root")
TREE = "/srv/ingot"


def run(root, command, log):
    """Runs a shell's command there; its exit status, and the end of what it said, which `log` has whole."""
    with open(log, "w", encoding="utf-8") as out:
        status = debianroot.inside(root, "sh", "-c", command, stdout=out, stderr=out).wait()
    with open(log, encoding="utf-8", errors="replace") as f:
        return status, f.read()[-3000:]


def install(root, log):
    shutil.copy(os.path.join(TOP, "deps.sh"), root + "/root/deps.sh")
    status, said = run(root, "/root/deps.sh build unit && apt-get clean", log.replace("root.log", "deps.log"))
    if status:
        raise RuntimeError("deps.sh build unit:\n" + said)


def copy_tree(to):
    """This tree as it is now, with its times, but without what was built and what git keeps."""
    os.makedirs(to, exist_ok=True)
    for entry in os.scandir(to):
        if entry.is_dir(follow_symlinks=False) and entry.name != "build":
            shutil.rmtree(entry)
        elif entry.name != "build":
            os.unlink(entry)
    shutil.copytree(TOP, to, symlinks=True, dirs_exist_ok=True,
                    ignore=lambda at, _: ("build", ".git") if at == TOP else ())


def main():
    tap = Tap()
    if os.geteuid() != 0:
        tap.skip_all("enters a root with mounts of its own, which needs root")
    debianroot.end_when_told()
    try:
        root = debianroot.make(ROOT, "trixie", install, tap.diag)
    except RuntimeError as problem:
        tap.ok(False, "a root with Debian 13 and what deps.sh asks for there", problem)
        tap.done()
    copy_tree(root + TREE)
    release = run(root, ". /etc/os-release; echo $VERSION_ID; gcc -dumpversion", ROOT + ".version")[1].split()
    tap.equal(release, ["13", "14"], "Debian 13 and its compiler")
    for goals in ("programs tests", "check-unit"):
        status, said = run(root, "cd %s && make -s -j%d %s" % (TREE, os.cpu_count(), goals),
                           os.path.join(TOP, "build/debian13/%s.log" % goals.replace(" ", "-")))
        if not tap.ok(status == 0, "make " + goals, said):
            break
    tap.done()


main()
