"""Processes of this machine as tests and benchmarks ask for them: which still run, and which were started where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

_PROC = Path("/proc")


def alive(pids: Iterable[int]) -> list[int]:
    """Those of the processes that are still running; one that only waits to be reaped has ended (proc(5))."""
    found = []
    for pid in pids:
        try:
            state = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.append(pid)
    return found


def working_in(folder: Path) -> list[int]:
    """Processes whose working folder is this one or lies in it."""
    found = []
    for pid in _pids():
        try:
            place = (_PROC / str(pid) / "cwd").readlink()
        except OSError:
            continue  # ended meanwhile
        if place.is_relative_to(folder):
            found.append(pid)
    return found


def with_word(word: bytes) -> set[int]:
    """Processes whose command line has a word in it."""
    found = set()
    for pid in _pids():
        try:
            if word in (_PROC / str(pid) / "cmdline").read_bytes():
                found.add(pid)
        except OSError:
            continue  # ended meanwhile
    return found


def _pids() -> Iterator[int]:
    yield from (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal())
