"""Whether the process that writes a run's record is still there.

The writer holds a lock, which the kernel releases however the process ends, and which is seen from other containers
too. Where a file system has no locks, its process is looked for: by number and start time, since numbers are used
again, and only if the machine was not restarted since.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_LOCK = "owner.lock"
_MARKER = "owner.json"
_LOOK_S = 0.01
_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """A process, told from all others on this machine. `start_time` is in clock ticks since boot (proc(5)); it and
    `boot_id` are empty where the system does not tell."""

    pid: int
    start_time: str
    boot_id: str


def this_process() -> Owner:
    """The process that asks."""
    return Owner(pid=os.getpid(), start_time=_start_time(os.getpid()), boot_id=_boot_id())


def claim(folder: Path) -> IO[bytes]:
    """Mark a run's folder as written by this process until the returned file is closed; raises `OSError`."""
    handle = os.open(folder / _MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as marker:
        json.dump(asdict(this_process()), marker)
    lock = os.fdopen(os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0)
    while try_lock(lock) is False:  # somebody is looking whether it is free
        time.sleep(_LOOK_S)
    return lock


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Keep a run's folder that nobody writes in from being taken; whether that worked."""
    if is_owned(folder):
        yield False
        return
    try:
        lock = (folder / _LOCK).open("r+b", buffering=0)
    except OSError:  # a record without a lock, of which no process lives: nobody can take it again
        yield True
        return
    with lock:
        yield try_lock(lock) is not False


def is_owned(folder: Path) -> bool:
    """Whether a process is still writing the record in this folder."""
    try:
        with (folder / _LOCK).open("r+b", buffering=0) as lock:
            taken = try_lock(lock)
    except OSError:
        taken = None
    return _lives(folder) if taken is None else not taken


def try_lock(lock: IO[bytes]) -> bool | None:
    """Take the lock: whether that worked, None where there are no locks. Closing the file releases it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # held by another (EWOULDBLOCK; EACCES on Windows)
        return False
    except OSError:
        return None
    return True


def _lives(folder: Path) -> bool:
    try:
        data = json.loads((folder / _MARKER).read_text(encoding="ascii"))
        owner = Owner(pid=int(data["pid"]), start_time=str(data["start_time"]), boot_id=str(data["boot_id"]))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(owner.start_time) and owner.boot_id == _boot_id() and _start_time(owner.pid) == owner.start_time


def _start_time(pid: int) -> str:
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in brackets may hold spaces and brackets; the start time is the 20th field after it
    return text.rpartition(")")[2].split()[19]


def _boot_id() -> str:
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
