"""Processes of this machine as tests and benchmarks ask for them: which still run, and which were started where."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
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
    return _those(lambda process: (process / "cwd").readlink().is_relative_to(folder))


def with_word(word: bytes) -> set[int]:
    """Processes whose command line has a word in it."""
    return set(_those(lambda process: word in (process / "cmdline").read_bytes()))


def naming(folder: Path) -> list[int]:
    """Processes, without this one, that work in a folder, or whose command line or environment names it."""
    name = os.fsencode(folder)

    def names(process: Path) -> bool:
        said = [os.fsencode((process / "cwd").readlink())]
        said += [(process / file).read_bytes() for file in ("cmdline", "environ")]
        return any(name in text for text in said)

    return [pid for pid in _those(names) if pid != os.getpid()]


def _those(is_one: Callable[[Path], bool]) -> list[int]:
    """The processes of which their folder in /proc says so."""
    found = []
    for process in _PROC.iterdir():
        if process.name.isdecimal():
            with suppress(OSError):  # ended meanwhile, or somebody else's
                if is_one(process):
                    found.append(int(process.name))
    return found
