"""Folders of sandboxes that were killed: found beside a new one's folder by their mark and their owner, and removed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.machine.owner import Owner
from imagesmith.sandbox.state import MARKER, StateFolder

OWNER_FILE = "owner"
"""In a sandbox's folder: the process that it belongs to while it is up."""
RESOURCES_FILE = "resources.json"
"""In the folder of a sandbox that is kept: what it holds."""


def owner_in(folder: Path) -> Owner | None:
    """The process that a sandbox's folder belongs to, None if none is written down. Raises OSError."""
    path = folder / OWNER_FILE
    return Owner.parse(path.read_text(encoding="utf-8")) if path.exists() else None


def remove_abandoned(parent: Path) -> None:
    """Remove the folders in `parent` that a sandbox has marked, whose process is known to be gone, and in which nothing
    is kept. One that cannot be removed stays: it is no reason to start nothing."""
    with suppress(OSError):
        for folder in parent.iterdir():
            with suppress(OSError, SandboxError):
                if _is_abandoned(folder):
                    StateFolder.open(folder).discard()


def _is_abandoned(folder: Path) -> bool:
    if folder.is_symlink() or not (folder / MARKER).is_file() or (folder / RESOURCES_FILE).exists():
        return False
    owner = owner_in(folder)
    return owner is not None and owner.is_gone
