"""SOAP envelopes: bytes of any origin to a tree of bounded size and depth, and texts to envelopes."""

from __future__ import annotations

import uuid
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"

LARGEST = 512 * 1024
"""Bytes of a request: what a WinRM service takes by default (MaxEnvelopeSizekb is 500)."""

_DEEPEST = 32
_MOST_ELEMENTS = 2000

_ANONYMOUS = f"{ADDRESSING}/role/anonymous"
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{name}"'
    for prefix, name in (
        ("s", SOAP),
        ("a", ADDRESSING),
        ("w", WSMAN),
        ("x", TRANSFER),
        ("rsp", SHELL),
        ("f", FAULT),
    )
)


class BadEnvelopeError(ValueError):
    """The content is no envelope that could be meant."""


def parse(content: bytes) -> Element:
    """The root of a well-formed document without DTD; every name is in Clark notation (``{namespace}name``).

    Raises `BadEnvelopeError` for anything else, and for what is larger or deeper than a request can be. Without a DTD
    there are no entities of a document's own, so a tree is never larger than its text.
    """
    if len(content) > LARGEST:
        raise BadEnvelopeError(f"the request has more than {LARGEST} bytes")
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)  # noqa: FBT003 - the library's own shape
        return reader.builder.close()
    except (expat.ExpatError, AssertionError, ValueError, LookupError) as error:
        # LookupError is an encoding that Python does not know, AssertionError a document without an element.
        raise BadEnvelopeError(str(error) or "the document has no content") from error


class _Reader:
    """Expat's events to a tree. ElementTree's own parser would read a DTD."""

    def __init__(self) -> None:
        self.builder = TreeBuilder()
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self.builder.data
        self._depth = 0
        self._elements = 0

    def _doctype(self, *_declared: object) -> NoReturn:
        raise BadEnvelopeError("a document type is not allowed")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise BadEnvelopeError("the document is too deep or has too many elements")
        self.builder.start(_clark(name), {_clark(key): value for key, value in attributes.items()})

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.builder.end(_clark(name))


def _clark(name: str) -> str:
    return "{" + name if "}" in name else name


def text_of(element: Element | None) -> str:
    """The text in an element, without that of its children; empty for None."""
    return (element.text or "") if element is not None else ""


def envelope(action: str, body: str, *, relates_to: str) -> bytes:
    """An answer. `body` is XML with the prefixes s, a, w, x, rsp and f; `relates_to` is the request's id."""
    return (
        f"<s:Envelope {_NAMESPACES}><s:Header>"
        f"<a:Action>{escape(action)}</a:Action>"
        f"<a:MessageID>uuid:{uuid.uuid4()}</a:MessageID><a:To>{_ANONYMOUS}</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
