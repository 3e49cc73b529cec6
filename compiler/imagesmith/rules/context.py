"""What the rules know beside the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from imagesmith.diagnostics import Diagnostic, Path
from imagesmith.model import ImageTemplate, OsType


@dataclass(frozen=True, kw_only=True, slots=True)
class ScriptFault:
    """What a shell has against a script: the line that it names, counted from 1, and its words."""

    line: int
    message: str


ShellReader: TypeAlias = Callable[[Sequence[tuple[str, str]]], Sequence[ScriptFault | None]]
"""Reads scripts without running them. Takes pairs of a shell's name (`sh`, `bash`) and a script, and gives for each
what that shell has against it; None also where this machine has no such shell, or it took too long."""


def _nothing(_path: Path) -> str:
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleContext:
    """What was said on the command line. `location` is the region of a template that names none.

    `os_type` is what the user states; inside `check`, the rules get what was decided from it and from the template.
    """

    location: str | None = None
    os_type: OsType | None = None
    api_version: str = ""
    strict: bool = False
    strict_scripts: bool = False
    is_locked: bool = False
    """Whether a lock file pins the version behind `latest`."""
    now: datetime | None = None
    """The time that signatures are compared with; without it none has expired."""
    written: Callable[[Path], str] = _nothing
    """The text of the template's own file that a value comes from; empty for a value that came from elsewhere."""
    shell_reader: ShellReader | None = None


Check: TypeAlias = Callable[[ImageTemplate, RuleContext], Iterator[Diagnostic]]
"""One rule: a template in, what is wrong with it out."""
