"""Private folders among the system's temporary ones: gone at the end, and some time later where nobody could end them.

A process that is killed removes nothing. Each folder therefore holds a lock that goes with its process; whoever makes
the next one removes those that are free and have not been touched for an hour. Until then a Packer that outlives its
supervisor, to clean up in Azure, has its files.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagesmith.folder import remove_below
from imagesmith.journal.owner import try_lock

PREFIX = "imagesmith-"
LOCK = ".imagesmith-lock"
"""Marks a folder as ours, and is locked while it is used."""
_UNTOUCHED_S = 3600.0
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """A new folder (0700) in `parent`, by default the system's temporary folder, gone at the end. Raises OSError."""
    place = Path(parent or tempfile.gettempdir())
    _remove_abandoned(place)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    try:
        with os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b", buffering=0) as lock:
            try_lock(lock)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(place: Path) -> None:
    """Remove what killed processes of this user left here; what cannot be removed stays."""
    if not hasattr(os, "getuid") or os.unlink not in os.supports_dir_fd:
        return  # Windows: folders cannot be held while they are emptied
    with suppress(OSError):
        handle = os.open(place, _FOLDER)
        try:
            for name in os.listdir(handle):  # noqa: PTH208 - a handle has no path
                if name.startswith(PREFIX) and _is_abandoned(place / name):
                    remove_below(handle, name)
        finally:
            os.close(handle)


def _is_abandoned(folder: Path) -> bool:
    with suppress(OSError):
        status = folder.lstat()
        if status.st_uid != os.getuid() or time.time() - status.st_mtime < _UNTOUCHED_S:
            return False
        with os.fdopen(os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW), "r+b", buffering=0) as lock:
            return try_lock(lock) is True
    return False
