"""Gives this machine what a sandbox build needs: a Packer, a container engine, and the image of a machine; and the
browser that tests look at a run's page with.

Everything that is there already is left alone, so a second run is quick. Where no container engine can be had, builds
record their steps instead of running them; with CI=true that is a failure.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from imagesmith.cli.run import cache_folder
from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.machine.bases import base_for
from imagesmith.sandbox.machine.engine import Engine, start_engine_probe
from imagesmith.sandbox.machine.vm_image import make_stand_in, make_vm_image
from imagesmith.sandbox.state import StateFolder
from imagesmith.toolchain import ToolchainError, find
from imagesmith.toolchain.install import install

PACKAGES = ("podman", "runc", "mmdebstrap")
BROWSER = ("chromium", "fonts-dejavu-core")
DEMO_SOURCE = "Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"


def main() -> int:
    """Set the machine up; 0 if builds can run here, in one way or the other."""
    if not have_packer():
        return 1
    have_browser()
    if have_machines():
        return 0
    say("no machines here: sandbox builds will record their steps instead of running them")
    say(f"  for real machines install podman or docker (Debian, as root: apt-get install {' '.join(PACKAGES)})")
    return 1 if os.environ.get("CI") == "true" else 0


def have_packer() -> bool:
    """Find a Packer, or install one into the cache."""
    environment, cache = dict(os.environ), cache_folder()
    try:
        found = find(packer=None, environment=environment, cache=cache)
    except ToolchainError:
        try:
            install(cache=cache, environment=environment, on_progress=say)
            found = find(packer=None, environment=environment, cache=cache)
        except ToolchainError as error:
            say(f"no Packer: {error.diagnostic.message}\n  {error.diagnostic.hint}")
            return False
    say(f"packer: {found.version} ({found.path})")
    return True


def have_browser() -> None:
    """Find Chromium or install it; only a test needs it, and fails without it."""
    if shutil.which("chromium") is None and not install_packages(BROWSER):
        say(f"no browser: a test will fail (Debian, as root: apt-get install {' '.join(BROWSER)})")


def have_machines() -> bool:
    """Find a container engine or install one, and make the machine's image if it is not there."""
    engine = start_engine_probe(dict(os.environ))
    if not isinstance(engine, Engine) and install_packages():
        engine = start_engine_probe(dict(os.environ))
    if not isinstance(engine, Engine):
        return False
    if shutil.which("mmdebstrap") is None:
        install_packages()
    with tempfile.TemporaryDirectory(prefix="imagesmith-setup-") as folder:
        try:
            state = StateFolder.open(Path(folder) / "state")
            name = asyncio.run(machine_image(engine, state))
        except SandboxError as error:
            say(f"no machine image: {error.diagnostic.message}\n  {error.diagnostic.hint}")
            return False
    say(f"machines: {engine.name}, {name}")
    return True


async def machine_image(engine: Engine, state: StateFolder) -> str:
    """The image of machines: from this host's own package mirror where that is possible, else from a registry."""
    name = await make_stand_in(engine, state=state)
    if name is not None:
        return name
    notes: list[str] = []
    name = await make_vm_image(engine, base_for(DEMO_SOURCE, {}), state=state, notes=notes)
    for note in notes:
        say(note)
    return name


def install_packages(packages: tuple[str, ...] = PACKAGES) -> bool:
    """As root on a Debian-family machine, install packages by apt, the container engine's by default; say so."""
    apt = shutil.which("apt-get")
    if apt is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    say(f"installing {', '.join(packages)} with apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        done = subprocess.run(
            [apt, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode != 0:
            say(f"apt-get {arguments[0]} failed")
            return False
    return True


def say(text: str) -> None:
    """Talk on stderr: stdout stays free for results."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
