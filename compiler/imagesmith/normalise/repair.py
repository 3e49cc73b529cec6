"""Names, fixed values and simple forms to those of the API, keeping where everything came from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypedDict

from imagesmith.api_versions import NEWEST
from imagesmith.diagnostics import Diagnostic, On, Path, Rule, Severity, Span, Via
from imagesmith.normalise.rules import (
    FIELD_TWICE,
    FORMER_FIELD,
    MISCASED_FIELD,
    MISCASED_VALUE,
    READ_ONLY_FIELD,
    WRONG_FORM,
)
from imagesmith.source import Member, Object, Value
from imagesmith.vocabulary import Node, vocabulary

_WHOLE = re.compile(r"-?[0-9]{1,10}")


class Repair:
    """One pass over a template; `diagnostics` tells what it changed."""

    def __init__(self, *, strict: bool) -> None:
        # Always the newest words: whether the file's own version has a name is the schema's question.
        self._words = vocabulary(NEWEST)
        self._strict = strict
        self.diagnostics: list[Diagnostic] = []

    def resource(self, root: Value) -> Value:
        """The resource with everything in it repaired."""
        return self._value(root, self._words.root, ())

    def _value(self, value: Value, node: Node, path: Path) -> Value:
        data = value.data
        if isinstance(data, Object):
            return self._object(value, data, self._words.of(node, value), path)
        if isinstance(data, tuple):
            inner = self._words.child(node, 0)
            if inner is None:
                return value
            items = tuple(self._value(item, inner, (*path, index)) for index, item in enumerate(data))
            return value if all(a is b for a, b in zip(items, data, strict=True)) else replace(value, data=items)
        return self._scalar(value, node, path)

    def _object(self, value: Value, data: Object, node: Node, path: Path) -> Value:
        if node.get("type") != "object":
            return value
        members = tuple(self._members(data, node, path))
        same = len(members) == len(data) and all(new is old for new, old in zip(members, data.members, strict=True))
        return value if same else replace(value, data=Object(members))

    def _members(self, data: Object, node: Node, path: Path) -> Iterator[Member]:
        spellings = _spellings(node)
        taken = {member.key for member in data if member.value.data is not None}
        for member in data:
            if member.value.data is None:  # ARM's way to leave a property out
                continue
            right = spellings.get(member.key.lower(), member.key)
            if right == member.key:
                yield from self._member(member, node, path)
            elif right in taken:
                message = f"`{member.key}` and `{right}` are the same property; `{right}` is used"
                self._say(
                    FIELD_TWICE, (*path, right), message, hint=f"remove `{member.key}`", at=member.name, on=On.KEY
                )
            else:
                taken.add(right)
                self._say_renamed(member.name, member.key, right, (*path, right))
                renamed = Member(replace(member.name, data=right), member.value)
                yield from self._member(renamed, node, path)

    def _member(self, member: Member, node: Node, path: Path) -> Iterator[Member]:
        """The member with its value repaired; nothing, where only the service may set it."""
        child = self._words.child(node, member.key)
        place = (*path, member.key)
        if child is None:
            yield member
        elif child.get("readOnly"):
            message = f"`{member.key}` is set by the service; it is left out"
            self.diagnostics.append(READ_ONLY_FIELD.at(place, message, on=On.KEY, **_place(member.name)))
        else:
            repaired = self._value(member.value, child, place)
            yield member if repaired is member.value else Member(member.name, repaired)

    def _say_renamed(self, name: Value, found: str, right: str, path: Path) -> None:
        if found.lower() == right.lower():
            message = f"`{found}` is spelt `{right}`"
            hint = f"write `{right}`; API versions from 2024-02-01 on refuse any other case"
            self._say(MISCASED_FIELD, path, message, hint=hint, at=name, on=On.KEY)
        else:
            message = f"`{found}` is called `{right}` since API version 2019-05-01-preview"
            self._say(FORMER_FIELD, path, message, hint=f"write `{right}`", at=name, on=On.KEY)

    def _scalar(self, value: Value, node: Node, path: Path) -> Value:
        allowed = [node["const"]] if "const" in node else node.get("enum")
        if allowed is not None:
            return self._choice(value, value.data, allowed, path) if isinstance(value.data, str) else value
        wanted = _in_form(value.data, node.get("type"))
        if wanted is None:
            return value
        shown = _as_json(wanted)
        message = f"{_name(path)} is {_as_json(value.data)} here, and should be {shown}"
        bare = isinstance(value.data, str)
        self._say(WRONG_FORM, path, message, hint=f"write {shown}{' without quotes' if bare else ''}", at=value)
        return replace(value, data=wanted)

    def _choice(self, value: Value, text: str, allowed: list[str], path: Path) -> Value:
        right = next((name for name in allowed if name.lower() == text.lower()), None)
        if right is None or right == text:
            return value
        if path == ("type",):  # Resource Manager compares resource types without case
            return replace(value, data=right)
        self._say(MISCASED_VALUE, path, f"{text} is spelt {right}", hint=f'write "{right}"', at=value)
        return replace(value, data=right)

    def _say(self, rule: Rule, path: Path, message: str, *, hint: str, at: Value, on: On = On.VALUE) -> None:
        severity = Severity.ERROR if self._strict else rule.severity
        self.diagnostics.append(rule.at(path, message, hint=hint, on=on, severity=severity, **_place(at)))


class _Place(TypedDict):
    span: Span
    via: tuple[Via, ...]


def _place(value: Value) -> _Place:
    """Where a value stands, for a diagnostic: its path may not lead to it any more after the repair."""
    return {"span": value.origin.span, "via": value.origin.via}


def _name(path: Path) -> str:
    """The last name of a path as a message shows it; items are shown with their list."""
    last = path[-1] if path else ""
    if isinstance(last, int):
        return f"an item of {_name(path[:-1])}"
    return f"`{last}`"


def _spellings(node: Node) -> Mapping[str, str]:
    """Every other way to write an object's properties, in lower case, with the right one."""
    table: dict[str, str] = {}
    for name, child in node.get("properties", {}).items():
        table.update({former.lower(): name for former in child.get("x-former", ())})
    table.update({name.lower(): name for name in node.get("properties", {})})
    return table


def _in_form(data: object, wanted: str | None) -> bool | int | str | None:
    """The value in the form that is wanted, where it says the same in another one; else None."""
    match wanted, data:
        case "integer", str() if _WHOLE.fullmatch(data.strip()):
            return int(data)
        case "integer", float() if data.is_integer() and abs(data) < 2**31:
            return int(data)
        case "boolean", str() if data.strip().lower() in ("true", "false"):
            return data.strip().lower() == "true"
        case "string", bool():
            return "true" if data else "false"
        case "string", int():
            return str(data) if abs(data) < 10**18 else None
        case _:
            return None


def _as_json(data: object) -> str:
    if isinstance(data, bool):
        return "true" if data else "false"
    return f'"{data}"' if isinstance(data, str) else str(data)
