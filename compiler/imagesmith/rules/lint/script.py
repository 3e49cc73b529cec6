"""The lines of a step's `inline` as the one script that they become, with the way back to each element."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate, PowerShell, Shell
from imagesmith.rules.lint.patterns import Pattern


class Piece(Protocol):
    """A part of a script: a command, a word."""

    @property
    def start(self) -> int:
        """Offset of its first character in the script."""

    @property
    def end(self) -> int:
        """Offset behind its last one."""


@dataclass(frozen=True)
class Script:
    """A step's `inline`: its elements joined by line ends, as the service does (lowering.md §1.4)."""

    template: ImageTemplate
    step: Shell | PowerShell
    elements: tuple[str, ...]

    @cached_property
    def text(self) -> str:
        """The whole script."""
        return "\n".join(self.elements)

    @cached_property
    def _starts(self) -> list[int]:
        starts, offset = [], 0
        for element in self.elements:
            starts.append(offset)
            offset += len(element) + 1
        return starts

    @cached_property
    def interpreter(self) -> str:
        """The program of a Shell script, by its name: `sh` where no first line says another."""
        first = self.text.split("\n", 1)[0].strip()
        if not first.startswith("#!"):
            return "sh"
        words = first[2:].split()
        names = [word.rpartition("/")[2] for word in words if not word.startswith("-")]
        return (names[1:2] if names[:1] == ["env"] else names[:1] or ["sh"])[0] if names else "sh"

    @cached_property
    def _mentioned(self) -> dict[Pattern, bool]:
        return {}

    def mentions(self, pattern: Pattern) -> bool:
        """Whether a pattern is anywhere in the script; each is looked for once."""
        if pattern not in self._mentioned:
            self._mentioned[pattern] = pattern.search(self.text) is not None
        return self._mentioned[pattern]

    def at(
        self, rule: Rule, piece: Piece, message: str = "", *, hint: str = "", severity: Severity | None = None
    ) -> Diagnostic:
        """A diagnostic about a piece of the script, placed in the element that the piece starts in."""
        index = bisect_right(self._starts, piece.start) - 1
        start = piece.start - self._starts[index]
        within = (start, min(piece.end - self._starts[index], len(self.elements[index])))
        return rule.at((*self.step.path, "inline", index), message, hint=hint, within=within, severity=severity)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line of the script with the offset of its first character."""
        offset = 0
        for line in self.text.split("\n"):
            yield offset, line
            offset += len(line) + 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece that is nothing but its place."""

    start: int
    end: int
