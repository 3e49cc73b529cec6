"""The annotated properties to one JSON Schema (draft 2020-12) an API version.

Beside the standard keywords the schemas carry what normalisation and messages need: `x-since` (the version that brought
a property or a kind), `x-since-values` (the same for values of an enum), `x-former` (earlier names), `x-gone` (what
the version has no more, and what to write instead), `x-see` (the section of Azure's template reference).
"""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

from schema import outputs, resource, settings, steps
from schema.kinds import (
    OLDEST,
    Anything,
    Choice,
    Family,
    Flag,
    Items,
    Kind,
    MapOf,
    Part,
    Property,
    Structure,
    Text,
    Whole,
)

Node: TypeAlias = dict[str, Any]  # a JSON Schema, or a part of one

VERSIONS = (
    OLDEST,
    "2020-02-14",
    "2021-10-01",
    "2022-02-14",
    "2022-07-01",
    "2023-07-01",
    "2024-02-01",
    "2025-10-01",
)
DEFINITIONS = (*resource.DEFINITIONS, *settings.DEFINITIONS, *steps.DEFINITIONS, *outputs.DEFINITIONS)


def schema(version: str) -> Node:
    """The schema of an API version."""
    used: Node = {}
    root = _structure(resource.RESOURCE, version)
    _collect(root, version, used)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Azure VM Image Builder template, API version {version}",
        **{key: value for key, value in root.items() if key != "title"},
        "$defs": {part.name: used[part.name] for part in DEFINITIONS if part.name in used},
    }


def _collect(node: object, version: str, used: Node) -> None:
    """Emit every definition that a node refers to, directly or not; a version has only those."""
    if isinstance(node, list):
        for item in node:
            _collect(item, version, used)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and (name := value.removeprefix("#/$defs/")) not in used:
                part = next(part for part in DEFINITIONS if part.name == name)
                used[name] = _family(part, version) if isinstance(part, Family) else _structure(part, version)
                _collect(used[name], version, used)
            else:
                _collect(value, version, used)


def _structure(part: Structure, version: str) -> Node:
    here = [prop for prop in part.properties if _has(prop, version)]
    required = [prop.name for prop in here if _insists(prop, version)]
    gone = {prop.name: prop.instead for prop in part.properties if prop.until and prop.until < version}
    properties: Node = {prop.name: _property(prop, version) for prop in here}
    if part.value:
        properties = {"type": {"const": part.value, "description": part.description}, **properties}
        required = ["type", *required]
    return {
        "title": part.title,
        "description": part.description,
        "type": "object",
        **({"required": required} if required else {}),
        "properties": properties,
        "additionalProperties": False,
        **({"x-since": part.since} if part.since > OLDEST else {}),
        **({"x-gone": gone} if gone else {}),
    }


def _family(family: Family, version: str) -> Node:
    members = [member for member in family.members if member.since <= version]
    since = {member.value: member.since for member in members if member.since > OLDEST}
    return {
        "title": family.title,
        "description": family.description,
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": {
                "description": family.type_description,
                "type": "string",
                "enum": [member.value for member in members],
                **({"x-since-values": since} if since else {}),
                **({"x-gone": dict(family.gone)} if family.gone else {}),
            }
        },
        # `required` inside `if`: without it an object that has no `type` would match every branch.
        "allOf": [
            {
                "if": {"properties": {"type": {"const": member.value}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{member.name}"},
            }
            for member in members
        ],
    }


def _property(prop: Property, version: str) -> Node:
    deprecated = bool(prop.deprecated_since) and prop.deprecated_since <= version
    return {
        "description": prop.description,
        **_kind(prop.kind, version),
        **(
            {"default": list(prop.default) if isinstance(prop.default, tuple) else prop.default} if _given(prop) else {}
        ),
        **({"readOnly": True} if prop.read_only else {}),
        **({"deprecated": True} if deprecated else {}),
        **({"x-since": prop.since} if prop.since > OLDEST else {}),
        **({"x-former": list(prop.former)} if prop.former else {}),
        **({"x-see": f"Azure VM Image Builder template reference, {prop.see}"} if prop.see else {}),
    }


def _given(prop: Property) -> bool:
    return prop.default is not None


def _kind(kind: Kind, version: str) -> Node:  # noqa: PLR0911 - one row for each kind
    match kind:
        case Text(pattern=pattern):
            return {"type": "string", **({"pattern": pattern} if pattern else {})}
        case Whole(minimum=minimum, maximum=maximum):
            return {"type": "integer", **({} if minimum is None else {"minimum": minimum}), "maximum": maximum}
        case Flag():
            return {"type": "boolean"}
        case Choice(values=values):
            since = {value: first for value, first in values.items() if first and first <= version}
            allowed = [value for value, first in values.items() if first <= version]
            return {"type": "string", "enum": allowed, **({"x-since-values": since} if since else {})}
        case Items(item=item):
            return {"type": "array", "items": _kind(item, version)}
        case MapOf(value=value):
            return {"type": "object", "additionalProperties": _kind(value, version)}
        case Part(name=name):
            return {"$ref": f"#/$defs/{name}"}
        case Anything():
            return {}
        case _:
            assert_never(kind)


def _has(prop: Property, version: str) -> bool:
    return prop.since <= version and (not prop.until or version <= prop.until)


def _insists(prop: Property, version: str) -> bool:
    if not prop.required_since or version < prop.required_since:
        return False
    return not prop.required_until or version <= prop.required_until
