"""What a machine of the sandbox is, whatever runs it: a container, or a recorder that runs nothing."""

from __future__ import annotations

import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, kw_only=True, slots=True)
class MachineSpec:
    """A VM as a deployment asks for it. `keys` are the only keys that may log in; `image` is what it starts from.

    `tls` is the end of a Windows machine's listener, None where it has none.
    """

    name: str
    hostname: str
    user: str
    keys: tuple[str, ...]
    image: str
    password: str | None = field(default=None, repr=False)
    windows: bool = False
    tls: ssl.SSLContext | None = None


class Machines(Protocol):
    """Where machines run. Names of machines and images are the implementation's own after `start` and `capture`."""

    async def prepare(self, source: str) -> str:
        """The image that stands for a ``publisher:offer:sku``, made where it is missing.

        Raises `SandboxError` (IMG901, IMG902).
        """

    async def start(self, spec: MachineSpec) -> None:
        """Start a machine; it takes logins afterwards. Raises `SandboxError` (IMG903)."""

    def open(self, name: str) -> bool:
        """What a script of the user's does that opens WinRM: let the machine be reached, if it could not be before.
        Whether it could not be. Linux machines can be reached from their start."""

    async def serve(self, name: str, connection: socket.socket) -> None:
        """Give one SSH connection to the machine; returns at its end, with the socket closed."""

    async def deallocate(self, name: str) -> None:
        """Turn the machine off; its disk stays."""

    async def capture(self, name: str) -> str:
        """Keep the machine's disk as an image, and name it."""

    async def remove(self, name: str) -> None:
        """Take the machine away; nothing happens if it is gone."""

    async def forget(self, image: str) -> None:
        """Take an image away that `capture` made; nothing happens if it is gone."""

    async def close(self, *, keep: Collection[str]) -> None:
        """End all machines, and take away what was captured but for the images in `keep`."""


class Fleet(Machines, Protocol):
    """Machines of one system, and what is to be said of them before a run."""

    records_steps: bool
    notes: list[str]
    facts: dict[str, str]
    """What the record of a run says of them: the engine, the digests of base images."""
