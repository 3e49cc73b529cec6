"""The least Windows machine that Packer accepts: it says what Packer waits for, everything else succeeds silently."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from pathlib import Path

from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.windows.host import Command, Restart, Streams

_ENCODED = re.compile(r"-EncodedCommand\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)
_DOWNTIME_S = 0.2


class PlainHost:
    """A `Host` without a disk. `lines` are all commands that it was given, snippets decoded."""

    def __init__(self, spec: MachineSpec, folder: Path) -> None:
        self.folder = folder
        self.computer = spec.hostname
        self.users: Mapping[str, str] = {spec.user: spec.password or ""}
        self.lines: list[str] = []
        self.boots = 1
        self._restart: Restart
        self._restarting = False

    def attach(self, restart: Restart) -> None:
        """Take what restarts the machine."""
        self._restart = restart

    async def run(self, command: Command, streams: Streams) -> int:
        """Answer what Packer waits for."""
        encoded = _ENCODED.search(command.line)
        line = base64.b64decode(encoded[1]).decode("utf-16-le") if encoded else command.line
        self.lines.append(line)
        if "WinRM connected." in line:
            streams.stdout(b"WinRM connected.\r\n")
        elif "restarted." in line:
            streams.stdout(f"{self.computer} restarted.\r\n".encode())
        elif "shutdown" in line and "/t 0" in line:
            self._restarting = True
            self._restart(_DOWNTIME_S)
        elif "Test-Path" in line and "HKLM" in line:
            streams.stdout(b"False\r\n")
        return 1115 if self._restarting and "/t 60" in line else 0

    def booted(self) -> None:
        """It is up again."""
        self._restarting = False
        self.boots += 1

    async def close(self) -> None:
        """Nothing is open."""

    def captured(self) -> None:
        """There is no disk."""
