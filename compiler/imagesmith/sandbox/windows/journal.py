"""What happened on a Windows machine: rows in a file on its disk, and a summary for the run record."""

from __future__ import annotations

import dataclasses
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from imagesmith.sandbox.windows.snippets import UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class Boot:
    """The machine started."""

    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file arrived; its size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Folder:
    """A folder of a File step was unpacked: how many files, of how many bytes in all."""

    path: str
    files: int
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A script was asked for. `why` says why it ran or did not; `step` is None where the plan is not known."""

    step: str | None
    path: str
    user: str
    elevated: bool
    sha256: str
    ran: bool
    why: str
    exit_code: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """The update plugin searched; a limit of None is the plugin's own."""

    criteria: str | None
    filters: tuple[str, ...]
    limit: int | None
    only_check: bool
    exit_code: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """A command that is none of Packer's own."""

    line: str
    user: str


_PACKERS_OWN = re.compile(
    rf"C:\\Windows\\Temp\\(?:packer-(?:ps-env-vars|elevated-shell|cleanup)|script)-{UUID}\.ps1", re.IGNORECASE
)
"""What Packer uploads with each step; it stands in the journal only."""

Row: TypeAlias = Boot | Upload | Folder | Script | Update | Unknown

_NAMES: Mapping[type[Row], str] = {
    Boot: "boots",
    Upload: "uploads",
    Folder: "folders",
    Script: "scripts",
    Update: "updates",
    Unknown: "unknown",
}


class Journal:
    """Rows in order, written as they come; what an earlier machine of the same disk wrote stays before them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: list[Row] = []

    def add(self, row: Row) -> None:
        """Write a row."""
        self._rows.append(row)
        text = json.dumps({"row": _NAMES[type(row)], **dataclasses.asdict(row)})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def summary(self) -> dict[str, object]:
        """The rows by their kinds, as JSON data: of boots their number, of uploads those that are not Packer's own."""
        told = [row for row in self._rows if not (isinstance(row, Upload) and _PACKERS_OWN.fullmatch(row.path))]
        found: dict[str, object] = {
            name: [dataclasses.asdict(row) for row in told if type(row) is kind]
            for kind, name in _NAMES.items()
            if kind is not Boot
        }
        tasks = Counter(row.user for row in self._rows if isinstance(row, Script) and row.elevated)
        return {"boots": sum(isinstance(row, Boot) for row in self._rows), "tasks": dict(tasks), **found}
