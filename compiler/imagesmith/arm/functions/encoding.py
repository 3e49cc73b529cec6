"""Functions that encode and decode: JSON, base 64, URIs, data URIs."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any
from urllib.parse import quote, unquote, urljoin

from imagesmith.arm.calls import Function, Invocation, Result
from imagesmith.source import Value, plain, wrap

_MOST_JSON_DEPTH = 100
_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.DOTALL)


def json_text(value: Value) -> str:
    """A value as JSON the way ARM writes it: no white space, non-ASCII characters as they are."""
    return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)


def _json(call: Invocation) -> Value:
    return _read_json(call.text(0), call)


def _read_json(text: str, call: Invocation) -> Value:
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        data = _read_single_quoted(text, call)
    if _deeper(data, _MOST_JSON_DEPTH):
        raise call.fault("the JSON is nested too deeply")
    return wrap(data, call.origin)


def _no_constant(name: str) -> Any:  # json's hook wants any
    raise ValueError(name)


def _read_single_quoted(text: str, call: Invocation) -> Any:  # JSON of any shape
    """ARM's reader takes single-quoted strings too; its own documentation uses them: json('{''a'': 1}')."""
    swapped = re.sub(r'"(?:[^"\\]|\\.)*"|\'((?:[^\'\\]|\\.)*)\'', _double_quoted, text)
    try:
        return json.loads(swapped, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise call.fault(f"the argument of {call.name}() is not JSON") from None


def _double_quoted(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[0]
    body = match[1].replace("\\'", "'").replace('"', '\\"')
    return f'"{body}"'


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


def _uri(call: Invocation) -> str:
    return urljoin(call.text(0), call.text(1))


def _uri_component(call: Invocation) -> str:
    return quote(call.text(0), safe="", errors="surrogatepass")


def _data_uri(call: Invocation) -> str:
    """The documented example carries the charset `utf8`."""
    encoded = base64.b64encode(call.scalar(0).encode("utf-8", "surrogatepass")).decode()
    return f"data:text/plain;charset=utf8;base64,{encoded}"


def _from_data_uri(call: Invocation) -> str:
    match = _DATA_URI.fullmatch(call.text(0))
    if match is None:
        raise call.fault("the argument of dataUriToString() is no data URI")
    if not match[1].lower().endswith(";base64"):
        return unquote(match[2])
    try:
        return base64.b64decode(match[2], validate=True).decode()
    except (binascii.Error, ValueError):
        raise call.fault("the data URI does not hold base 64 of UTF-8 text") from None


def _from_base64_json(call: Invocation) -> Result:
    return _read_json(_decoded(call), call)


ROWS = (
    Function(name="json", least=1, most=1, apply=_json, note="The data that a JSON text stands for."),
    Function(name="base64", least=1, most=1, apply=_base64, note="Base 64 of the UTF-8 text."),
    Function(name="base64ToString", least=1, most=1, apply=_decoded, note="The text of base 64."),
    Function(name="base64ToJson", least=1, most=1, apply=_from_base64_json, note="The data of JSON in base 64."),
    Function(name="uri", least=2, most=2, apply=_uri, note="A relative URI joined to a base."),
    Function(name="uriComponent", least=1, most=1, apply=_uri_component, note="Percent-encoded text."),
    Function(
        name="uriComponentToString",
        least=1,
        most=1,
        apply=lambda call: unquote(call.text(0)),
        note="Percent-decoded text.",
    ),
    Function(name="dataUri", least=1, most=1, apply=_data_uri, note="The text as a data URI."),
    Function(name="dataUriToString", least=1, most=1, apply=_from_data_uri, note="The text of a data URI."),
)
