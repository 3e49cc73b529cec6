"""WS-Management for command shells (MS-WSMV): request bytes to a closed union.

Which elements Packer's clients send and read is in winrm.md §3. Elements are found by their local names, as Packer's
client library writes some of them into namespaces of its own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from xml.etree.ElementTree import Element

from imagesmith.sandbox.windows import soap
from imagesmith.sandbox.windows.soap import SHELL, TRANSFER, BadEnvelopeError, text_of

_SMALLEST_ENVELOPE = 8192
_DURATION = re.compile(r"PT(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})(?:\.\d{1,6})?S)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """What every request says of itself: its id, the shell it is about, and the size of answer that it takes."""

    message_id: str = ""
    shell: str = ""
    largest: int = 153_600
    patience_s: float = 60.0
    """After so many seconds the client wants an answer, if only that of a time-out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Create:
    """Make a shell."""

    head: Head
    working_directory: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Run a command line in a shell."""

    head: Head
    line: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Receive:
    """Wait for output or the end of a command."""

    head: Head
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Send:
    """Input for a command."""

    head: Head
    command: str
    data: bytes
    end: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """End a command; the codes that exist (terminate, ctrl_c, ctrl_break) all mean that here."""

    head: Head
    command: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Delete:
    """End a shell with all that runs in it."""

    head: Head


Request: TypeAlias = Create | Run | Receive | Send | Signal | Delete


class UnsupportedError(ValueError):
    """A well-formed request that asks for something else than command shells."""

    def __init__(self, action: str, head: Head) -> None:
        super().__init__(action)
        self.head = head


def read(content: bytes) -> Request:
    """A request as one of the closed union. Raises `BadEnvelopeError`, `UnsupportedError`."""
    root = soap.parse(content)
    header, body = _child(root, "Header"), _child(root, "Body")
    if root.tag != f"{{{soap.SOAP}}}Envelope" or header is None or body is None:
        raise BadEnvelopeError("the document is no SOAP 1.2 envelope")
    head = _head(header)
    action = text_of(_child(header, "Action")).strip()
    match action.removeprefix(f"{TRANSFER}/").removeprefix(f"{SHELL}/"):
        case "Create":
            return _create(head, body)
        case "Command":
            line = _need(_child(body, "CommandLine"), "CommandLine")
            arguments = tuple(text_of(found) for found in _children(line, "Arguments"))
            return Run(head=head, line=text_of(_need(_child(line, "Command"), "Command")), arguments=arguments)
        case "Receive":
            stream = _child(_need(_child(body, "Receive"), "Receive"), "DesiredStream")
            return Receive(head=head, command=_need(stream, "DesiredStream").get("CommandId", ""))
        case "Send":
            return _send(head, body)
        case "Signal":
            return Signal(head=head, command=_need(_child(body, "Signal"), "Signal").get("CommandId", ""))
        case "Delete":
            return Delete(head=head)
        case _:
            raise UnsupportedError(action, head)


def _head(header: Element) -> Head:
    selectors = _child(header, "SelectorSet")
    shell = next((text_of(found) for found in _children(selectors, "Selector") if found.get("Name") == "ShellId"), "")
    largest = text_of(_child(header, "MaxEnvelopeSize")).strip()
    return Head(
        message_id=text_of(_child(header, "MessageID")).strip()[:200],
        shell=shell.strip(),
        largest=max(_SMALLEST_ENVELOPE, int(largest[:9])) if largest.isascii() and largest.isdigit() else 153_600,
        patience_s=_seconds(text_of(_child(header, "OperationTimeout")).strip()),
    )


def _seconds(text: str) -> float:
    """A duration of hours, minutes and seconds; a minute where there is none that could be read."""
    match = _DURATION.fullmatch(text)
    hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0)
    return float(hours * 3600 + minutes * 60 + seconds) or 60.0


def _create(head: Head, body: Element) -> Create:
    shell = _need(_child(body, "Shell"), "Shell")
    variables = _child(shell, "Environment")
    directory = _child(shell, "WorkingDirectory")
    return Create(
        head=head,
        working_directory=text_of(directory) or None,
        environment={found.get("Name", ""): text_of(found) for found in _children(variables, "Variable")},
    )


def _send(head: Head, body: Element) -> Send:
    stream = _need(_child(_need(_child(body, "Send"), "Send"), "Stream"), "Stream")
    try:
        data = base64.b64decode("".join(text_of(stream).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadEnvelopeError(f"the stream is no base64: {error}") from error
    return Send(
        head=head,
        command=stream.get("CommandId", ""),
        data=data,
        end=stream.get("End", "").strip().lower() in {"true", "1"},
    )


def _children(element: Element | None, name: str) -> Iterator[Element]:
    return (child for child in (() if element is None else element) if child.tag.rpartition("}")[2] == name)


def _child(element: Element | None, name: str) -> Element | None:
    return next(_children(element, name), None)


def _need(element: Element | None, name: str) -> Element:
    if element is None:
        raise BadEnvelopeError(f"the element {name} is missing")
    return element
