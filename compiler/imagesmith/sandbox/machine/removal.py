"""Taking a container away for certain."""

from __future__ import annotations

import asyncio

from imagesmith.sandbox.errors import MACHINE_FAILED, failure
from imagesmith.sandbox.machine.engine import Engine

_PAUSES_S = (0.1, 0.5, 2, 5, 0)


async def remove_container(engine: Engine, name: str) -> None:
    """Remove a container, running or not; nothing happens if it is gone. Raises `SandboxError` (IMG903).

    The engine's word is not enough: podman 4.3 answers `rm` with success, or with "container not known", and keeps the
    container as "Removing" when a clean-up of its own comes in between. Asked again, it lets go.
    """
    for pause_s in _PAUSES_S:
        removed = await engine.run(*engine.removal, name)
        listed = await engine.run("ps", "-a", "--format", "{{.Names}}", "--filter", f"name={name}")
        if listed.code == 0 and name not in listed.stdout.split():
            return
        await asyncio.sleep(pause_s)
    raise failure(MACHINE_FAILED, f"{engine.name} did not remove {name}: {removed.reason}")
