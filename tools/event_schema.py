"""The event dataclasses to `schemas/events-1.json` and to the page of the manual about them."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from imagesmith.diagnostics import Category, Diagnostic, Severity
from imagesmith.events import EVENT_FORMAT, Event

FILE = f"events-{EVENT_FORMAT}.json"
TITLE = "Events of a run of imagesmith"
MEANING = (
    "One line of `events.ndjson` in a run's folder, or of `imagesmith build --output ndjson`. `event` names the kind. "
    "Kinds and fields may be added; readers pass over those that they do not know."
)
_NO_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_NO_NUMBER: Mapping[str, Any] = {"type": ["integer", "null"]}
_DIAGNOSTIC: Mapping[str, Mapping[str, Any]] = {
    "code": {"type": "string", "pattern": "^IMG[0-9]{3}$", "description": "The rule; `imagesmith explain` knows more."},
    "severity": {"enum": [severity.value for severity in Severity], "description": "How bad it is."},
    "message": {"type": "string", "description": "What is wrong."},
    "hint": {"type": "string", "description": "What to do about it."},
    "file": {**_NO_TEXT, "description": "The file it is about, null where there is none."},
    "line": {**_NO_NUMBER, "description": "The line in that file, counted from 1."},
    "column": {**_NO_NUMBER, "description": "The column in that line, counted from 1."},
    "path": {"type": "string", "description": "The property of the template: `properties.customize[3].inline`."},
    "category": {"enum": [category.value for category in Category], "description": "What it is about."},
    "endLine": {**_NO_NUMBER, "description": "The line of its end, counted from 1."},
    "endColumn": {**_NO_NUMBER, "description": "The column behind its last character, counted from 1."},
}
"""The JSON form of a diagnostic (`diagnostics.to_json`), which leaves out what only a report needs."""


def kinds() -> list[type[Event]]:
    """Every kind of event, in the order of the source."""
    return list(_below(Event))


def _below(parent: type[Event]) -> Iterator[type[Event]]:
    for kind in parent.__subclasses__():
        # A dataclass with slots is made twice; the first one is not the module's.
        if getattr(inspect.getmodule(kind), kind.__name__, None) is kind:
            yield kind
            yield from _below(kind)


def text() -> str:
    """The schema file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:  # JSON data
    """The schema of one event of any kind."""
    definitions: dict[str, Any] = {}
    for kind in kinds():
        definitions[kind.__name__] = _object(kind, definitions, event=kind.kind)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{TITLE}, format {EVENT_FORMAT}",
        "description": MEANING,
        "type": "object",
        "required": ["event"],
        "properties": {"event": {"type": "string", "description": "The kind of the event."}},
        "allOf": [
            {
                "if": {"required": ["event"], "properties": {"event": {"const": kind.kind}}},
                "then": {"$ref": f"#/$defs/{kind.__name__}"},
            }
            for kind in kinds()
        ],
        "$defs": dict(sorted(definitions.items())),
    }


def _object(of: type, definitions: dict[str, Any], *, event: str | None = None) -> dict[str, Any]:  # JSON Schema
    properties = {
        name: {"description": description(of, name), **_schema(hint, definitions)} for name, hint in fields(of).items()
    }
    if event is not None:
        properties = {"event": {"const": event}, **properties}
    return {
        "description": plain(inspect.getdoc(of) or ""),
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }


def fields(of: type) -> dict[str, Any]:  # types as typing has them
    """The fields of a dataclass with their types, in order."""
    hints = get_type_hints(of)
    return {field.name: hints[field.name] for field in dataclasses.fields(of)}


def _schema(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return _optional(hint, definitions)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(get_args(hint)[0], definitions)}
    if hint is Any or hint is object:
        return {}
    if get_origin(hint) is not None and issubclass(get_origin(hint), Mapping):
        return {"type": "object", "additionalProperties": _schema(get_args(hint)[1], definitions)}
    if hint in _SCALARS:
        return dict(_SCALARS[hint])
    if issubclass(hint, StrEnum | IntEnum):
        definitions.setdefault(hint.__name__, _enum(hint))
    elif hint is Diagnostic:
        definitions.setdefault(hint.__name__, _diagnostic())
    elif dataclasses.is_dataclass(hint):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__] = _object(hint, definitions)
    else:
        raise TypeError(f"a field of an event has a type without a JSON form: {hint}")
    return {"$ref": f"#/$defs/{hint.__name__}"}


_SCALARS: Mapping[type, Mapping[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    datetime: {"type": "string", "format": "date-time"},
}


def _optional(hint: Any, definitions: dict[str, Any]) -> dict[str, Any]:  # JSON Schema
    (inner,) = (part for part in get_args(hint) if part is not type(None))
    found = _schema(inner, definitions)
    return {**found, "type": [found["type"], "null"]} if "type" in found else {"anyOf": [found, {"type": "null"}]}


def _enum(of: type[StrEnum] | type[IntEnum]) -> dict[str, Any]:  # JSON Schema
    kind = "string" if issubclass(of, StrEnum) else "integer"
    return {"description": plain(inspect.getdoc(of) or ""), "type": kind, "enum": [item.value for item in of]}


def _diagnostic() -> dict[str, Any]:  # JSON Schema
    properties = {name: dict(part) for name, part in _DIAGNOSTIC.items()}
    return {
        "description": plain(inspect.getdoc(Diagnostic) or ""),
        "type": "object",
        "required": list(properties),
        "properties": properties,
    }


def description(of: type, name: str) -> str:
    """What stands below a field in the source. Raises SystemExit for a field about which nothing stands there."""
    for parent in of.__mro__:
        found = _documented(parent).get(name) if parent is not object else None
        if found:
            return plain(found)
    raise SystemExit(f"{of.__module__}: {of.__name__}.{name} has no text below it that says what it means")


@cache
def _documented(of: type) -> dict[str, str]:
    try:
        body = ast.parse(inspect.getsource(of)).body[0]
    except (OSError, TypeError):
        return {}
    texts: dict[str, str] = {}
    name = ""
    for node in body.body if isinstance(body, ast.ClassDef) else ():
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.Expr(value=ast.Constant(value=str(said))) if name:
                texts[name], name = said, ""
            case _:
                name = ""
    return texts


def plain(said: str) -> str:
    """A docstring as one paragraph; where a rule comes from is for who works on the program."""
    return " ".join(said.split()).replace(" (aib-templates.md §1.3)", "").replace(" (architecture §5)", "")


def page(note: str) -> str:
    """docs/events.md."""
    parts = [f"# Events\n\n{note}{_OPENING}"]
    for kind in kinds():
        rows = "".join(f"| `{name}` | {_type(hint)} | {_cell(kind, name)} |\n" for name, hint in fields(kind).items())
        parts.append(
            f"\n## {kind.kind}\n\n{plain(inspect.getdoc(kind) or '')}\n\n| field | type | meaning |\n|---|---|---|\n"
        )
        parts.append(rows)
    parts.append("\n## Parts of events\n")
    known = schema()["$defs"]
    parts += [_part(name, known[name]) for name in sorted(set(known) - {kind.__name__ for kind in kinds()})]
    return "".join(parts)


_OPENING = (
    "A run speaks in events: one JSON object a line in `events.ndjson` of its folder and on the stdout of "
    "`imagesmith build --output ndjson`, objects of `imagesmith.events` in the library. `event` is the kind. "
    f"The JSON Schema is `schemas/{FILE}`; `imagesmith schema --events` prints it. {MEANING.split('. ', 2)[2]} "
    "The number in the schema's name grows when a field changes its meaning.\n"
)


def _cell(kind: type, name: str) -> str:
    return description(kind, name).replace("|", "\\|")


def _part(name: str, found: Mapping[str, Any]) -> str:
    if "enum" in found:
        return f"\n### {name}\n\n{found['description']} {', '.join(f'`{value}`' for value in found['enum'])}\n"
    rows = "".join(f"| `{field}` | {part['description']} |\n" for field, part in found["properties"].items())
    return f"\n### {name}\n\n{found['description']}\n\n| field | meaning |\n|---|---|\n{rows}"


def _type(hint: Any) -> str:
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join("null" if part is type(None) else _type(part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        return f"list of {_type(get_args(hint)[0])}"
    names = {str: "text", bool: "true or false", int: "number", float: "number", datetime: "time"}
    if hint in names:
        return names[hint]
    name = getattr(hint, "__name__", str(hint))
    return f"[{name}](#{name.lower()})"
