"""Functions about URIs: joining, percent encoding, data URIs, taking apart and putting together."""

from __future__ import annotations

import base64
import binascii
import re
from functools import partial
from urllib.parse import quote, unquote, urljoin, urlsplit

from imagesmith.arm.calls import Invocation
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.source import Member, Value, wrap

_DATA_URI = re.compile(r"data:([^,]*),(.*)", re.DOTALL)
_PORTS = {"http": 80, "https": 443, "ftp": 21}


def _uri(call: Invocation) -> str:
    return urljoin(call.text(0), call.text(1))


def _uri_component(call: Invocation) -> str:
    return quote(call.text(0), safe="", errors="surrogatepass")


def _data_uri(call: Invocation) -> str:
    """The charset is the one that ARM's engine writes today (tests of Azure/bicep); older documentation has `utf8`."""
    encoded = base64.b64encode(call.scalar(0).encode("utf-8", "surrogatepass")).decode()
    return f"data:text/plain;charset=utf-8;base64,{encoded}"


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


def _parse(call: Invocation) -> Result:
    """scheme and host always, port where it is not the scheme's own, path and query where there are some."""
    text = call.text(0)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise call.fault(f"{text!r} is no URI") from None
    if not parts.scheme or not parts.hostname:
        raise call.fault(f"{text!r} is no URI with a scheme and a host")
    found: dict[str, object] = {"scheme": parts.scheme, "host": parts.hostname}
    if port is not None and port != _PORTS.get(parts.scheme):
        found["port"] = port
    if parts.path:
        found["path"] = parts.path
    if parts.query:
        found["query"] = f"?{parts.query}"
    return wrap(found, call.origin)


def _build(call: Invocation) -> str:
    components = call.object(0)
    texts: dict[str, str] = {}
    for key in ("scheme", "host", "path", "query"):
        member = components.find(key)
        texts[key] = _text(call, key, member.value) if member is not None else ""
    if not texts["scheme"] or not texts["host"]:
        raise call.fault("buildUri() needs at least a scheme and a host")
    path, query, port = texts["path"], texts["query"], _port(call, components.find("port"))
    slash = "/" if path and not path.startswith("/") else ""
    mark = "?" if query and not query.startswith("?") else ""
    return f"{texts['scheme']}://{texts['host']}{port}{slash}{path or '/'}{mark}{query}"


def _text(call: Invocation, key: str, value: Value) -> str:
    if value.data is None:
        return ""
    if not isinstance(value.data, str):
        raise call.fault(f"{key} of buildUri() must be a string")
    return value.data


def _port(call: Invocation, member: Member | None) -> str:
    data = None if member is None else member.value.data
    if data is None:
        return ""
    if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data <= 65535:
        raise call.fault("port of buildUri() must be an integer from 0 to 65535")
    return f":{data}"


_row = partial(Function, page=Page.STRING, least=1, most=1)

ROWS = (
    _row(name="uri", least=2, most=2, apply=_uri, note="A relative URI joined to a base."),
    _row(name="uriComponent", apply=_uri_component, note="Percent-encoded text."),
    _row(name="uriComponentToString", apply=lambda call: unquote(call.text(0)), note="Percent-decoded text."),
    _row(name="dataUri", apply=_data_uri, note="The text as a data URI."),
    _row(name="dataUriToString", apply=_from_data_uri, note="The text of a data URI."),
    _row(name="parseUri", page=Page.BICEP_STRING, apply=_parse, note="The parts of a URI."),
    _row(name="buildUri", page=Page.BICEP_STRING, apply=_build, note="A URI from its parts."),
)
