"""A program whose supervisor is killed is asked to stop, and can still say what it does about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import alive, with_word

PROGRAM = """
import os, signal, sys, time
def stop(*_):
    for n in range(20000):
        os.write(1, b"cleaning up\\n")      # more than a pipe holds
    open(sys.argv[1], "w").write("clean")
    sys.exit(1)
signal.signal(signal.SIGTERM, stop)
print(os.getpid(), flush=True)
time.sleep(60)
"""
SUPERVISOR = """
import sys
from pathlib import Path
from imagesmith.packer import run_packer
def show(batch):
    print(*batch.lines, sep="\\n", flush=True)
outcome = run_packer(
    [sys.executable, "-c", sys.argv[1], sys.argv[2]],
    environment={}, cwd=Path("."), on_lines=show, orphan_limit_s=int(sys.argv[3]) if len(sys.argv) > 3 else None,
)
"""
STUBBORN = """
import os, signal, sys, time
def stop(*_):
    open(sys.argv[1], "w").write(str(os.getpid()))
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:
    time.sleep(60)                          # asks an Azure that is gone, again and again
"""
WAITING = """
import os, sys, time
print(os.getpid(), flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
"""


def supervised(program: str, mark: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, program, str(mark), *options],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def watchers(program: int) -> set[int]:
    """Those that watch this program."""
    return with_word(b"imagesmith-leash\0%d\0" % program)


def until(condition: object, *, seconds: float = 20) -> bool:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def test_a_killed_supervisor_leaves_no_program(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = supervised(PROGRAM, mark)
    assert process.stdout is not None
    program = int(process.stdout.readline())
    assert watchers(program)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert until(mark.exists), "the program was not asked to stop, or could not speak"
    assert mark.read_text() == "clean" or until(lambda: mark.read_text() == "clean")
    assert until(lambda: not watchers(program)), "the watcher outlives the program"
    process.stdout.close()


def test_a_program_without_an_azure_is_ended_after_its_limit(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    process = supervised(STUBBORN, mark, "1")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert until(lambda: mark.exists() and mark.read_text() != ""), "the program was not asked first"
    assert until(lambda: alive([int(mark.read_text())]) == []), "the program lives on"
    process.stdout.close()


def test_a_program_that_ends_leaves_no_watcher(tmp_path: Path) -> None:
    process = supervised(WAITING, tmp_path / "mark")
    assert process.stdout is not None
    program = int(process.stdout.readline())
    assert watchers(program)
    (tmp_path / "mark").touch()
    assert process.wait() == 0
    assert not watchers(program)
    process.stdout.close()
