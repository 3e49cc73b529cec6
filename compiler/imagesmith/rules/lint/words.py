"""Words of a shell script: what stands in the text, and what the shell makes of it as far as that can be said."""

from __future__ import annotations

import re
from dataclasses import dataclass

from imagesmith.rules.lint.patterns import Pattern

_PART = Pattern(
    r"""'(?P<single>[^']*)'|\$'(?P<ansi>(?:[^'\\]|\\.)*+)'|"(?P<double>(?:[^"\\]|\\.)*+)"|\\(?P<escaped>.)|(?P<bare>.)""",
    re.DOTALL,
)
_MARK = Pattern(r"['\"\\$`]")
_ESCAPED_IN_DOUBLE = Pattern(r'\\(["$`\\\n])')


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its place; `text` is without quotes, `literal` says that nothing in it is expanded."""

    text: str
    start: int
    end: int
    literal: bool
    is_bare: bool
    """Whether it is written without any quotes."""


def word_at(text: str, start: int, end: int) -> Word:
    """The word that stands at a place of a script."""
    raw = text[start:end]
    if _MARK.search(raw) is None:
        return Word(raw, start, end, literal=True, is_bare=True)
    parts: list[str] = []
    literal = is_bare = True
    for match in _PART.finditer(raw):
        kind, part = match.lastgroup, match[match.lastgroup or 0]
        if kind == "double":
            part = _ESCAPED_IN_DOUBLE.sub(r"\1", part)
        if kind in ("double", "bare"):
            literal &= "$" not in part and "`" not in part
        is_bare &= kind == "bare"
        parts.append(part)
    return Word("".join(parts), start, end, literal=literal, is_bare=is_bare)
