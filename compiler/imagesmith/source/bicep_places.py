"""Values of a compiled file to their places in the Bicep text, where those are certain.

The compiler tells no positions. A declaration is found by its name; a text or a key by standing exactly once in the
Bicep text and exactly once in the compiled file. Everything else keeps its place in the compiled file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from imagesmith.diagnostics import SourceText, Span
from imagesmith.source.values import Member, Object, Origin, Value, walk

_DECLARED = re.compile(r"^[ \t]*(?:param|var|resource|module|output)[ \t]+(?P<name>\w+)", re.MULTILINE)
_KEY = re.compile(r"(?:^[ \t]*|[{,][ \t]*)(?P<name>\w+)[ \t]*:", re.MULTILINE)
_LITERAL = re.compile(r"'(?:[^'\\\r\n]|\\.)*'")
_NAMING_SECTIONS = frozenset({"parameters", "variables", "resources", "outputs"})
_SHORTEST = 3
"""Characters of a text below which it says too little to be told from others that look alike."""


class BicepPlaces:
    """The places of one Bicep text for the values of the file that it was compiled to."""

    def __init__(self, source: SourceText, compiled: Value) -> None:
        self._source = source
        self._declared = _once((match["name"], match.span("name")) for match in _DECLARED.finditer(source.text))
        literals = ((_unescaped(match.group()), match.span()) for match in _LITERAL.finditer(source.text))
        texts: Counter[str] = Counter()
        keys: Counter[str] = Counter()
        for _, value in walk(compiled):
            if isinstance(value.data, str):
                texts[value.data] += 1
            elif isinstance(value.data, Object):
                keys.update(member.key for member in value.data)
        self._literals = _certain(literals, texts)
        self._keys = _certain(((match["name"], match.span("name")) for match in _KEY.finditer(source.text)), keys)

    def mapped(self, value: Value, path: tuple[str, ...]) -> Value:
        """The value with origins in the Bicep text where its place there is certain."""
        data = value.data
        if isinstance(data, str):
            span = self._literals.get(data)
            return value if span is None else Value(data, Origin(Span(self._source, *span)))
        if isinstance(data, tuple):
            return Value(tuple([self.mapped(item, (*path, "")) for item in data]), value.origin)
        if isinstance(data, Object):
            members = [Member(self._key(m, path), self.mapped(m.value, (*path, m.key))) for m in data]
            return Value(Object(members), value.origin)
        return value

    def _key(self, member: Member, path: tuple[str, ...]) -> Value:
        names = self._declared if len(path) == 1 and path[0] in _NAMING_SECTIONS else self._keys
        span = names.get(member.key)
        return member.name if span is None else Value(member.key, Origin(Span(self._source, *span)))


def _certain(found: Iterable[tuple[str, tuple[int, int]]], compiled: Counter[str]) -> dict[str, tuple[int, int]]:
    """Places by text, of texts that say enough and stand once in either file."""
    places = _once(found)
    return {text: span for text, span in places.items() if len(text) >= _SHORTEST and compiled[text] == 1}


def _once(found: Iterable[tuple[str, tuple[int, int]]]) -> dict[str, tuple[int, int]]:
    """Places by text, of the texts that were found exactly once."""
    places: dict[str, tuple[int, int] | None] = {}
    for text, span in found:
        places[text] = None if text in places else span
    return {text: span for text, span in places.items() if span is not None}


def _unescaped(literal: str) -> str:
    """What a Bicep string literal stands for; one with an interpolation stands for no text that could be found."""
    if re.search(r"(?<!\\)\$\{", literal):
        return ""
    escapes = {"n": "\n", "r": "\r", "t": "\t"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), literal[1:-1])
