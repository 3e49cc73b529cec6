"""Answers and faults of WS-Management to bytes (MS-WSMV); what Packer's clients read of them is in winrm.md §3."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from imagesmith.sandbox.windows import soap
from imagesmith.sandbox.windows.soap import SHELL, TRANSFER
from imagesmith.sandbox.windows.wsman import Create, Delete, Head, Receive, Run, Send, Signal

_STATE = f"{SHELL}/CommandState"
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"

_LARGEST_OUTPUT = 90_000
"""Bytes of output in one answer, whatever the client would take (winrm.md §3.3)."""
_FRAME = 3000
"""Bytes of an answer to Receive apart from its base64; a test holds it against what is written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A SOAP fault: DMTF's subcode, Windows' number, and a text for people."""

    subcode: str
    code: int
    text: str


TIMED_OUT = Fault(
    subcode="w:TimedOut",
    code=2150858793,
    text="The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
)
UNKNOWN_SHELL = Fault(
    subcode="w:InvalidSelectors",
    code=2150858843,
    text="The request for the Windows Remote Shell with ShellId failed because the shell was not found on the server.",
)
UNKNOWN_COMMAND = Fault(
    subcode="w:InvalidParameter",
    code=2150858752,
    text="The WS-Management service cannot process the request. The shell has no command of this CommandId.",
)
TOO_MANY_SHELLS = Fault(
    subcode="w:QuotaLimit",
    code=2150859173,
    text="The WS-Management service cannot process the request. This user has too many remote shells open.",
)
TOO_MUCH_INPUT = Fault(
    subcode="w:QuotaLimit",
    code=2150858815,
    text="The WS-Management service cannot process the request. The command has too much input that it has not read.",
)
UNSUPPORTED = Fault(
    subcode="a:ActionNotSupported",
    code=2150858753,
    text="The WS-Management service cannot process the request. Command shells do not know this action.",
)
MALFORMED = Fault(
    subcode="w:SchemaValidationError",
    code=2150858817,
    text="The WS-Management service cannot process the request because the XML is not what the schema asks for.",
)


def created(request: Create, shell: str) -> bytes:
    """The answer to Create. Clients differ in which of the two places they read the id from."""
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{escape(shell)}</w:Selector></w:SelectorSet>'
    body = (
        f"<x:ResourceCreated><a:Address>{soap.ADDRESSING}/role/anonymous</a:Address><a:ReferenceParameters>"
        f"<w:ResourceURI>{SHELL}/cmd</w:ResourceURI>{selector}</a:ReferenceParameters></x:ResourceCreated>"
        f"<rsp:Shell><rsp:ShellId>{escape(shell)}</rsp:ShellId><rsp:ResourceUri>{SHELL}/cmd</rsp:ResourceUri>"
        "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
    )
    return soap.envelope(f"{TRANSFER}/CreateResponse", body, relates_to=request.head.message_id)


def started(request: Run, command: str) -> bytes:
    """The answer to Command."""
    body = f"<rsp:CommandResponse><rsp:CommandId>{escape(command)}</rsp:CommandId></rsp:CommandResponse>"
    return soap.envelope(f"{SHELL}/CommandResponse", body, relates_to=request.head.message_id)


def output_budget(head: Head) -> int:
    """Bytes of output that an answer to this request may hold and stay below the client's `MaxEnvelopeSize`."""
    return min(_LARGEST_OUTPUT, (head.largest - _FRAME) // 4 * 3)


def received(request: Receive, streams: Sequence[tuple[str, bytes]], *, exit_code: int | None) -> bytes:
    """The answer to Receive: output by stream, and the exit code of a command that has ended."""
    command = quoteattr(request.command)
    parts = [
        f"<rsp:Stream Name={quoteattr(name)} CommandId={command}>{base64.b64encode(data).decode()}</rsp:Stream>"
        for name, data in streams
    ]
    if exit_code is None:
        parts.append(f'<rsp:CommandState CommandId={command} State="{_STATE}/Running"/>')
    else:
        # Packer's client reads the code with Atoi: unsigned decimal, as Windows writes it.
        parts.append(
            f'<rsp:CommandState CommandId={command} State="{_STATE}/Done">'
            f"<rsp:ExitCode>{exit_code % 2**32}</rsp:ExitCode></rsp:CommandState>"
        )
    body = f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"
    return soap.envelope(f"{SHELL}/ReceiveResponse", body, relates_to=request.head.message_id)


def done(request: Send | Signal | Delete) -> bytes:
    """The answer to a request that has none of its own."""
    match request:
        case Send():
            action, body = f"{SHELL}/SendResponse", "<rsp:SendResponse/>"
        case Signal():
            action, body = f"{SHELL}/SignalResponse", "<rsp:SignalResponse/>"
        case Delete():
            action, body = f"{TRANSFER}/DeleteResponse", ""
    return soap.envelope(action, body, relates_to=request.head.message_id)


def fault(found: Fault, head: Head) -> bytes:
    """The body of an HTTP 500. Never for a Receive, but that of a time-out: Packer's client would ask for ever."""
    body = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>"
        f"<s:Value>{found.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{escape(found.text)}</s:Text></s:Reason>'
        f'<s:Detail><f:WSManFault Code="{found.code}" Machine="localhost">'
        f"<f:Message>{escape(found.text)}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )
    return soap.envelope(_FAULT_ACTION, body, relates_to=head.message_id)
