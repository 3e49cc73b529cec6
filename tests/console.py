"""Markdown's blocks to commands and what they are said to print; `...` stands for what varies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
WILDCARD = "..."


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command of a ```console block, and the output that stands under it."""

    text: str
    output: str
    place: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """A ```python block, and the ```text block that follows it at once, or nothing."""

    text: str
    output: str | None
    place: str


def commands(file: Path) -> Iterator[Command]:
    """Every command of a file's ```console blocks, in order."""
    text = file.read_text(encoding="utf-8")
    for block in _FENCE.finditer(text):
        if block[1] == "console":
            for part in f"\n{block[2]}".split(f"\n{_PROMPT}")[1:]:
                command, _, output = part.partition("\n")
                yield Command(text=command, output=output.strip("\n"), place=_place(file, text, block.start()))


def scripts(file: Path) -> Iterator[Script]:
    """Every ```python block of a file, in order."""
    text = file.read_text(encoding="utf-8")
    for block, following in pairwise([*_FENCE.finditer(text), None]):
        if block and block[1] == "python":
            said = following[2].strip("\n") if following and following[1] == "text" else None
            yield Script(text=block[2], output=said, place=_place(file, text, block.start()))


def _place(file: Path, text: str, start: int) -> str:
    return f"{file.name}:{text.count(chr(10), 0, start) + 1}"


def matches(expected: str, printed: str) -> bool:
    """Whether an output is the expected one. A line of nothing but `...` stands for any lines, `...` in a line for any
    text in it.
    """
    return re.fullmatch(_pattern(expected), f"{printed.strip(chr(10))}\n") is not None


def _pattern(expected: str) -> str:
    def of_line(line: str) -> str:
        if line == WILDCARD:
            return "(?:.*\n)*?"
        return ".*?".join(map(re.escape, line.split(WILDCARD))) + "\n"

    return "".join(map(of_line, expected.split("\n")))
