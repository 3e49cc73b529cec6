"""What sandboxes left that could not end: containers and images with our label whose owner is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from imagesmith.sandbox.machine.engine import Engine, find_engine
from imagesmith.sandbox.machine.owner import OWNER_LABEL, owner_of


def sweep(environment: Mapping[str, str], *, program: str | None = None) -> tuple[str, ...]:
    """Remove leftovers; their names. Nothing happens where there is no engine."""

    async def work() -> tuple[str, ...]:
        engine = await find_engine(environment, program=program)
        return await sweep_engine(engine) if isinstance(engine, Engine) else ()

    return asyncio.run(work())


async def sweep_engine(engine: Engine) -> tuple[str, ...]:
    """Containers first, since images cannot go while containers stand on them."""
    removed = []
    for container in await _labelled(engine, "ps", "-a"):
        name, owner = await _owner(engine, "container", container, "{{.Name}}")
        if _is_gone(owner) and (await engine.run("rm", "-f", "-t", "0", container)).code == 0:
            removed.append(name.lstrip("/"))
    for image in await _labelled(engine, "images"):
        name, owner = await _owner(engine, "image", image, "{{.Id}}")
        if _is_gone(owner) and (await engine.run("rmi", "-f", image)).code == 0:
            removed.append(name)
    return tuple(removed)


async def _labelled(engine: Engine, *listing: str) -> tuple[str, ...]:
    """Full ids of what has an owner's label."""
    listed = await engine.run(*listing, "-q", "--no-trunc", "--filter", f"label={OWNER_LABEL}")
    return tuple(dict.fromkeys(listed.stdout.split()))


async def _owner(engine: Engine, kind: str, found: str, name: str) -> tuple[str, str]:
    """Name and owner's label. Listings have no field for labels that podman and docker share, so each is inspected."""
    form = f'{name}|{{{{index .Config.Labels "{OWNER_LABEL}"}}}}'
    shown = await engine.run(kind, "inspect", "--format", form, found)
    name, _, owner = shown.stdout.strip().partition("|")
    return name, owner


def _is_gone(label: str) -> bool:
    owner = owner_of(label)
    return owner is not None and owner.is_gone
