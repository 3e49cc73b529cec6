"""Machines of both operating systems behind one interface: each name and image goes to where it came from."""

from __future__ import annotations

import socket
from collections.abc import Collection

from imagesmith.sandbox.machine import Fleet, Machines, MachineSpec
from imagesmith.sandbox.windows.images import is_windows
from imagesmith.sandbox.windows.machines import WindowsMachines


class Systems:
    """`Machines` of which each says in its specification what it is.

    Sources are prepared for Linux only: nothing stands for a Windows image but an empty disk.
    """

    def __init__(self, *, linux: Fleet, windows: WindowsMachines) -> None:
        self.linux = linux
        self.windows = windows
        self._on_windows: set[str] = set()

    async def prepare(self, source: str) -> str:
        """The image that stands for a source of a Linux machine."""
        return await self.linux.prepare(source)

    async def start(self, spec: MachineSpec) -> None:
        """Start a machine of either kind."""
        if spec.windows:
            self._on_windows.add(spec.name)
        await self._of(spec.name).start(spec)

    async def serve(self, name: str, connection: socket.socket) -> None:
        """Give a connection to SSH or WinRM."""
        await self._of(name).serve(name, connection)

    async def deallocate(self, name: str) -> None:
        """Turn a machine off."""
        await self._of(name).deallocate(name)

    async def capture(self, name: str) -> str:
        """Keep a machine's disk."""
        return await self._of(name).capture(name)

    async def remove(self, name: str) -> None:
        """Take a machine away."""
        await self._of(name).remove(name)

    async def forget(self, image: str) -> None:
        """Take an image away."""
        await (self.windows if is_windows(image) else self.linux).forget(image)

    async def close(self, *, keep: Collection[str]) -> None:
        """End all machines."""
        try:
            await self.windows.close(keep=keep)
        finally:
            await self.linux.close(keep=keep)

    def _of(self, name: str) -> Machines:
        return self.windows if name in self._on_windows else self.linux
