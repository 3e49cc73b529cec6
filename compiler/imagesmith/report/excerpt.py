"""A span to the line that it stands in, with a caret line below, as a terminal of ordinary width can show it."""

from __future__ import annotations

import re
import unicodedata

from imagesmith.diagnostics import Span

CI_COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)
"""Where a command to the CI service may begin anywhere in a line: ``##vso[…]`` (Azure Pipelines, 'Logging commands'),
``##[…]`` (actions/runner, `ActionCommand.TryParse`)."""

_TAB = 4
_WIDTH = 100
"""Columns of source text; with the gutter a line stays within 120."""

_BEFORE = 40
"""How many columns before the span are shown where the line has to be cut."""

_CUT = "..."


def escape(character: str) -> str:
    """A character as an escape that shows which one it is: ``\\x1b``, ``\\u202e``."""
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def excerpt(span: Span) -> tuple[str, str]:
    """The line of a span and the caret line below it; both empty where the line has nothing to show.

    Tabs are widened, wide characters counted as two columns, and of a long line the window around the span is shown.
    """
    number, column = span.source.position(span.start)
    line = span.source.line(number)
    if not line.strip():
        return "", ""
    skipped = max(0, column - 1 - _WIDTH)  # a line may have megabytes: look no further than could be shown
    start = column - 1 - skipped
    nearby = line[skipped : column + 2 * _WIDTH]
    cells = _cells(nearby)
    first, last = _window(cells, start, is_cut=skipped + len(nearby) < len(line) or skipped > 0)
    head = _CUT if skipped or first else ""
    tail = _CUT if last < len(cells) or skipped + len(nearby) < len(line) else ""
    marked = _columns(cells[start : min(start + max(span.end - span.start, 1), last)])
    carets = " " * (len(head) + _columns(cells[first:start])) + "^" + "~" * (marked - 1)
    return f"{head}{''.join(cells[first:last])}{tail}", carets


def cut(line: str) -> str:
    """The beginning of a line, as far as it fits."""
    cells = _cells(line[: 2 * _WIDTH])
    _, last = _window(cells, 0, is_cut=True)
    return "".join(cells[:last]) + (_CUT if last < len(cells) or len(line) > 2 * _WIDTH else "")


def _window(cells: list[str], start: int, *, is_cut: bool) -> tuple[int, int]:
    """Which cells are shown: all, or from some before `start` on as many as fit."""
    if not is_cut and _columns(cells) <= _WIDTH:
        return 0, len(cells)
    first, room = start, _BEFORE
    while first > 0 and (room := room - _columns(cells[first - 1 : first])) >= 0:
        first -= 1
    last, room = first, _WIDTH
    while last < len(cells) and (room := room - _columns(cells[last : last + 1])) >= 0:
        last += 1
    return first, last


def _cells(line: str) -> list[str]:
    """What each character of a line looks like, tabs widened to the next stop."""
    cells: list[str] = []
    column = 0
    for index, character in enumerate(line):
        if character == "\t":
            cell = " " * (_TAB - column % _TAB)
        elif character == "#" and CI_COMMAND.match(line, index):
            cell = escape(character)
        else:
            cell = character if character.isprintable() else escape(character)
        column += _columns([cell])
        cells.append(cell)
    return cells


def _columns(cells: list[str]) -> int:
    """How many columns a terminal gives to a text: two to East Asian wide characters, none to combining ones."""
    return sum(_character_columns(character) for cell in cells for character in cell)


def _character_columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
