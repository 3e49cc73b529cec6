"""A Windows machine for tests, whose commands are a few words, behind a real listener, and a client to talk to it."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import http.client
import json
import re
import socket
import ssl
import threading
import uuid
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
from cryptography.x509.oid import NameOID

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.windows.certificate import server_context
from imagesmith.sandbox.windows.host import Command, Restart, Streams
from imagesmith.sandbox.windows.shells import Limits
from imagesmith.sandbox.windows.winrm import Listener
from tests.ntlm_client import NEGOTIATE, authenticate

T = TypeVar("T")

USER = "packer"
PASSWORD = "Pa$$wörd"  # noqa: S105 - of no machine
COMPUTER = "pkrvmtest"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"


@cache
def certificate(name: str = "pkrvmtest.cloudapp.net") -> tuple[str, bytes]:
    """A secret as Packer makes it (winrm.md §1.2), and the certificate in it in DER."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    password = "0123456789abcdef0123456789abcdef"  # noqa: S105 - of no machine
    data = pkcs12.serialize_key_and_certificates(b"", key, made, None, BestAvailableEncryption(password.encode()))
    content = {"data": base64.b64encode(data).decode(), "dataType": "pfx", "password": password}
    return base64.b64encode(json.dumps(content).encode()).decode(), made.public_bytes(Encoding.DER)


class WordHost:
    """A `Host` for tests: ``say TEXT``, ``fail N``, ``big N``, ``wait``, ``stubborn``, ``echo-input``, ``break``,
    ``restart``, ``restart-and-wait``."""

    computer = COMPUTER

    def __init__(self) -> None:
        self.users: Mapping[str, str] = {USER: PASSWORD}
        self.commands: list[Command] = []
        self.ended: list[str] = []
        self.boots = 1
        self.restart: Restart

    def attach(self, restart: Restart) -> None:
        self.restart = restart

    async def run(self, command: Command, streams: Streams) -> int:
        self.commands.append(command)
        try:
            return await self._run(command.line, streams)
        finally:
            self.ended.append(command.line)

    async def _run(self, line: str, streams: Streams) -> int:
        word, _, rest = line.partition(" ")
        match word:
            case "say":
                streams.stdout(rest.encode())
                streams.stderr(b"and aside")
            case "fail":
                return int(rest)
            case "big":
                for _ in range(int(rest) // 1000):
                    streams.stdout(b"x" * 1000)
                    await streams.drain()
            case "wait":
                await streams.terminated.wait()
                return 3
            case "stubborn":
                await asyncio.Event().wait()
            case "echo-input":
                while data := await streams.stdin():
                    streams.stdout(data)
            case "break":
                raise RuntimeError("a fault of the machine's own")
            case "restart":
                self.restart(0.2)
            case "restart-and-wait":
                self.restart(0.2)
                await asyncio.Event().wait()
        return 0

    def booted(self) -> None:
        self.boots += 1

    async def close(self) -> None:
        pass

    def captured(self) -> None:
        pass


class Machine:
    """A listener on a port of 127.0.0.1, on an event loop of its own. A context manager."""

    def __init__(self, scratch: Path, limits: Limits | None = None, *, host: WordHost | None = None) -> None:
        self.host = host or WordHost()
        self.failures: list[SandboxError] = []
        secret, self.certificate = certificate()
        self._tls = server_context(secret, scratch=scratch)
        self._limits = limits or Limits(hold_s=1.0, request_s=2.0, handshake_s=2.0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.listener: Listener
        self._serving: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Machine:
        self._thread.start()
        self._socket.setblocking(False)  # noqa: FBT003 - the library's own shape
        self.call(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._socket.close()

    def call(self, work: Coroutine[None, None, T]) -> T:
        """Run something on the machine's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start(self) -> None:
        self.listener = Listener(self.host, tls=self._tls, on_failure=self.failures.append, limits=self._limits)
        self._accepting = asyncio.get_running_loop().create_task(self._accept())

    async def _stop(self) -> None:
        self._accepting.cancel()
        await self.listener.close()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(self._socket)
            task = loop.create_task(self.listener.serve(connection))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def turn_off(self) -> None:
        """As the VM's deallocation does."""
        await self.listener.close()

    async def restart(self, downtime_s: float = 0.2) -> None:
        """As a timer of the machine's own does."""
        self.host.restart(downtime_s)


def connect(port: int) -> ssl.SSLSocket:
    """A TLS connection to a machine, whose certificate nobody checks, as with Packer's `winrm_insecure`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10))


class Client:
    """A WinRM client of one connection, which logs in when it is asked to."""

    def __init__(self, port: int, *, user: str = USER, password: str = PASSWORD) -> None:
        self._http = http.client.HTTPSConnection(
            "127.0.0.1",
            port,
            context=ssl._create_unverified_context(),  # noqa: S323 - as Packer does with `winrm_insecure`
            timeout=10,
        )
        self._user = user
        self._password = password
        self.statuses: list[int] = []

    def post(self, body: bytes, *, authorization: str | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        """One request, and its answer."""
        headers = {"Content-Type": "application/soap+xml;charset=UTF-8"}
        if authorization is not None:
            headers["Authorization"] = authorization
        self._http.request("POST", "/wsman", body, headers)
        answer = self._http.getresponse()
        content = answer.read()
        self.statuses.append(answer.status)
        return answer.status, answer.headers, content

    def ask(self, body: bytes) -> tuple[int, str]:
        """One request with as much of a login as the machine wants."""
        status, _, content = self.post(body)
        if status == 401:
            _, headers, _ = self.post(body, authorization=f"Negotiate {base64.b64encode(NEGOTIATE).decode()}")
            challenge = base64.b64decode(headers["WWW-Authenticate"].partition(" ")[2])
            token = authenticate(challenge, user=self._user, password=self._password)
            status, _, content = self.post(body, authorization=f"Negotiate {base64.b64encode(token).decode()}")
        return status, content.decode()

    def create(self) -> str:
        """Make a shell."""
        _, answer = self.ask(create())
        return found(r'Name="ShellId">([^<]+)<', answer)

    def start(self, shell: str, line: str) -> str:
        """Start a command."""
        _, answer = self.ask(command(shell, line))
        return found(r"CommandId>([^<]+)<", answer)

    def receive(self, shell: str, running: str) -> tuple[dict[str, bytes], int | None]:
        """Ask once: streams, and the exit code where the command has ended."""
        status, answer = self.ask(receive(shell, running))
        assert status == 200, answer
        streams: dict[str, bytes] = {}
        for name, data in re.findall(r'<rsp:Stream Name="(\w+)"[^>]*>([^<]*)<', answer):
            streams[name] = streams.get(name, b"") + base64.b64decode(data)
        code = re.search(r"ExitCode>(\d+)<", answer)
        return streams, int(code[1]) if code else None

    def run(self, line: str) -> tuple[dict[str, bytes], int]:
        """Run a command to its end, in a shell of its own."""
        shell = self.create()
        running = self.start(shell, line)
        output: dict[str, bytes] = {}
        code = None
        while code is None:
            streams, code = self.receive(shell, running)
            for name, data in streams.items():
                output[name] = output.get(name, b"") + data
        self.ask(signal(shell, running))
        self.ask(delete(shell))
        return output, code

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._http.close()


def found(pattern: str, text: str) -> str:
    """The one group of a pattern."""
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


def envelope(action: str, body: str, *, shell: str = "", size: int = 153_600, timeout: str = "PT5M") -> bytes:
    """A request as Packer's client writes it (winrm.md §3.1)."""
    selector = f'<w:SelectorSet><w:Selector Name="ShellId">{shell}</w:Selector></w:SelectorSet>' if shell else ""
    return (
        '<?xml version="1.0" encoding="utf-8" ?><env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"'
        f' xmlns:rsp="{SHELL}"><env:Header><a:To>https://127.0.0.1:5986/wsman</a:To>'
        f'<w:MaxEnvelopeSize mustUnderstand="true">{size}</w:MaxEnvelopeSize><a:MessageID>uuid:{uuid.uuid4()}'
        f"</a:MessageID><w:OperationTimeout>{timeout}</w:OperationTimeout><a:Action>{action}</a:Action>{selector}"
        f"</env:Header><env:Body>{body}</env:Body></env:Envelope>"
    ).encode()


def create() -> bytes:
    """A request for a shell."""
    return envelope(f"{TRANSFER}/Create", "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>")


def command(shell: str, line: str) -> bytes:
    """A request to run a command line."""
    body = f"<rsp:CommandLine><rsp:Command><![CDATA[{line}]]></rsp:Command></rsp:CommandLine>"
    return envelope(f"{SHELL}/Command", body, shell=shell)


def receive(shell: str, running: str, *, size: int = 153_600) -> bytes:
    """A request for output."""
    body = f'<rsp:Receive><rsp:DesiredStream CommandId="{running}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    return envelope(f"{SHELL}/Receive", body, shell=shell, size=size)


def send(shell: str, running: str, data: bytes, *, end: bool = False) -> bytes:
    """A request that gives input."""
    text = base64.b64encode(data).decode()
    ending = ' End="true"' if end else ""
    body = f'<rsp:Send><rsp:Stream Name="stdin" CommandId="{running}"{ending}>{text}</rsp:Stream></rsp:Send>'
    return envelope(f"{SHELL}/Send", body, shell=shell)


def signal(shell: str, running: str) -> bytes:
    """A request to end a command."""
    body = f'<rsp:Signal CommandId="{running}"><rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>'
    return envelope(f"{SHELL}/Signal", body, shell=shell)


def delete(shell: str) -> bytes:
    """A request to end a shell."""
    return envelope(f"{TRANSFER}/Delete", "", shell=shell)
