"""A stretch of a string value to the characters of the file that stand for it.

What a file writes for a text is not the text: JSON has escapes, YAML has folding and indentation, and an expression
makes one text of many. Where the file's characters cannot be told apart, the whole value is pointed at: too wide a
place is a nuisance, a wrong one is a lie.
"""

from __future__ import annotations

import re
from functools import lru_cache

from imagesmith.diagnostics import Span, Stretch

_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
"""One character of a text as JSON writes it; a pair of surrogates is one."""

_LARGEST = 1_000_000
"""Characters of a value; longer ones are pointed at as a whole, since every diagnostic reads the value anew."""


def narrowed(span: Span, data: str, within: Stretch) -> Span:
    """The part of `span` that writes `data[start:end]`; the whole span where that cannot be told."""
    start, end = within
    raw = span.text
    if not 0 <= start < end <= len(data) or len(raw) > _LARGEST:
        return span
    place = _in_literal(raw, data, start, end) or _only_occurrence(raw, data[start:end])
    return span if place is None else Span(span.source, span.start + place[0], span.start + place[1])


def _in_literal(raw: str, data: str, start: int, end: int) -> Stretch | None:
    """The stretch in a string that the file writes out: character by character, or with JSON's escapes."""
    quotes = 1 if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "\"'" else 0
    inner = raw[quotes : len(raw) - quotes]
    if inner == data:
        return quotes + start, quotes + end
    if raw[:1] != '"':
        return None
    starts = _starts(inner, data)
    if starts is None:
        return None
    return quotes + starts[start], quotes + (starts[end] if end < len(starts) else len(inner))


@lru_cache(maxsize=4)
def _starts(inner: str, data: str) -> tuple[int, ...] | None:
    """Where each character of a text begins in the JSON that writes it; None if that is not what is written there.

    Kept for the next diagnostic, which is often about the same text.
    """
    starts = tuple(match.start() for match in _CHARACTER.finditer(inner))
    if len(starts) != len(data) or any(inner[at] not in ("\\", sign) for at, sign in zip(starts, data, strict=True)):
        return None
    return starts


def _only_occurrence(raw: str, text: str) -> Stretch | None:
    at = raw.find(text)
    return None if at < 0 or raw.find(text, at + 1) >= 0 else (at, at + len(text))
