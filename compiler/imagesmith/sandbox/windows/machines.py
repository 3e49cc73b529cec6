"""Windows machines of a sandbox: for each a folder with its disk, a host that knows what commands mean, a listener."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass

from imagesmith.sandbox.errors import SandboxError, failure
from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.state import StateFolder
from imagesmith.sandbox.windows.host import DISK, Host, MakeHost
from imagesmith.sandbox.windows.images import BLANK, SUFFIX
from imagesmith.sandbox.windows.login import LOGIN_REFUSED
from imagesmith.sandbox.windows.winrm import Listener

_IMAGES = "windows-images"


@dataclass(kw_only=True, slots=True)
class _Machine:
    """One machine. `listener` is None where the deployment asked for none: nobody can log in then."""

    host: Host
    listener: Listener | None
    on: bool = True


class WindowsMachines:
    """`Machines` for Windows. `make_host` makes what is behind a listener."""

    records_steps = True

    def __init__(self, *, state: StateFolder, make_host: MakeHost, on_failure: Callable[[SandboxError], None]) -> None:
        self.notes: list[str] = []
        self.facts: dict[str, str] = {}
        self._state = state
        self._make_host = make_host
        self._on_failure = on_failure
        self._machines: dict[str, _Machine] = {}

    async def prepare(self, source: str) -> str:
        """Any source will do: its disk is empty."""
        return f"{BLANK}{source}"

    async def start(self, spec: MachineSpec) -> None:
        """Make the machine; its listener takes connections at once (winrm.md §1.3)."""
        folder = self._state.folder("machines", spec.name)
        disk = self._state.folder("machines", spec.name, DISK)
        if not spec.image.startswith(BLANK):
            image = self._state.folder(_IMAGES) / spec.image
            await asyncio.to_thread(shutil.copytree, image, disk, symlinks=True, dirs_exist_ok=True)
        self._machines[spec.name] = machine = _Machine(host=self._make_host(spec, folder), listener=None)
        if spec.tls is not None:
            self._listen(machine, spec.tls)

    def open(self, name: str) -> bool:
        """Let a machine without a listener have one, with a certificate of its own; whether there was none."""
        import trustme

        machine = self._machines.get(name)
        if machine is None or machine.listener is not None:
            return False
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert(machine.host.computer).configure_cert(tls)
        self._listen(machine, tls)
        return True

    def _listen(self, machine: _Machine, tls: ssl.SSLContext) -> None:
        machine.listener = Listener(machine.host, tls=tls, on_failure=self._on_failure)

    async def serve(self, name: str, connection: socket.socket) -> None:
        """Give a connection to the machine's listener; refused where there is none."""
        machine = self._machines.get(name)
        if machine is None or machine.listener is None or not machine.on:
            connection.close()
            return
        connection.setblocking(False)  # noqa: FBT003 - the library's own shape
        await machine.listener.serve(connection)

    async def deallocate(self, name: str) -> None:
        """Turn the machine off: commands and connections end."""
        machine = self._machines.get(name)
        if machine is None or not machine.on:
            return
        machine.on = False
        if machine.listener is not None:
            await machine.listener.close()
            self._tell_of_refusals(name, machine.listener)
        await machine.host.close()

    def _tell_of_refusals(self, name: str, listener: Listener) -> None:
        if listener.refusals and not listener.logins:
            reasons = "; ".join(sorted(set(listener.refusals)))
            said = f"none of {len(listener.refusals)} logins to the Windows machine {name} succeeded: {reasons}"
            self._on_failure(failure(LOGIN_REFUSED, said))

    async def capture(self, name: str) -> str:
        """Keep a copy of the disk. Azure generalizes machines that are off only, so nothing writes to it any more."""
        await self.deallocate(name)
        self._machines[name].host.captured()
        image = f"{name}{SUFFIX}"
        disk = self._state.folder("machines", name, DISK)
        await asyncio.to_thread(shutil.copytree, disk, self._state.folder(_IMAGES) / image, symlinks=True)
        return image

    async def remove(self, name: str) -> None:
        """End the machine; what it was given stays in the state folder until the sandbox ends."""
        await self.deallocate(name)
        self._machines.pop(name, None)

    async def forget(self, image: str) -> None:
        """Remove a captured disk."""
        await asyncio.to_thread(self._state.remove, _IMAGES, image)

    async def close(self, *, keep: Collection[str]) -> None:
        """End all machines, and remove captured disks that nothing refers to."""
        for name in tuple(self._machines):
            await self.remove(name)
        for image in self._state.folder(_IMAGES).iterdir():
            if image.name not in keep:
                await self.forget(image.name)
