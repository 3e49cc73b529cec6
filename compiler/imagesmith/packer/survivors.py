"""What a process leaves behind when it ends: found by its session and by a mark in the environment, and ended.

A group signal reaches everything that Packer starts, except programs that moved to a session of their own. Those have
inherited the environment, so a variable with a unique value finds them (Linux; elsewhere only the group is looked at).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MARK_VARIABLE = "IMAGESMITH_PROCESS"
"""Environment variable that every child inherits; its value is unique to one run of one program."""

_PROC = Path("/proc")
_POLL_S = 0.02
_ENDED = frozenset("ZXx")
"""States of a process in /proc that has already ended (proc(5))."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Survivor:
    """A process that was left. `start_time` (clock ticks since boot) tells it from a later one with the same pid."""

    pid: int
    name: str
    start_time: int
    killed: bool = False
    """Whether it had to be killed because it did not end when asked."""

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid}{', killed' if self.killed else ''})"


def find_survivors(leader: int, mark: str) -> tuple[Survivor, ...]:
    """The processes in the group or session that `leader` led, or with the mark in their environment.

    Empty where /proc is missing; `group_is_alive` says more there.
    """
    return tuple(_scan(leader, f"{MARK_VARIABLE}={mark}".encode())) if _PROC.is_dir() else ()


def group_is_alive(leader: int) -> bool:
    """Whether any process (also one that has ended and was not waited for) is left in the group."""
    if sys.platform == "win32":
        return False
    try:
        os.killpg(leader, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def end_survivors(leader: int, mark: str, *, patience_s: float, grace_s: float) -> tuple[Survivor, ...]:
    """Wait `patience_s` for the last processes to go by themselves, ask the others to end, kill what is left after
    `grace_s`, and say which ones had to be asked. For use after the leader itself has ended.
    """
    if not _PROC.is_dir():
        return _end_group(leader, patience_s=patience_s, grace_s=grace_s)
    if not (found := _until_gone(leader, mark, patience_s)):
        return ()
    for survivor in found:
        _send(survivor, signal.SIGTERM)
    stubborn = {survivor.pid: survivor for survivor in _until_gone(leader, mark, grace_s)}
    for survivor in stubborn.values():
        _send(survivor, signal.SIGKILL)
    _until_gone(leader, mark, grace_s)
    asked = {survivor.pid: survivor for survivor in (*found, *stubborn.values())}
    return tuple(
        Survivor(pid=pid, name=one.name, start_time=one.start_time, killed=pid in stubborn)
        for pid, one in asked.items()
    )


def _until_gone(leader: int, mark: str, limit_s: float) -> tuple[Survivor, ...]:
    deadline = time.monotonic() + limit_s
    while (found := find_survivors(leader, mark)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return found


def _scan(leader: int, mark: bytes) -> Iterator[Survivor]:
    for folder in _PROC.iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with suppress(OSError, ValueError, IndexError):
            name, rest = _stat(folder)
            state, group, session = rest[0], int(rest[2]), int(rest[3])
            if state in _ENDED:
                continue
            if leader in (group, session) or mark in (folder / "environ").read_bytes().split(b"\0"):
                yield Survivor(pid=int(folder.name), name=name, start_time=int(rest[19]))


def _stat(folder: Path) -> tuple[str, list[str]]:
    """The name of a process and the fields of its stat file from the state on (proc(5): fields 3 to 52)."""
    text = (folder / "stat").read_text(errors="replace")
    opening, closing = text.index("("), text.rindex(")")
    return text[opening + 1 : closing], text[closing + 2 :].split()


def _send(survivor: Survivor, number: int) -> None:
    with suppress(OSError, ValueError, IndexError):
        _, rest = _stat(_PROC / str(survivor.pid))
        if int(rest[19]) == survivor.start_time:
            os.kill(survivor.pid, number)


def _end_group(leader: int, *, patience_s: float, grace_s: float) -> tuple[Survivor, ...]:
    """The same with what every POSIX system has; the processes of a group cannot be told apart here."""
    if sys.platform == "win32" or not _group_outlives(leader, patience_s):
        return ()
    with suppress(OSError):
        os.killpg(leader, signal.SIGTERM)
    killed = _group_outlives(leader, grace_s)
    if killed:
        with suppress(OSError):
            os.killpg(leader, signal.SIGKILL)
    return (Survivor(pid=leader, name="process group", start_time=0, killed=killed),)


def _group_outlives(leader: int, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while group_is_alive(leader):
        if time.monotonic() > deadline:
            return True
        time.sleep(_POLL_S)
    return False
