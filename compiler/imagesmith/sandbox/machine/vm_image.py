"""A source image to a container image that behaves like a VM: pulled or made, then given what VMs have; kept for good.

Images are kept under names with the digest of their recipe, so only the first sandbox on a host pays (machine.md §1).
"""

from __future__ import annotations

import hashlib
import re
from importlib import resources
from pathlib import Path

from imagesmith.sandbox.errors import BASE_FAILED, failure
from imagesmith.sandbox.machine import debootstrap
from imagesmith.sandbox.machine.bases import Base, Family
from imagesmith.sandbox.machine.engine import CACHE_LABEL, Engine
from imagesmith.sandbox.state import StateFolder

_PULL_TIMEOUT_S = 600
_BUILD_TIMEOUT_S = 900
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


async def make_vm_image(engine: Engine, base: Base, *, state: StateFolder, notes: list[str]) -> str:
    """Name of the VM-like image on this base, made where it is missing. Raises `SandboxError` (IMG902).

    Where the base cannot be had and its family is Debian's, a Debian made by mmdebstrap stands in, with a note.
    """
    pulled = _name(base.image)
    if await engine.has_image(pulled):
        return pulled
    release = debootstrap.host_release(engine.environment) if base.family is Family.APT else None
    if release is not None and await engine.has_image(_name(release.image)):
        notes.append(_stand_in_note(base, release))
        return _name(release.image)
    reason = await _obtain(engine, base)
    if reason is None:
        return await _add_layer(engine, base.image, name=pulled, state=state)
    if release is None:
        raise failure(BASE_FAILED, f"the base image {base.image} could not be had: {reason}")
    notes.append(_stand_in_note(base, release))
    return await _make_stand_in(engine, release, state=state)


async def make_stand_in(engine: Engine, *, state: StateFolder) -> str | None:
    """Make the stand-in for Debian's family from this host's own package mirror, without asking any registry.

    Its name; None where this host is none of that family or has no mmdebstrap. Raises `SandboxError` (IMG902).
    """
    release = debootstrap.host_release(engine.environment)
    if release is None:
        return None
    name = _name(release.image)
    return name if await engine.has_image(name) else await _make_stand_in(engine, release, state=state)


async def _make_stand_in(engine: Engine, release: debootstrap.Release, *, state: StateFolder) -> str:
    if not await engine.has_image(release.image):
        await debootstrap.make_base(engine, release, state=state)
    return await _add_layer(engine, release.image, name=_name(release.image), state=state)


async def _obtain(engine: Engine, base: Base) -> str | None:
    """Have the base image here; the reason if that cannot be."""
    if await engine.has_image(base.image):
        return None
    pulled = await engine.run("pull", "-q", base.image, timeout_s=_PULL_TIMEOUT_S)
    return pulled.reason if pulled.code else None


async def _add_layer(engine: Engine, base: str, *, name: str, state: StateFolder) -> str:
    """Build the VM-like layer; the network is the host's, since packages may have to be fetched."""
    folder = state.folder("layer")
    for file in ("layer.sh", "waagent.sh"):
        (folder / file).write_bytes(_part(file))
    (folder / "Containerfile").write_text(
        f"FROM {base}\n"
        f"LABEL {CACHE_LABEL}=vm\n"
        "COPY waagent.sh /usr/sbin/waagent\n"
        "COPY layer.sh /tmp/layer.sh\n"
        "RUN sh /tmp/layer.sh && rm -f /tmp/layer.sh\n",
        encoding="utf-8",
    )
    proxies = [f"--build-arg={key}={engine.environment[key]}" for key in _PROXY_VARIABLES if key in engine.environment]
    # podman keeps a nameless image a line of the file otherwise
    one_layer = ("--layers=false",) if engine.name == "podman" else ()
    built = await engine.run(
        "build",
        "--network=host",
        *one_layer,
        *proxies,
        "-t",
        name,
        "-f",
        str(folder / "Containerfile"),
        str(folder),
        timeout_s=_BUILD_TIMEOUT_S,
    )
    state.remove("layer")
    if built.code:
        raise failure(BASE_FAILED, f"the VM-like image on {base} could not be built: {built.reason}")
    await _remove_older(engine, name)
    return name


async def _remove_older(engine: Engine, name: str) -> None:
    """Take away images of older recipes; those that a container stands on stay, since the engine refuses."""
    repository = name.rpartition(":")[0]
    form = "{{.Repository}}:{{.Tag}}"
    listed = await engine.run("images", "--filter", f"reference={repository}", "--format", form)
    for other in listed.stdout.split():
        if other != name and other.startswith(f"{repository}:"):
            await engine.run("rmi", other)


def _name(base: str) -> str:
    """The VM-like image's name: what it stands on, and a digest of how it is made."""
    recipe = hashlib.sha256(base.encode() + b"\0" + _part("layer.sh") + b"\0" + _part("waagent.sh"))
    slug = re.sub(r"[^a-z0-9]+", "-", Path(base).name.lower()).strip("-")
    return f"localhost/imagesmith/vm-{slug}:{recipe.hexdigest()[:12]}"


def _part(name: str) -> bytes:
    return resources.files("imagesmith.sandbox.machine").joinpath(name).read_bytes()


def _stand_in_note(base: Base, release: debootstrap.Release) -> str:
    return f"{base.image} could not be pulled: {release.title} of this host's package mirror stands in for it"
