"""WS-Management without a connection: what Packer's clients write is understood, what they read is written."""

from __future__ import annotations

import base64
import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.sandbox.windows import replies, soap, wsman
from imagesmith.sandbox.windows.shells import Running
from imagesmith.sandbox.windows.soap import BadEnvelopeError
from tests import winrm

CREATE = b"""<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
 xmlns:rsp="http://schemas.microsoft.com/wbem/wsman/1/windows/shell"><env:Header>
 <a:MessageID>uuid:1</a:MessageID><w:MaxEnvelopeSize mustUnderstand="true">153600</w:MaxEnvelopeSize>
 <w:OperationTimeout>PT1H2M3.5S</w:OperationTimeout>
 <a:Action mustUnderstand="true">http://schemas.xmlsoap.org/ws/2004/09/transfer/Create</a:Action></env:Header>
 <env:Body><rsp:Shell><rsp:WorkingDirectory>C:\\x</rsp:WorkingDirectory><rsp:Environment>
 <rsp:Variable Name="A">1 &amp; 2</rsp:Variable></rsp:Environment></rsp:Shell></env:Body></env:Envelope>"""
HEAD = wsman.Head(message_id="uuid:1", largest=153_600, patience_s=300.0)


def test_a_shell_is_asked_for_with_what_it_starts_with() -> None:
    assert wsman.read(CREATE) == wsman.Create(
        head=wsman.Head(message_id="uuid:1", largest=153_600, patience_s=3723.0),
        working_directory="C:\\x",
        environment={"A": "1 & 2"},
    )


@pytest.mark.parametrize(
    ("content", "kind", "shell", "rest"),
    [
        (winrm.command("S", 'echo <x> & "%TEMP%"'), wsman.Run, "S", {"line": 'echo <x> & "%TEMP%"', "arguments": ()}),
        (winrm.receive("S", "C"), wsman.Receive, "S", {"command": "C"}),
        (winrm.signal("S", "C"), wsman.Signal, "S", {"command": "C"}),
        (winrm.send("S", "C", b"\x00in", end=True), wsman.Send, "S", {"command": "C", "data": b"\x00in", "end": True}),
        (winrm.send("S", "C", b""), wsman.Send, "S", {"command": "C", "data": b"", "end": False}),
        (winrm.delete("S"), wsman.Delete, "S", {}),
    ],
)
def test_each_request_is_understood(content: bytes, kind: type, shell: str, rest: dict[str, object]) -> None:
    request = wsman.read(content)
    assert type(request) is kind
    assert request.head.shell == shell
    assert {name: getattr(request, name) for name in rest} == rest


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT60S", 60), ("PT5M", 300), ("PT3M0.000S", 180), ("PT1H30M", 5400), ("", 60), ("soon", 60), ("PT", 60)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert wsman.read(winrm.envelope(f"{winrm.TRANSFER}/Delete", "", timeout=text)).head.patience_s == seconds


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\xff\xfe\x00",
        b"<a/>",
        b"<Envelope><Header/><Body/></Envelope>",
        CREATE[:-20],
        CREATE + b"<more/>",
        CREATE.replace(b"<rsp:Shell>", b"<rsp:Other>").replace(b"</rsp:Shell>", b"</rsp:Other>"),
        b'<?xml version="1.0" encoding="klingon"?>' + CREATE,
        winrm.command("S", "x").replace(b"rsp:Command>", b"rsp:Commando>"),
        winrm.send("S", "C", b"data").replace(b"ZGF0YQ==", b"@@@@"),
        b"<!DOCTYPE x>" + CREATE,
        b"<a>" * 100 + b"</a>" * 100,
        b"<a>" + b"<b/>" * 5000 + b"</a>",
        b" " * (soap.LARGEST + 1),
    ],
)
def test_what_is_no_request_is_refused(content: bytes) -> None:
    with pytest.raises(BadEnvelopeError):
        wsman.read(content)


def test_entities_that_grow_are_refused_before_they_grow() -> None:
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "ha">{lines}]><a>&e9;</a>'.encode()
    for content in (bomb, bomb.decode().encode("utf-16"), b"\xef\xbb\xbf" + bomb):
        with pytest.raises(BadEnvelopeError, match="document type"):
            wsman.read(content)


def test_a_document_type_in_a_command_is_only_text() -> None:
    request = wsman.read(winrm.command("S", "echo ^<!DOCTYPE html^> > C:\\index.html"))
    assert isinstance(request, wsman.Run)
    assert request.line == "echo ^<!DOCTYPE html^> > C:\\index.html"


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_request_or_refused(content: bytes) -> None:
    with pytest.raises((BadEnvelopeError, wsman.UnsupportedError)):
        wsman.read(content)


@given(st.data())
def test_a_damaged_request_is_a_request_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([CREATE, winrm.command("S", "echo"), winrm.send("S", "C", b"x")])))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not content:
            break
    with contextlib.suppress(BadEnvelopeError, wsman.UnsupportedError):
        wsman.read(bytes(content))


def _streams(answer: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, text in re.findall(rb'<rsp:Stream Name="(\w+)" CommandId="C">([^<]*)<', answer):
        found[name.decode()] = found.get(name.decode(), b"") + base64.b64decode(text)
    return found


@given(
    chunks=st.lists(
        st.tuples(st.sampled_from(["stdout", "stderr"]), st.integers(0, 40_000), st.binary(min_size=1, max_size=3)),
        max_size=20,
    ),
    largest=st.integers(0, 200_000),
    code=st.integers(-(2**31), 2**32 - 1),
)
def test_output_arrives_whole_and_in_order_in_answers_that_are_not_too_large(
    chunks: list[tuple[str, int, bytes]], largest: int, code: int
) -> None:
    running = Running()
    sent = {"stdout": b"", "stderr": b""}
    for stream, times, text in chunks:
        getattr(running, stream)(text * times)
        sent[stream] += text * times
    running.finish(code)
    request = wsman.read(winrm.receive("S", "C", size=largest))
    assert isinstance(request, wsman.Receive)
    arrived = {"stdout": b"", "stderr": b""}
    ended: int | None = None
    while ended is None:
        streams, ended = running.take(replies.output_budget(request.head))
        answer = replies.received(request, streams, exit_code=ended)
        assert len(answer) <= max(largest, 8192)
        assert (b"CommandState/Done" in answer) == (ended is not None)
        for name, data in _streams(answer).items():
            arrived[name] += data
    assert arrived == sent
    assert f"<rsp:ExitCode>{code % 2**32}</rsp:ExitCode>".encode() in answer


def test_answers_are_well_formed_whatever_the_client_called_itself() -> None:
    head = wsman.Head(message_id="<&>\"'")
    answers = [
        replies.created(wsman.Create(head=head), "S<"),
        replies.started(wsman.Run(head=head, line="x"), "C&"),
        replies.received(wsman.Receive(head=head, command='"<C>&'), [("stdout", b"x")], exit_code=None),
        replies.received(wsman.Receive(head=head, command='"<C>&'), [], exit_code=1),
        replies.done(wsman.Delete(head=head)),
        replies.done(wsman.Signal(head=head, command="C")),
        replies.done(wsman.Send(head=head, command="C", data=b"", end=False)),
        *(replies.fault(found, head) for found in vars(replies).values() if isinstance(found, replies.Fault)),
    ]
    related = [
        soap.parse(answer).findtext(".//{http://schemas.xmlsoap.org/ws/2004/08/addressing}RelatesTo")
        for answer in answers
    ]
    assert related == [head.message_id] * len(answers)


def test_the_id_of_a_shell_stands_where_each_client_reads_it() -> None:
    """One client library reads the selector, another the shell's own element (winrm.md §3.2)."""
    root = soap.parse(replies.created(wsman.Create(head=HEAD), "S-1"))
    selectors = [found for found in root.iter() if found.tag.endswith("}Selector")]
    assert [(found.get("Name"), found.text) for found in selectors] == [("ShellId", "S-1")]
    assert [found.text for found in root.iter() if found.tag.endswith("}ShellId")] == ["S-1"]
