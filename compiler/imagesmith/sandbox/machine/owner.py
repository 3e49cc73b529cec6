"""Who a container or image belongs to: a process, told apart from later ones with its number, or a state folder."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from imagesmith.sandbox.state import MARKER

SANDBOX_LABEL = "imagesmith.sandbox"
"""Run id of the sandbox that made a container or image."""
OWNER_LABEL = "imagesmith.owner"
"""Who removes it: a process, or the state folder of a sandbox that keeps its images."""

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """A process: its number, its start in the system's own ticks, and the place where that number means something."""

    pid: int
    started: str
    place: str

    def __str__(self) -> str:
        return f"{self.place}/{self.pid}/{self.started}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        """Read a label's value; None for another form."""
        place, _, rest = text.partition("/")
        pid, _, started = rest.partition("/")
        return cls(pid=int(pid), started=started, place=place) if place and started and pid.isdigit() else None

    @property
    def is_gone(self) -> bool:
        """Whether the process is known to have ended. Of other boots and pid namespaces nothing is known."""
        return self.place == _place() and _start_of(self.pid) != self.started


@dataclass(frozen=True, kw_only=True, slots=True)
class StateOwner:
    """A sandbox's state folder on a host: images that are kept for the next sandbox go when it is gone."""

    host: str
    path: str

    def __str__(self) -> str:
        return f"state:{self.host}:{self.path}"

    @classmethod
    def of(cls, path: Path) -> StateOwner:
        """The owner that a state folder of this host is."""
        return cls(host=platform.node(), path=str(path))

    @classmethod
    def parse(cls, text: str) -> StateOwner | None:
        """Read a label's value; None for another form."""
        word, _, rest = text.partition(":")
        host, _, path = rest.partition(":")
        return cls(host=host, path=path) if word == "state" and path.startswith("/") else None

    @property
    def is_gone(self) -> bool:
        """Whether the folder is known to be no sandbox's any more. Of other hosts nothing is known."""
        return self.host == platform.node() and not (Path(self.path) / MARKER).exists()


def owner_of(label: str) -> Owner | StateOwner | None:
    """The owner that a label names, None if it names none."""
    return StateOwner.parse(label) or Owner.parse(label)


def this_process() -> Owner:
    """The owner of everything that is made now."""
    pid = os.getpid()
    return Owner(pid=pid, started=_start_of(pid) or "?", place=_place())


def _start_of(pid: int) -> str | None:
    """Start time of a process in clock ticks since boot (proc(5), stat field 22), None if there is no such process."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The second field, the name, may hold blanks and brackets; the fields after the last bracket do not.
    fields = stat.rpartition(")")[2].split()
    # A zombie is a process that has ended and waits for its parent.
    return None if fields[0] == "Z" else fields[19]


def _place() -> str:
    """The boot and the pid namespace."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return "unknown"
    return f"{boot}-{namespace}"
