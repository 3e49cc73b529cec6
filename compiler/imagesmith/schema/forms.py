"""Values of the wrong form: another type, a number out of its limits, a name with other characters."""

from __future__ import annotations

import json
import re

from imagesmith.diagnostics import Diagnostic, Path
from imagesmith.schema.rules import BAD_NAME, OUT_OF_RANGE, WRONG_TYPE
from imagesmith.schema.suggest import LARGEST, shown
from imagesmith.vocabulary import Node

_WANTED = {
    "string": "a string",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
}
_NOT_IN_NAMES = re.compile(r"[^-A-Za-z0-9_.]+")
_TOKEN = re.compile(r"<[A-Za-z][A-Za-z0-9_-]*>")


def wrong_type(path: Path, found: object, node: Node) -> Diagnostic:
    """The value is of another JSON type than the property wants."""
    wanted = str(node.get("type", ""))
    message = f"{_name(path)} must be {_WANTED.get(wanted, wanted)}; here it is {_found(found)}"
    return WRONG_TYPE.at(path, message, hint=_remedy(path, found, wanted, node))


def out_of_range(path: Path, found: object, node: Node) -> Diagnostic:
    """The number is outside its limits."""
    low, high = node.get("minimum"), node["maximum"]
    limits = f"{high} at most" if low is None else f"{low} to {high}"
    message = f"{_name(path)} is {shown(found)}; it may be {limits}"
    return OUT_OF_RANGE.at(path, message, hint=f"write a number from {low} to {high}" if low is not None else "")


def wrong_name(path: Path, found: str) -> Diagnostic:
    """The name is empty, too long, or has characters that no name has."""
    if not found:
        return BAD_NAME.at(path, f"{_name(path)} is empty", hint="write a name of 1 to 64 characters")
    if _TOKEN.search(found):
        return BAD_NAME.at(path, f"{_name(path)} still holds the placeholder {shown(found)}", hint=_FILL)
    better = _NOT_IN_NAMES.sub("-", found[:80])[:64]
    if _NOT_IN_NAMES.search(found):
        bad = "".join(sorted(set("".join(_NOT_IN_NAMES.findall(found[:1000])))))[:10]
        named = "spaces" if bad == " " else f"characters that no name may have ({shown(bad)})"
        return BAD_NAME.at(path, f'{_name(path)} "{shown(found)}" has {named}', hint=f'write, for example, "{better}"')
    return BAD_NAME.at(path, f"{_name(path)} has {len(found)} characters; 64 are allowed", hint="shorten it")


_FILL = "give the placeholder a value: -p NAME=VALUE"


def _remedy(path: Path, found: object, wanted: str, node: Node) -> str:
    if isinstance(found, str) and _TOKEN.fullmatch(found.strip()):
        return _FILL
    if isinstance(found, str) and found.startswith("[") and found.endswith("]") and not found.startswith("[["):
        return "an expression is worked out only in a deployment file, with `parameters` and `resources`"
    match wanted:
        case "array":
            return _array_remedy(path, found, node)
        case "object":
            return _object_remedy(path, found, node)
        case "boolean" | "integer":
            return f"write {_WANTED[wanted]}, without quotes"
        case _:
            return _text_remedy(found)


def _text_remedy(found: object) -> str:
    if isinstance(found, dict) and len(found) == 1:
        return "write a text in quotes; in YAML a text that holds ': ' needs them, too"
    return "write a text in quotes, or remove it" if found is None else "write a text in quotes"


def _array_remedy(path: Path, found: object, node: Node) -> str:
    of_objects = "$ref" in node.get("items", {})
    if isinstance(found, str | int | float):
        item = _item(path, found, node)
        return "write an array of objects: [{…}]" if of_objects else f"put it in square brackets: {item}"
    if isinstance(found, dict) and not of_objects:
        listed = ", ".join(f'"{shown(key)}"' for key in list(found)[:2])
        return f"write an array of strings: [{listed or '…'}]"
    return "put the object in square brackets: [{…}]"


def _object_remedy(path: Path, found: object, node: Node) -> str:
    inner = node.get("additionalProperties")
    if isinstance(inner, dict):
        first = found[0] if isinstance(found, list) and found and isinstance(found[0], str) else "…"
        value = "{}" if "$ref" in inner else '"…"'
        return f'write an object: {{"{shown(first)}": {value}}}'
    if path[-1:] == ("validate",) and isinstance(found, list):
        return 'write "validate": {"inVMValidations": […]}'
    if isinstance(found, list) and len(found) == 1:
        return "remove the square brackets: there is one here, not a list"
    if path[-1:] == ("versioning",) and isinstance(found, str):
        return f'write "versioning": {{"scheme": "{shown(found)}"}}'
    name = f'"{path[-1]}": ' if path and isinstance(path[-1], str) and len(path[-1]) <= 40 else ""
    optional = ", or leave it out" if isinstance(found, list) and not found else ""
    keys = [key for key, child in node.get("properties", {}).items() if not child.get("readOnly")][:3]
    inside = ", ".join(f'"{key}": …' for key in keys)
    return f"write an object, {name}{{{inside}}}{optional}"


def _item(path: Path, found: str | float, node: Node) -> str:
    whole = node.get("items", {}).get("type") == "integer"
    text = found if isinstance(found, str) else shown(found)
    if whole and isinstance(found, str):
        numbers = re.findall(r"-?[0-9]{1,10}", found[:100])
        text = ", ".join(numbers) or "0"
        return f'"{path[-1]}": [{text}]'
    if not whole:
        text = json.dumps(text if len(text) <= 60 else f"{text[:60]}…", ensure_ascii=False)
    return f'"{path[-1]}": [{text}]' if path and isinstance(path[-1], str) else f"[{text}]"


def _sentence(node: Node) -> str:
    text = str(node.get("description", "see the schema"))
    return text[:1].lower() + text[1:]


def _found(data: object) -> str:
    if isinstance(data, str):
        return f'the string "{shown(data)}"' if data else "an empty string"
    if isinstance(data, list | dict):
        form = "array" if isinstance(data, list) else "object"
        return f"an {form}" if data else f"an empty {form}"
    number = isinstance(data, int | float) and not isinstance(data, bool) and abs(data) < LARGEST
    return f"the number {shown(data)}" if number else shown(data)


def _name(path: Path) -> str:
    if not path:
        return "the image template"
    last = path[-1]
    return f"an item of {_name(path[:-1])}" if isinstance(last, int) else f"`{shown(last)}`"
