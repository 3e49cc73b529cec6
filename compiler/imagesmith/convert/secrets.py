"""Secret texts in a resource to parameters, so that a file holds their names and not their values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from imagesmith.convert.deployment import Expression
from imagesmith.diagnostics import Path
from imagesmith.source import Object, Value, walk


@dataclass(frozen=True, kw_only=True, slots=True)
class Protected:
    """The data with expressions in place of secrets, and the names of the parameters in them."""

    data: dict[str, Any]  # JSON data
    parameters: tuple[str, ...]


def places_of_secrets(root: Value, secrets: Sequence[str]) -> list[Path]:
    """The paths of all texts and keys that hold a secret."""
    if not secrets:
        return []
    places = []
    for path, value in walk(root):
        texts = [member.key for member in value.data] if isinstance(value.data, Object) else [value.data]
        if any(isinstance(text, str) and secret in text for text in texts for secret in secrets):
            places.append(path)
    return places


def without_secrets(data: dict[str, Any], secrets: Sequence[str], given: Mapping[str, str]) -> Protected:
    """Put `parameters('name')` where a secret stands; it is called as the parameter whose value it was given by."""
    names = dict(_named(secrets, given))
    if not names:
        return Protected(data=data, parameters=())
    pattern = re.compile("|".join(re.escape(secret) for secret in sorted(names, key=len, reverse=True)))
    used: set[str] = set()

    def changed(part: Any) -> Any:  # JSON data
        if isinstance(part, dict):
            return {changed(key): changed(value) for key, value in part.items()}
        if isinstance(part, list):
            return [changed(item) for item in part]
        if not isinstance(part, str) or not pattern.search(part):
            return part
        used.update(names[found] for found in pattern.findall(part))
        return Expression(f"[{_expression(part, pattern, names)}]")

    protected = changed(data)
    return Protected(data=protected, parameters=tuple(name for name in names.values() if name in used))


def _named(secrets: Sequence[str], given: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    by_value = {value: name for name, value in given.items()}
    taken = {name.lower() for name in given}
    number = 0
    for secret in secrets:
        name = by_value.get(secret)
        while name is None:
            number += 1
            name = f"secret{number}" if f"secret{number}" not in taken else None
        yield secret, name


def _expression(text: str, pattern: re.Pattern[str], names: Mapping[str, str]) -> str:
    pieces: list[str] = []
    end = 0
    for match in pattern.finditer(text):
        pieces += [_literal(text[end : match.start()]), f"parameters('{names[match[0]]}')"]
        end = match.end()
    pieces = [piece for piece in (*pieces, _literal(text[end:])) if piece]
    return pieces[0] if len(pieces) == 1 else f"concat({', '.join(pieces)})"


def _literal(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if text else ""
