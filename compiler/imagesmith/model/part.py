"""An object of a checked document, read by the types that the schema has made sure of."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.diagnostics import Path
from imagesmith.source import Object, Value


class Part:
    """An object of the document with its path, read by the types that the schema has made sure of.

    Every reader returns None where the member is absent; an empty text means the same to the service.
    """

    def __init__(self, value: Value | None, path: Path) -> None:
        data = value.data if value else None
        self._object = data if isinstance(data, Object) else Object()
        self.path = path

    def _data(self, key: str) -> object:
        value = self._object.get(key)
        return value.data if value else None

    def text(self, key: str) -> str | None:
        """A text that is there and not empty."""
        data = self._data(key)
        return data if isinstance(data, str) and data else None

    def required(self, key: str) -> str:
        """A text that the schema requires; it may be empty."""
        data = self._data(key)
        return data if isinstance(data, str) else ""

    def integer(self, key: str) -> int | None:
        """An integer."""
        data = self._data(key)
        return data if isinstance(data, int) and not isinstance(data, bool) else None

    def flag(self, key: str) -> bool:
        """A boolean, false where it is absent."""
        return self._data(key) is True

    def items(self, key: str) -> tuple[Value, ...] | None:
        """An array's items."""
        data = self._data(key)
        return data if isinstance(data, tuple) else None

    def texts(self, key: str) -> tuple[str, ...] | None:
        """An array of texts."""
        items = self.items(key)
        return None if items is None else tuple(str(item.data) for item in items)

    def mapping(self, key: str) -> Mapping[str, str]:
        """A map of texts."""
        data = self._data(key)
        return {m.key: str(m.value.data) for m in data} if isinstance(data, Object) else {}

    def part(self, key: str) -> Part:
        """An object, empty where it is absent."""
        return Part(self._object.get(key), (*self.path, key))

    def has(self, key: str) -> bool:
        """Whether there is an object under this key."""
        return isinstance(self._data(key), Object)

    def parts(self, key: str) -> tuple[Part, ...]:
        """An array of objects."""
        return tuple(Part(item, (*self.path, key, index)) for index, item in enumerate(self.items(key) or ()))
