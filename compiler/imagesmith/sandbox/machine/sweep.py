"""What sandboxes left that could not end: containers and images with our label whose owner is gone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.machine.engine import Engine, find_engine
from imagesmith.sandbox.machine.owner import OWNER_LABEL, owner_of
from imagesmith.sandbox.machine.removal import remove_container


def sweep(environment: Mapping[str, str], *, program: str | None = None) -> tuple[str, ...]:
    """Remove leftovers; their names. Nothing happens where there is no engine."""

    async def work() -> tuple[str, ...]:
        engine = await find_engine(environment, program=program)
        return await sweep_engine(engine) if isinstance(engine, Engine) else ()

    return asyncio.run(work())


async def sweep_engine(engine: Engine) -> tuple[str, ...]:
    """Containers first, since images cannot go while containers stand on them."""
    removed = []
    labelled = ("--filter", f"label={OWNER_LABEL}", "--format")
    listed = await engine.run("ps", "-a", *labelled, "{{.Names}}|{{.Labels}}")
    for line in listed.stdout.splitlines():
        name, _, labels = line.partition("|")
        if _is_gone(_label(labels)):
            # One that cannot be removed is no reason to start nothing; the next sweep meets it again.
            with suppress(SandboxError):
                await remove_container(engine, name)
                removed.append(name)
    listed = await engine.run("images", *labelled, "{{.ID}}")
    for image in dict.fromkeys(listed.stdout.split()):
        shown = await engine.run("image", "inspect", "--format", f'{{{{index .Config.Labels "{OWNER_LABEL}"}}}}', image)
        if _is_gone(shown.stdout.strip()) and (await engine.run("rmi", "-f", image)).code == 0:
            removed.append(image)
    return tuple(removed)


def _label(labels: str) -> str:
    """The owner in a listing's labels: ``map[a:b c:d]`` of podman, ``a=b,c=d`` of docker. Inspecting would be simpler,
    but fails for a container that is half removed, which is what has to be swept."""
    match = re.search(re.escape(OWNER_LABEL) + r"[=:]([^,\s\]]*)", labels)
    return match[1] if match else ""


def _is_gone(label: str) -> bool:
    owner = owner_of(label)
    return owner is not None and owner.is_gone
