"""Machines of both operating systems behind one interface: each name and image goes to where it came from."""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection

from imagesmith.sandbox.machine import Fleet, Machines, MachineSpec
from imagesmith.sandbox.windows.images import is_windows
from imagesmith.sandbox.windows.machines import WindowsMachines


class Systems:
    """`Machines` of which each says in its specification what it is.

    Sources are prepared for Linux only: nothing stands for a Windows image but an empty disk. What Linux machines need
    is loaded when the first one is asked for: a Windows build has none.
    """

    def __init__(self, *, linux: Callable[[], Fleet], windows: WindowsMachines) -> None:
        self.windows = windows
        self._make_linux = linux
        self._linux: Fleet | None = None
        self._on_windows: set[str] = set()

    @property
    def linux(self) -> Fleet:
        """The Linux machines."""
        if self._linux is None:
            self._linux = self._make_linux()
        return self._linux

    async def prepare(self, source: str) -> str:
        """The image that stands for a source of a Linux machine."""
        return await self.linux.prepare(source)

    async def start(self, spec: MachineSpec) -> None:
        """Start a machine of either kind."""
        if spec.windows:
            self._on_windows.add(spec.name)
        await self._of(spec.name).start(spec)

    def open(self, name: str) -> bool:
        """Let a Windows machine be reached."""
        return self._of(name).open(name)

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
            if self._linux is not None:
                await self._linux.close(keep=keep)

    def _of(self, name: str) -> Machines:
        return self.windows if name in self._on_windows else self.linux
