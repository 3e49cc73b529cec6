"""Folders among the system's temporary ones: private, gone at the end, and in time also after a kill."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imagesmith.packer.scratch import LOCK, PREFIX, scratch_folder

HOLD = """
import sys, time
from pathlib import Path
from imagesmith.packer.scratch import scratch_folder
with scratch_folder(Path(sys.argv[1])) as folder:
    (folder / "plugins").mkdir()
    print(folder, flush=True)
    time.sleep(600)
"""


def held(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has a folder."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(place)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def end(process: subprocess.Popen[str], number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate()


def grown_old(folder: Path) -> None:
    """Nobody has touched it for two hours."""
    os.utime(folder, (time.time() - 7200,) * 2)


def test_a_folder_is_private_and_goes_at_the_end(tmp_path: Path) -> None:
    with scratch_folder(tmp_path) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "left").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_a_later_one(tmp_path: Path) -> None:
    process, left = held(tmp_path)
    (left / "out").symlink_to(tmp_path / "precious")
    (tmp_path / "precious").mkdir()
    end(process, signal.SIGKILL)
    with scratch_folder(tmp_path):
        assert left.exists(), "a Packer may still be at work in it"
    grown_old(left)
    with scratch_folder(tmp_path):
        assert not left.exists()
    assert (tmp_path / "precious").exists()


def test_a_folder_in_use_stays_however_old(tmp_path: Path) -> None:
    process, used = held(tmp_path)
    grown_old(used)
    with scratch_folder(tmp_path):
        assert used.exists()
    end(process, signal.SIGTERM)


@pytest.mark.parametrize("mark", [False, True])
def test_only_what_is_marked_is_taken(tmp_path: Path, mark: bool) -> None:
    """Somebody else's folder of a name like ours stays, and so does a link."""
    foreign = tmp_path / f"{PREFIX}thesis"
    foreign.mkdir()
    if mark:
        (foreign / LOCK).symlink_to(tmp_path / "elsewhere")
    (tmp_path / f"{PREFIX}link").symlink_to(foreign)
    grown_old(foreign)
    with scratch_folder(tmp_path):
        assert foreign.exists()
    assert (tmp_path / f"{PREFIX}link").is_symlink()
