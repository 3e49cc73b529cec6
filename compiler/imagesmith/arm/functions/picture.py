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
    from imagesmith.arm.functions.numerals import NumeralFault, write_number  # few templates need decimals

    try:
        return write_number(value, form)
    except NumeralFault as error:
        raise PictureFault(str(error)) from None
