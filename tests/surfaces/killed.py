"""Kills the program at each system call that changes something on the disk, and looks at what it leaves.

Every file must be as it was or as it is after a whole run, nothing but temporary files may lie beside them, and the next
run must end where an undisturbed one does. Needs strace, which does the killing.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/debug/iamtrim"
# What changes a file, a name or what is durable of them.
CALLS = ["openat", "write", "pwrite64", "ftruncate", "fchmod", "chmod", "fsync", "fdatasync", "rename", "renameat", "renameat2",
         "link", "linkat", "unlink", "unlinkat", "copy_file_range", "utimensat", "mkdir", "close"]
TEMPORARY = re.compile(r"\.iamtrim-[A-Za-z0-9]+\Z")


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def run(folder, arguments, *traced):
    environment = {**os.environ, "RAYON_NUM_THREADS": "1"}
    return subprocess.run([*traced, PROGRAM, *arguments], cwd=folder, env=environment, capture_output=True)


def made_of(folder, example):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns("after", "output.txt"))


def calls(folder, arguments):
    """How often each of the calls is made in a whole run."""
    log = folder.parent / "calls"
    run(folder, arguments, "strace", "-f", "-qq", "-o", log, "-e", f"trace={','.join(CALLS)}")
    names = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    return {name: names.count(name) for name in CALLS if name in names}


def check(folder, example, arguments):
    made_of(folder, example)
    before = contents(folder)
    counted = calls(folder, arguments)
    after = contents(folder)
    assert before != after, f"{arguments} changes nothing"
    kills = left = changed = 0
    for name, count in counted.items():
        for number in range(1, count + 1):
            made_of(folder, example)
            killed = run(folder, arguments, "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={number}")
            kills += killed.returncode < 0 or killed.returncode == 137
            found = contents(folder)
            beside = {path for path in found if TEMPORARY.match(path.rsplit("/", 1)[-1])}
            left += bool(beside)
            changed += any(found.get(path) != before.get(path) for path in after)
            for path in found.keys() - beside:
                assert found[path] in (before.get(path), after.get(path)), f"{path} is half-written, killed at {name} {number}"
            assert before.keys() <= found.keys(), f"a file is gone, killed at {name} {number}"
            run(folder, arguments)
            again = {path: text for path, text in contents(folder).items() if path not in beside}
            assert again == after, f"the next run ends elsewhere, killed at {name} {number}"
    assert kills > sum(counted.values()) // 2, "hardly any run was killed"
    print(f"{' '.join(arguments)}: killed {kills} times, {changed} times when files were replaced; a temporary file was left {left} times")


def main():
    if not shutil.which("strace"):
        print("strace is not installed: the program is not killed")
        return
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode:
        print("strace may not trace here: the program is not killed")
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "work"
        check(folder, "cloudformation", ["lint", "--fix"])
        check(folder, "cloudformation", ["lint", "--write-baseline", "baseline.json"])
        check(folder, "cloudformation", ["findings", "--write", "canonical.json"])


if __name__ == "__main__":
    sys.exit(main())
