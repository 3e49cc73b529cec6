"""Composite format strings of .NET, as format() takes them: `{0}`, `{1,-10}`, `{2:N0}`, `{{`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_PART = re.compile(
    r"\{\{|\}\}|\{(?P<index>[0-9]{1,4})\s*(?:,\s*(?P<width>-?[0-9]{1,6})\s*)?(?::(?P<form>[^{}]*))?\}|[{}]"
)


class PictureFault(Exception):  # noqa: N818 - a fault of the user's text
    """A format string that cannot be filled."""


def composite(picture: str, arguments: Sequence[object], charge: Callable[[int], None]) -> str:
    """Fill a composite format string; `charge` is told how much each piece makes.

    Raises:
        PictureFault: a brace stands alone, or a number has no argument.
    """

    def fill(match: re.Match[str]) -> str:
        text = match.group()
        if text in {"{{", "}}"}:
            return text[0]
        if match["index"] is None:
            raise PictureFault(f"a {text!r} stands alone in the format: write {text * 2!r} for the character itself")
        index = int(match["index"])
        if index >= len(arguments):
            raise PictureFault(f"the format asks for {{{index}}}, but there are {len(arguments)} values after it")
        piece = _formed(arguments[index], match["form"] or "")
        width = int(match["width"] or 0)
        charge(max(abs(width), len(piece)))
        return piece.ljust(-width) if width < 0 else piece.rjust(width)

    return _PART.sub(fill, picture)


def _formed(value: object, form: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not form:
        return str(value)
    letter, digits = form[0].upper(), form[1:]
    if letter in "DNFX" and (not digits or (digits.isascii() and digits.isdigit() and int(digits) <= 99)):
        return _standard(value, letter, digits, lower=form[0].islower())
    if form.strip("0") == "":
        return f"{'-' if value < 0 else ''}{abs(round(value)):0{len(form)}d}"
    raise PictureFault(f"the number format {form!r} is not known here")


def _standard(value: float, letter: str, digits: str, *, lower: bool) -> str:
    """The standard numeric formats D, N, F and X in the invariant culture."""
    count = int(digits) if digits else None
    if letter == "N":
        return f"{value:,.{2 if count is None else count}f}"
    if letter == "F":
        return f"{value:.{2 if count is None else count}f}"
    whole = int(value)
    if letter == "X":
        return f"{whole & 0xFFFFFFFFFFFFFFFF:0{count or 0}{'x' if lower else 'X'}}"
    return f"{'-' if whole < 0 else ''}{abs(whole):0{count or 0}d}"
