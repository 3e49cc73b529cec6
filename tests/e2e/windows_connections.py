"""Packer's WinRM client against a listener whose machine misbehaves: one script step, with Packer's null builder."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.winrm import PASSWORD, USER, Machine, WordHost

from imagesmith.sandbox.windows.host import Streams
from imagesmith.sandbox.windows.shells import Limits

_BUILD = """
source "null" "windows" {{
  communicator   = "winrm"
  winrm_host     = "127.0.0.1"
  winrm_port     = {port}
  winrm_username = "{user}"
  winrm_password = {password}
  winrm_use_ssl  = true
  winrm_insecure = true
  winrm_use_ntlm = true
  winrm_timeout  = "{timeout}"
}}
build {{
  sources = ["source.null.windows"]
  provisioner "powershell" {{
    script = "${{path.root}}/step.ps1"
  }}
}}
"""


class ScriptHost(WordHost):
    """A machine on which everything of Packer's own succeeds, and the step's script does what a test wants."""

    def __init__(self, script: Callable[[ScriptHost, Streams], Any]) -> None:
        super().__init__()
        self.machine: Machine
        self.runs = 0
        self.running = threading.Event()
        self.terminated = threading.Event()
        self._script = script

    async def _run(self, line: str, streams: Streams) -> int:
        if "script-" not in line or "-executionpolicy" not in line.lower() or "-EncodedCommand" in line:
            streams.stdout(b"WinRM connected.\r\n")
            return 0
        self.runs += 1
        self.running.set()
        try:
            code: int = await self._script(self, streams)
        finally:
            if streams.terminated.is_set():
                self.terminated.set()
        return code


@dataclass(kw_only=True, slots=True)
class Outcome:
    """How a build ended. `log` is Packer's debug log."""

    code: int
    output: str
    log: str
    host: ScriptHost
    refusals: list[str] = field(default_factory=list)


class Forwarder:
    """A TCP connection in the middle, which can be reset."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Reset all connections of clients."""
        for client in self._clients:
            with suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.shutdown(socket.SHUT_RD)
            client.close()
        self._clients.clear()

    def close(self) -> None:
        """Stop accepting."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                machine = socket.create_connection(("127.0.0.1", self._target))
                self._clients.append(client)
                for source, target in ((client, machine), (machine, client)):
                    threading.Thread(target=_copy, args=(source, target), daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextmanager
def machine_of(folder: Path, script: Callable[[ScriptHost, Streams], Any], *, hold_s: float = 1.0) -> Iterator[Machine]:
    """A machine whose script steps are done by a coroutine function."""
    folder.mkdir(parents=True)
    host = ScriptHost(script)
    with Machine(folder, Limits(hold_s=hold_s), host=host) as machine:
        host.machine = machine
        yield machine


def start(packer: Any, folder: Path, port: int, *, password: str = PASSWORD, timeout: str = "60s") -> Any:
    """Begin a build with the conftest's Packer."""
    (folder / "step.ps1").write_text("whatever\n", encoding="utf-8")
    text = _BUILD.format(port=port, user=USER, password=json.dumps(password), timeout=timeout)
    (folder / "image.pkr.hcl").write_text(text, encoding="utf-8")
    temporary = folder / "tmp"
    temporary.mkdir()
    return subprocess.Popen(
        [packer.program, "build", "-color=false", str(folder)],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "TMPDIR": str(temporary),
            "CHECKPOINT_DISABLE": "1",
            "PACKER_LOG": "1",
            "PACKER_LOG_PATH": str(folder / "packer.log"),
            **packer.environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: Any, folder: Path, machine: Machine, *, within_s: float = 120) -> Outcome:
    """Wait for the end of a build."""
    output, _ = process.communicate(timeout=within_s)
    assert isinstance(machine.host, ScriptHost)
    return Outcome(
        code=process.returncode,
        output=output,
        log=(folder / "packer.log").read_text(encoding="utf-8", errors="replace"),
        host=machine.host,
        refusals=machine.listener.refusals,
    )


async def quiet(host: ScriptHost, streams: Streams, *, for_s: float = 4.0) -> int:
    """Say nothing for some time, then something."""
    await asyncio.sleep(for_s)
    streams.stdout(b"after the silence\r\n")
    return 0


async def reboot_once(host: ScriptHost, streams: Streams) -> int:
    """Restart the machine in the middle; a second run says so."""
    if host.runs > 1:
        streams.stdout(b"the second run\r\n")
        return 0
    host.restart(0.2)
    await asyncio.Event().wait()
    return 0


async def lose_shell(host: ScriptHost, streams: Streams) -> int:
    """Forget the shell between two requests; a second run says so."""
    if host.runs > 1:
        streams.stdout(b"the second run\r\n")
        return 0
    streams.stdout(b"before\r\n")
    host.machine.listener._boot.shells.clear()
    await asyncio.sleep(1)  # nobody is left who could end it
    return 0


async def wait(host: ScriptHost, streams: Streams) -> int:
    """Do nothing until somebody ends it; a second run ends at once."""
    if host.runs > 1:
        streams.stdout(b"the second run\r\n")
        return 0
    await streams.terminated.wait()
    return 0
