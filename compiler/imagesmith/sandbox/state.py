"""The sandbox's folder: made and marked by us, private, and emptied through handles without following links."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from imagesmith.folder import remove_below
from imagesmith.sandbox.errors import STATE_FOREIGN, failure

MARKER = ".imagesmith-sandbox"
MARKER_TEXT = "This folder belongs to an imagesmith sandbox, which deletes what is in it.\n"

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
"""How a folder is opened that may be emptied: a link to one gives an error."""


class StateFolder:
    """A folder that holds nothing but what a sandbox put there."""

    def __init__(self, path: Path, *, is_new: bool = False) -> None:
        self.path = path
        self.is_new = is_new
        """Whether it was made for the sandbox, and not there before it."""

    @classmethod
    def open(cls, path: Path) -> StateFolder:
        """Make the folder (0700) and mark it, or take one that is marked already.

        Raises `SandboxError` (IMG905) for a folder with foreign contents, a link, or another user's folder.
        """
        path = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow a link that we want to see)
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = True
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            _check_ours(path)
            is_new = False
        path.chmod(0o700)
        marker = path / MARKER
        if not marker.exists():
            marker.touch(mode=0o600)
            marker.write_text(MARKER_TEXT, encoding="utf-8")
        return cls(path, is_new=is_new)

    def folder(self, *parts: str) -> Path:
        """A sub-folder (0700), made where it is missing."""
        path = self.path
        for part in parts:
            path = path / part
            path.mkdir(mode=0o700, exist_ok=True)
        return path

    def write(self, name: str, content: bytes) -> Path:
        """Write a file (0600) in one piece: readers see the old content or the new."""
        path = self.path / name
        scratch = path.with_name(path.name + ".new")
        handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        scratch.replace(path)
        return path

    def open_log(self, *parts: str) -> BinaryIO:
        """A file (0600) to append to, in a sub-folder that is made where it is missing."""
        path = self.folder(*parts[:-1]) / parts[-1]
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "ab")

    def remove(self, *parts: str) -> None:
        """Delete a folder or file below this one; links are deleted, never followed, on the way there neither."""
        handle = os.open(self.path, _FOLDER)
        try:
            for part in parts[:-1]:
                inner = os.open(part, _FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            remove_below(handle, parts[-1])
        except (FileNotFoundError, NotADirectoryError):
            return
        finally:
            os.close(handle)

    def empty(self) -> None:
        """Delete everything in the folder but the marker."""
        for entry in sorted(os.listdir(self.path)):  # noqa: PTH208 - names, not paths
            if entry != MARKER:
                self.remove(entry)

    def discard(self) -> None:
        """Delete the folder with all that is in it, the marker last."""
        self.empty()
        self.remove(MARKER)
        self.path.rmdir()


def _check_ours(path: Path) -> None:
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise failure(STATE_FOREIGN, f"{path} is not a folder (or is a link to one)")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise failure(STATE_FOREIGN, f"{path} belongs to another user")
    if not (path / MARKER).exists() and any(path.iterdir()):
        raise failure(STATE_FOREIGN, f"{path} holds files that no sandbox made")
