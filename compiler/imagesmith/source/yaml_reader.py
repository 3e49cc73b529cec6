"""YAML text to a `Document`, from the parser's events: nothing is composed or constructed, so nothing can be run.

Aliases share the value that they repeat, with the alias as a station on its way; merge keys are followed. What this
module imports is slow to load: callers import it where they need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import yaml

from imagesmith.diagnostics import Rule, SourceText, Span, Via
from imagesmith.source.file_rules import (
    BAD_CHARACTER,
    DUPLICATE_KEY,
    EMPTY,
    MAX_BYTES,
    MAX_DEPTH,
    MAX_VALUES,
    TOO_DEEP,
    TOO_LARGE,
    TOO_MANY_VALUES,
)
from imagesmith.source.findings import Findings, shown
from imagesmith.source.values import Document, Member, Object, Origin, Value
from imagesmith.source.yaml_problems import report_problem
from imagesmith.source.yaml_rules import (
    COMPLEX_KEY,
    FOREIGN_TAG,
    MAX_ALIASES,
    SEVERAL_DOCUMENTS,
    TOO_MANY_ALIASES,
    UNKNOWN_ALIAS,
    WRONG_MERGE,
    WRONG_TAG,
)
from imagesmith.source.yaml_scalars import CORE, scalar_value

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
"""YAML 1.2.2 §5.1; looked for beforehand, since libyaml gives the place of such a character in bytes."""


class _GiveUpError(Exception):
    """The rest cannot be read; why has been reported."""


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come; `count` and `size` are what had been read before it."""

    start: int
    end: int
    is_mapping: bool
    is_flow: bool
    anchor: str | None
    count: int
    size: int
    height: int = 1
    members: dict[str, Member] = field(default_factory=dict)
    items: list[Value] = field(default_factory=list)
    merges: list[Value] = field(default_factory=list)
    key: Value | None = None
    key_merges: bool = False


@dataclass(frozen=True, slots=True)
class _Anchored:
    """A complete value that aliases may repeat: how many values and characters it has, and how many levels."""

    value: Value
    count: int
    size: int
    height: int


def read_yaml(source: SourceText) -> Document:
    """Read YAML text; never raises. Limits: 16 MB, 200 levels, a million values, 10,000 aliases (architecture §3.1)."""
    reader = _Reader(source)
    try:
        root = reader.read()
    except _GiveUpError:
        root = None
    return Document(source=source, root=root, diagnostics=reader.findings.diagnostics())


class _Reader:
    """What is open between two events, what has an anchor, and how much there is with all aliases written out."""

    def __init__(self, source: SourceText) -> None:
        self.findings = Findings(source)
        self._source = source
        self._base = 1 if source.text.startswith("\ufeff") else 0  # the parser does not count a byte order mark
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored] = {}
        self._root: Value | None = None
        self._documents = 0
        self._aliases = 0
        self._count = 0
        self._size = 0

    def read(self) -> Value | None:
        """The value of the text. Raises `_GiveUpError` where there is none."""
        self._check_text()
        for event in self._events():
            self._take(event)
        if self._root is None or self._root.data is None:
            self._give_up(EMPTY, 0, 0)
        return self._root

    def _check_text(self) -> None:
        if len(self._source.text) > MAX_BYTES:
            self._give_up(TOO_LARGE, 0, 0)
        forbidden = _FORBIDDEN.search(self._source.text, self._base)
        if forbidden:
            name = f"U+{ord(forbidden[0]):04X}"
            message = f"the character {name} may not stand in YAML"
            self._give_up(BAD_CHARACTER, forbidden.start(), forbidden.end(), message)

    def _events(self) -> Iterator[yaml.Event]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            yield from yaml.parse(self._source.text[self._base :], Loader=loader)
        except yaml.YAMLError as error:
            report_problem(error, self._source, self._base, self.findings)
            raise _GiveUpError from None

    def _take(self, event: yaml.Event) -> None:
        start, end = (mark.index + self._base if mark else 0 for mark in (event.start_mark, event.end_mark))
        match event:
            case yaml.ScalarEvent():
                self._scalar(event, start, end)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._open(event, start, end)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close(end)
            case yaml.AliasEvent():
                self._alias(str(event.anchor), start, end)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._give_up(SEVERAL_DOCUMENTS, start, end)
            case _:
                pass  # the ends of documents and of the stream say nothing new

    def _scalar(self, event: yaml.ScalarEvent, start: int, end: int) -> None:
        text = event.value
        end = start + len(self._source.text[start:end].rstrip())  # a block scalar ends where the next token begins
        is_key = self._key_comes()
        is_plain = bool(event.implicit[0]) and event.tag is None
        read_as_text = is_key and is_plain  # keys are texts in JSON, whatever they look like
        data = (
            text
            if read_as_text
            else scalar_value(text, event.tag, is_plain=is_plain, start=start, end=end, findings=self.findings)
        )
        self._size += len(text)
        value = self._value(data, start, end)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, 1, len(text), 0)
        if is_key:
            self._key(value, end, merges=is_plain and text == "<<")
        else:
            self._store(value, end, 0)

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, start: int, end: int) -> None:
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        if self._key_comes():
            self._give_up(COMPLEX_KEY, start, end)
        if len(self._stack) == MAX_DEPTH:
            self._give_up(TOO_DEEP, start, end)
        own, other = ("map", "seq") if is_mapping else ("seq", "map")
        if event.tag == CORE + other:
            self.findings.add(WRONG_TAG, start, end)
        elif event.tag not in {None, "!", CORE + own}:
            self.findings.add(FOREIGN_TAG, start, end, f"the tag {shown(str(event.tag))} is not one of YAML's core")
        if event.anchor:
            self._anchors.pop(event.anchor, None)  # the name means this value from here on, and it is not complete
        is_flow = bool(event.flow_style)
        self._stack.append(_Open(start, end, is_mapping, is_flow, event.anchor, self._count, self._size))

    def _close(self, end: int) -> None:
        top = self._stack.pop()
        end = end if top.is_flow else top.end  # a block ends where the next token begins
        if top.is_mapping:
            for merged in top.merges:
                self._merge(merged, top.members)
            value = self._value(Object(top.members.values()), top.start, end)
        else:
            value = self._value(tuple(top.items), top.start, end)
        if top.anchor:
            count, size = self._count - top.count, self._size - top.size
            self._anchors[top.anchor] = _Anchored(value, count, size, top.height)
        self._store(value, end, top.height)

    def _alias(self, name: str, start: int, end: int) -> None:
        anchored = self._anchors.get(name)
        if anchored is None:
            inside = any(level.anchor == name for level in self._stack)
            message = f"the alias *{shown(name)} stands inside the value that it repeats" if inside else ""
            self._give_up(UNKNOWN_ALIAS, start, end, message or f"there is no anchor &{shown(name)} before this alias")
        self._aliases += 1
        self._count += anchored.count
        self._size += anchored.size
        if self._aliases > MAX_ALIASES or self._count > MAX_VALUES or self._size > MAX_BYTES:
            self._give_up(TOO_MANY_ALIASES, start, end)
        if len(self._stack) + anchored.height > MAX_DEPTH:
            self._give_up(TOO_DEEP, start, end, f"{TOO_DEEP.title}, with the alias written out")
        value = anchored.value.through(Via(f"alias *{name}", Span(self._source, start, end)))
        if not self._key_comes():
            self._store(value, end, anchored.height)
        elif isinstance(value.data, str):
            self._key(value, end, merges=False)
        else:
            self._give_up(COMPLEX_KEY, start, end)

    def _key_comes(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_mapping and self._stack[-1].key is None

    def _key(self, key: Value, end: int, *, merges: bool) -> None:
        top = self._stack[-1]
        top.key, top.key_merges, top.end = key, merges, end

    def _value(self, data: bool | int | float | str | tuple[Value, ...] | Object | None, start: int, end: int) -> Value:
        self._count += 1
        if self._count > MAX_VALUES:
            self._give_up(TOO_MANY_VALUES, start, end)
        return Value(data, Origin(Span(self._source, start, end)))

    def _store(self, value: Value, end: int, height: int) -> None:
        if not self._stack:
            self._root = value
            return
        top = self._stack[-1]
        top.end = max(top.end, end)
        top.height = max(top.height, height + 1)
        if top.key is None:
            top.items.append(value)
        elif top.key_merges:
            top.merges += self._mappings(value, top.key)
        else:
            self._member(top.key, value, top)
        top.key = None

    def _member(self, key: Value, value: Value, top: _Open) -> None:
        name = str(key.data)
        if name in top.members:
            first = top.members[name].name.span.line
            message = f"the key '{shown(name)}' stands twice in this mapping, first on line {first}"
            self.findings.add(DUPLICATE_KEY, key.span.start, key.span.end, message)
        top.members[name] = Member(key, value)

    def _mappings(self, value: Value, key: Value) -> tuple[Value, ...]:
        """The mappings that a merge key names."""
        data = value.data
        found = data if isinstance(data, tuple) else (value,)
        if not all(isinstance(item.data, Object) for item in found):
            self._give_up(WRONG_MERGE, key.span.start, key.span.end)
        via = Via("merge key <<", key.span)
        return tuple(item.through(via) for item in found)

    def _merge(self, merged: Value, members: dict[str, Member]) -> None:
        """Add the members of a merged mapping that the mapping does not have itself."""
        if isinstance(merged.data, Object):
            for member in merged.data:
                value = Value(member.value.data, Origin(member.value.span, merged.origin.via + member.value.origin.via))
                members.setdefault(member.key, Member(member.name, value))

    def _give_up(self, rule: Rule, start: int, end: int, message: str = "") -> NoReturn:
        self.findings.add(rule, start, end, message)
        raise _GiveUpError
