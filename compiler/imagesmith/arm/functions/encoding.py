"""Functions that encode and decode: JSON and base 64."""

from __future__ import annotations

import base64
import binascii
import json
import re
from functools import partial
from typing import Any

from imagesmith.arm.calls import Invocation, whole
from imagesmith.arm.plain_json import plain_json
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.source import Value, plain, wrap

_MOST_JSON_DEPTH = 100
_LENIENT = re.compile(
    r"""
      "(?:[^"\\]|\\.)*+(?:"|\\?\Z)    # a string, perhaps not closed
    | '(?:[^'\\]|\\.)*+(?:'|\\?\Z)    # one in single quotes
    | //[^\r\n]*+                   # a comment
    | /\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)
    | ,(?=\s*+[}\]])                # a comma with nothing behind it
    """,
    re.DOTALL | re.VERBOSE,
)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')


def json_text(value: Value) -> str:
    """A value as JSON the way ARM writes it: no white space, non-ASCII characters as they are.

    Raises:
        Stop: where a part of it could not be computed.
    """
    whole(value)
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)


def single_quoted_json(value: Value) -> str:
    """The same with single quotes, as format() writes arrays and objects into its text (seen in the evaluation tests
    of Azure/bicep, which run ARM's own engine)."""

    def requoted(match: re.Match[str]) -> str:
        body = match[1].replace("'", "\\'").replace('\\"', '"')
        return f"'{body}'"

    return _STRING.sub(requoted, json_text(value))


def _json(call: Invocation) -> Value:
    return _read_json(call.text(0), call)


def _read_json(text: str, call: Invocation) -> Value:
    try:
        data = plain_json(text)
    except ValueError:
        data = _read_as_written(text, call)
    if _deeper(data, _MOST_JSON_DEPTH):
        raise call.fault("the JSON is nested too deeply")
    return wrap(data, call.origin)


def _read_as_written(text: str, call: Invocation) -> Any:  # JSON of any shape
    """What ARM's reader takes too: single quotes, as its own documentation has them in json('{''a'': 1}'), comments,
    as in files that Bicep has loaded, and a comma too many."""
    try:
        return plain_json(_LENIENT.sub(_strictly, text))
    except ValueError:
        raise call.fault(f"the argument of {call.name}() is not JSON") from None


def _strictly(match: re.Match[str]) -> str:
    found = match.group()
    if found.startswith("'"):
        body = found[1:-1].replace("\\'", "'").replace('"', '\\"')
        return f'"{body}"'
    return found if found.startswith('"') else " "


def _deeper(data: Any, limit: int) -> bool:  # JSON of any shape
    """Whether data is nested deeper than a limit, found level by level."""
    level = [data]
    for _ in range(limit):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        if not below:
            return False
        level = below
    return True


def _base64(call: Invocation) -> str:
    return base64.b64encode(call.text(0).encode("utf-8", "surrogatepass")).decode()


def _decoded(call: Invocation) -> str:
    try:
        return base64.b64decode(call.text(0), validate=True).decode()
    except (binascii.Error, ValueError):
        raise call.fault(f"the argument of {call.name}() is not base 64 of UTF-8 text") from None


def _from_base64_json(call: Invocation) -> Result:
    return _read_json(_decoded(call), call)


_string_row = partial(Function, page=Page.STRING, least=1, most=1)

ROWS = (
    _string_row(name="json", page=Page.OBJECT, apply=_json, note="The data that a JSON text stands for."),
    _string_row(name="base64", apply=_base64, note="Base 64 of the UTF-8 text."),
    _string_row(name="base64ToString", apply=_decoded, note="The text of base 64."),
    _string_row(name="base64ToJson", apply=_from_base64_json, note="The data of JSON in base 64."),
)
