"""Where a key of a TOML file stands. `tomllib` has already said that the text is TOML; it keeps no positions."""

from __future__ import annotations

import re

from imagesmith.diagnostics import SourceText, Span

_PART = r"""(?:[\w-]+|"[^"\r\n]*"|'[^'\r\n]*')"""
_NAME = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_LINE = re.compile(
    rf"^[ \t]*(?:\[[ \t]*(?P<table>{_NAME})[ \t]*\]|(?P<key>{_NAME})[ \t]*=[ \t]*(?P<value>[^\r\n]*))", re.M
)
_PARTS = re.compile(_PART)
_ERROR = re.compile(r"\(at line (\d+), column (\d+)\)")


def place_of(source: SourceText, path: tuple[str, ...], *, value: bool = False) -> Span:
    """The key at a path, or (`value`) what is written behind it on its line; the file's start where it is not found."""
    table: tuple[str, ...] = ()
    for match in _LINE.finditer(source.text):
        if match["table"]:
            table = _split(match["table"])
            found = table == path
            name = "table"
        else:
            found = (*table, *_split(match["key"])) == path
            name = "value" if value and match["value"] else "key"
        if found:
            start = match.start(name)
            return Span(source, start, start + len(match[name].rstrip()))
    return Span(source, 0, 0) if len(path) < 2 else place_of(source, path[:-1], value=value)


def place_of_error(source: SourceText, message: str) -> Span:
    """The place that an error of `tomllib` names in its message; the file's end where it names none."""
    found = _ERROR.search(message)
    if found is None:
        return Span(source, len(source.text), len(source.text))
    offset = min(source.line_start(int(found[1])) + int(found[2]) - 1, len(source.text))
    return Span(source, offset, min(offset + 1, len(source.text)))


def _split(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PARTS.findall(name))
