"""A text and its secrets to the text with a mark in the place of each, and values to what travels for them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from imagesmith.hcl import unfit

PREFIX = "IMAGESMITH_SECRET_"
"""How the environment variables begin."""
_AWKWARD = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Hidden:
    """A stretch of a script that is secret, and the environment variable that holds it on the machine."""

    name: str
    text: str = field(repr=False)


Pieces: TypeAlias = Sequence[str | Hidden]
"""A script: what everybody may see, and what nobody may."""


def marked(pieces: Pieces) -> tuple[str, str]:
    """The text with marks, and how they begin: ``${``, in a text that has such a thing itself underscores, the prefix.

    A mark goes on to the next ``}``. Each place where a text has the beginning is one of its marks: the beginning holds
    one dollar sign, at its start, so that none can arise where a mark and the text around it meet.
    """
    number = sum(isinstance(piece, Hidden) for piece in pieces)
    opening = f"${{{PREFIX}"
    while (text := _joined(pieces, opening)).count(opening) != number:
        opening = opening.replace("{", "{_")
    return text, opening


def _joined(pieces: Pieces, opening: str) -> str:
    return "".join(
        f"{opening}{piece.name.removeprefix(PREFIX)}}}" if isinstance(piece, Hidden) else piece for piece in pieces
    )


def variable_value(text: str, *, windows: bool) -> str:
    """What a variable holds for a secret: backslashes doubled, and, where HCL or Packer would change the text on its
    way (packer.md §5.4, §6.1), every character outside of ASCII and every control character as an escape.

    For sh the escapes are those of ``printf %b`` (POSIX, printf), for PowerShell those of .NET's ``Regex.Unescape``.
    """
    value = text.replace("\\", "\\\\")
    if unfit(value) or "\r" in value:
        value = _AWKWARD.sub(_utf16_escape if windows else _octal_escape, value)
    return value


def _octal_escape(match: re.Match[str]) -> str:
    return "".join(f"\\0{byte:03o}" for byte in match[0].encode("utf-8", "surrogatepass"))


def _utf16_escape(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at] << 8 | units[at + 1]:04x}" for at in range(0, len(units), 2))
