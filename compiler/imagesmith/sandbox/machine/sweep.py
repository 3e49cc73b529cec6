"""What sandboxes left that could not end: containers and images with our label whose owner is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from imagesmith.sandbox.machine.engine import Engine, find_engine
from imagesmith.sandbox.machine.owner import OWNER_LABEL, Owner


def sweep(environment: Mapping[str, str], *, program: str | None = None) -> tuple[str, ...]:
    """Remove leftovers; their names. Nothing happens where there is no engine."""

    async def work() -> tuple[str, ...]:
        engine = await find_engine(environment, program=program)
        return await sweep_engine(engine) if isinstance(engine, Engine) else ()

    return asyncio.run(work())


async def sweep_engine(engine: Engine) -> tuple[str, ...]:
    """Containers first, since images cannot go while containers stand on them."""
    form = f'{{{{.ID}}}}|{{{{.{{}}}}}}|{{{{.Label "{OWNER_LABEL}"}}}}'
    removed = []
    listed = await engine.run("ps", "-a", "--filter", f"label={OWNER_LABEL}", "--format", form.format("Names"))
    for container, name, owner in _rows(listed.stdout):
        if _is_gone(owner) and (await engine.run("rm", "-f", "-t", "0", container)).code == 0:
            removed.append(name)
    # `images` has no labels in its format, so each is asked for its own.
    images = await engine.run("images", "-q", "--no-trunc", "--filter", f"label={OWNER_LABEL}")
    for image in dict.fromkeys(images.stdout.split()):
        label = await engine.run("image", "inspect", "--format", f'{{{{index .Config.Labels "{OWNER_LABEL}"}}}}', image)
        if _is_gone(label.stdout.strip()) and (await engine.run("rmi", "-f", image)).code == 0:
            removed.append(image)
    return tuple(removed)


def _rows(text: str) -> list[tuple[str, str, str]]:
    rows = []
    for line in text.splitlines():
        first, _, rest = line.partition("|")
        name, _, owner = rest.partition("|")
        rows.append((first, name, owner))
    return rows


def _is_gone(label: str) -> bool:
    owner = Owner.parse(label)
    return owner is not None and owner.is_gone
