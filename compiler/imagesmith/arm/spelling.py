"""Syntax trees and values to the text of an expression: how messages name what could not be computed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from imagesmith.arm.syntax import Access, Call, Node, Number, Step, Text
from imagesmith.source import Object, Value

_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_MOST_CHARACTERS = 4_000


def spelt(node: Node) -> str:
    """An expression in normal form: no white space but behind commas, property access with dots where it can be."""
    match node:
        case Text():
            return quoted(node.text)
        case Number():
            return str(node.number)
        case Call():
            return call_spelt(node.full_name, (spelt(argument) for argument in node.arguments))
        case Access():
            return spelt(node.target) + "".join(_step(step) for step in node.steps)


def call_spelt(name: str, arguments: Iterable[str]) -> str:
    """A call from the texts of its arguments."""
    return f"{name}({', '.join(arguments)})"


def literal(value: Value) -> str | None:
    """A value as the expression that gives it; None where that would be longer than anybody reads."""
    parts: list[str] = []
    _literal(value, parts, [_MOST_CHARACTERS])
    text = "".join(parts)
    return text if len(text) <= _MOST_CHARACTERS else None


def property_spelt(key: str | int) -> str:
    """A look-up as it is written behind a value: ``.name``, ``['a b']``, ``[0]``."""
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _NAME.fullmatch(key) else f"[{quoted(key)}]"


def quoted(text: str) -> str:
    """A string literal of the expression language."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


def _step(step: Step) -> str:
    mark = "?" if step.safe else ""
    if isinstance(step.key, Text) and _NAME.fullmatch(step.key.text):
        return f".{mark}{step.key.text}"
    return f"[{mark}{spelt(step.key)}]"


def _literal(value: Value, parts: list[str], room: list[int]) -> None:
    """Append the pieces of a value's literal, as long as there is room."""
    if room[0] < 0:
        return
    data = value.data
    if isinstance(data, Object):
        _called("createObject", [part for member in data for part in (member.name, member.value)], parts, room)
    elif isinstance(data, tuple):
        _called("createArray", data, parts, room)
    else:
        text = _scalar(data)
        room[0] -= len(text)
        parts.append(text)


def _called(name: str, items: Iterable[Value], parts: list[str], room: list[int]) -> None:
    parts.append(f"{name}(")
    room[0] -= len(name) + 2
    for number, item in enumerate(items):
        parts.append(", " if number else "")
        _literal(item, parts, room)
    parts.append(")")


def _scalar(data: str | int | float | bool | None) -> str:
    match data:
        case None:
            return "null()"
        case bool():
            return "true()" if data else "false()"
        case str():
            return quoted(data)
        case int():
            return str(data)
        case float():
            return f"json({quoted(json.dumps(data))})"
