"""Data read from a file, each value with its origin; the shape that the whole front end works on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from imagesmith.diagnostics import Diagnostic, On, Path, SourceText, Span, Via
from imagesmith.source.stretches import narrowed


@dataclass(frozen=True, slots=True)
class Dependence:
    """That a value was computed from secure parameters: by which expression, and from which parameters."""

    expression: Span
    parameters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value's text stands, and through what it came from there to its place (nearest first)."""

    span: Span
    via: tuple[Via, ...] = ()
    depends: Dependence | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """Data with its origin. Data is None, bool, int, float, str, a tuple of values (array) or an `Object`."""

    data: Data
    origin: Origin

    @property
    def span(self) -> Span:
        """Where the text to change stands."""
        return self.origin.span

    def through(self, via: Via) -> Value:
        """The same value, having passed one more station."""
        return replace(self, origin=replace(self.origin, via=(via, *self.origin.via)))


@dataclass(frozen=True, slots=True)
class Member:
    """A key of an object (a string value with an origin of its own) and its value."""

    name: Value
    value: Value

    @property
    def key(self) -> str:
        """The key's text."""
        return str(self.name.data)


class Object:
    """An object's members in the order of the file; look-ups are exact, `find` ignores case as ARM does."""

    __slots__ = ("_folded", "_index", "members")

    def __init__(self, members: Iterable[Member] = ()) -> None:
        self.members: tuple[Member, ...] = tuple(members)
        self._index = {member.key: member for member in self.members}
        self._folded: dict[str, Member] | None = None

    def __repr__(self) -> str:
        return f"Object({', '.join(f'{member.key}: {member.value.data!r}' for member in self.members)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Object) and self.members == other.members

    def __hash__(self) -> int:
        return hash(self.members)

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self.members)

    def __contains__(self, key: str) -> bool:
        return key in self._index

    def member(self, key: str) -> Member | None:
        """The member of exactly this key, the last one if the file repeats it."""
        return self._index.get(key)

    def get(self, key: str) -> Value | None:
        """The value of exactly this key."""
        member = self._index.get(key)
        return member.value if member else None

    def find(self, key: str) -> Member | None:
        """The member of this key, whatever its case: an exact match first."""
        exact = self._index.get(key)
        if exact is not None:
            return exact
        if self._folded is None:
            self._folded = {member.key.lower(): member for member in self.members}
        return self._folded.get(key.lower())


Array: TypeAlias = tuple[Value, ...]
Data: TypeAlias = "bool | int | float | str | Array | Object | None"


def plain(value: Value) -> Any:  # JSON data of any shape, for libraries that want it
    """The value as plain Python data: dicts, lists, scalars. Deep nesting is bounded by the readers (200)."""
    data = value.data
    if isinstance(data, Object):
        return {member.key: plain(member.value) for member in data}
    if isinstance(data, tuple):
        return [plain(item) for item in data]
    return data


def wrap(data: Any, origin: Origin) -> Value:  # the inverse of `plain`
    """Plain Python data as a value whose every part has the same origin."""
    if isinstance(data, dict):
        members = (Member(Value(str(key), origin), wrap(item, origin)) for key, item in data.items())
        return Value(Object(members), origin)
    if isinstance(data, list | tuple):
        return Value(tuple(wrap(item, origin) for item in data), origin)
    return Value(data, origin)


def transform(value: Value, change: Callable[[Path, Value], Value], path: Path = ()) -> Value:
    """Rebuild a value from its leaves up, passing every part (children first) through `change`."""
    data = value.data
    if isinstance(data, Object):
        members = tuple(Member(m.name, transform(m.value, change, (*path, m.key))) for m in data)
        unchanged = all(new.value is old.value for new, old in zip(members, data.members, strict=True))
        value = value if unchanged else Value(Object(members), value.origin)
    elif isinstance(data, tuple):
        items = tuple(transform(item, change, (*path, index)) for index, item in enumerate(data))
        value = value if all(a is b for a, b in zip(items, data, strict=True)) else Value(items, value.origin)
    return change(path, value)


def walk(value: Value, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    """Every part of a value with its path, the value itself first."""
    yield path, value
    data = value.data
    if isinstance(data, Object):
        for member in data:
            yield from walk(member.value, (*path, member.key))
    elif isinstance(data, tuple):
        for index, item in enumerate(data):
            yield from walk(item, (*path, index))


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One file as read: its text, its data (None if it could not be read) and what the reader found."""

    source: SourceText
    root: Value | None
    diagnostics: tuple[Diagnostic, ...] = ()
    inputs: tuple[SourceText, ...] = field(default=(), compare=False)

    @property
    def filename(self) -> str:
        """The name that diagnostics print."""
        return self.source.name

    def at(self, path: Path) -> Value | None:
        """The value at a path, or None where there is none."""
        value = self.root
        for part in path:
            if value is None:
                return None
            data = value.data
            if isinstance(part, str) and isinstance(data, Object):
                value = data.get(part)
            elif isinstance(part, int) and isinstance(data, tuple) and 0 <= part < len(data):
                value = data[part]
            else:
                return None
        return value

    def origin(self, path: Path, on: On = On.VALUE) -> Origin | None:
        """The origin of the value (or the key) at a path; of its nearest ancestor where the path does not exist."""
        if on is On.KEY and path and isinstance(path[-1], str):
            parent = self.at(path[:-1])
            if parent is not None and isinstance(parent.data, Object):
                member = parent.data.member(path[-1])
                if member is not None:
                    return member.name.origin
        while True:
            value = self.at(path)
            if value is not None:
                return value.origin
            if not path:
                return None
            path = path[:-1]

    def depends(self, path: Path) -> Dependence | None:
        """On which secure parameters the value at a path depends, None for none."""
        origin = self.origin(path)
        return origin.depends if origin else None


def written_text(document: Document, path: Path) -> str:
    """How the document's own file writes the value at a path; empty where the value came from another place."""
    origin = document.origin(path)
    return origin.span.text if origin and origin.span.source is document.source else ""


def locate(diagnostics: Iterable[Diagnostic], document: Document) -> Iterator[Diagnostic]:
    """Give every diagnostic that speaks only in a path the span and history of the value there."""
    for diagnostic in diagnostics:
        if diagnostic.span is not None:
            yield diagnostic
            continue
        origin = document.origin(diagnostic.path, diagnostic.on)
        if origin is None:
            yield diagnostic
        else:
            yield replace(diagnostic, span=_narrowed(origin.span, diagnostic, document), via=origin.via)


def _narrowed(span: Span, diagnostic: Diagnostic, document: Document) -> Span:
    if diagnostic.within is None:
        return span
    value = document.at(diagnostic.path)
    return narrowed(span, value.data, diagnostic.within) if value and isinstance(value.data, str) else span
