"""A path to the state folder: ours alone, private, and with one folder a run."""

from __future__ import annotations

import os
import re
import stat
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from imagesmith.journal.faults import (
    CANNOT_WRITE,
    NO_STATE,
    NO_SUCH_RUN,
    NOT_A_FOLDER,
    OTHER_OWNER,
    OTHERS_MAY_WRITE,
    StateError,
    words,
)

RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")
"""The form of a run's id: when it began, and six digits that no other run has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A state folder that was found fit by `open_state`."""

    path: Path

    @property
    def runs(self) -> Path:
        """The folder with one folder a run."""
        return self.path / "runs"

    def run_ids(self) -> list[str]:
        """The ids of all runs that have a folder, the newest first."""
        try:
            names = [entry.name for entry in os.scandir(self.runs) if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        return sorted((name for name in names if RUN_ID.fullmatch(name)), reverse=True)

    def run(self, run_id: str) -> Path:
        """The folder of a run that has a record; raises `StateError` (IMG804). The id may be any text."""
        path = self.runs / run_id
        if not RUN_ID.fullmatch(run_id) or path.is_symlink() or not path.is_dir():
            raise StateError(NO_SUCH_RUN, f"there is no record of a run {run_id!r} in {self.path}")
        return path


def open_state(path: Path) -> State:
    """Make the folder, or take the one that is there (architecture §5).

    It is made for its owner alone (0700) and kept out of git. Raises `StateError` for a link, another user's folder,
    one that others may write to, and one that cannot be written to.
    """
    path = Path(os.path.abspath(path))  # noqa: PTH100  (resolve() would follow a link that we want to see)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for folder in (path, path / "runs"):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            _check(folder)
            if sys.platform != "win32":
                folder.chmod(0o700)
        _keep_out_of_git(path)
    except OSError as error:
        raise StateError(CANNOT_WRITE, f"{path}: {words(error)}") from None
    return State(path=path)


def find_state(path: Path) -> State:
    """Take a state folder that is there, to read it; nothing is made or changed. Raises `StateError`."""
    path = Path(os.path.abspath(path))  # noqa: PTH100  (as above)
    try:
        for folder in (path, path / "runs"):
            _check(folder)
    except FileNotFoundError:
        raise StateError(NO_STATE, f"there is no state folder {path}") from None
    except OSError as error:
        raise StateError(NO_STATE, f"{path}: {words(error)}") from None
    return State(path=path)


def new_run_id(now: datetime, entropy: bytes) -> str:
    """An id that sorts by time: `20261124T093112Z-4f2a9c`. `entropy` is three random bytes or more."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{entropy[:3].hex()}"


def _check(folder: Path) -> None:
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise StateError(NOT_A_FOLDER, f"{folder} is {'a link' if stat.S_ISLNK(status.st_mode) else 'not a folder'}")
    if sys.platform != "win32":  # there, rights are not in the mode, and folders of a profile are the user's own
        if status.st_uid != os.geteuid():
            raise StateError(OTHER_OWNER, f"{folder} belongs to the user with the number {status.st_uid}")
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StateError(OTHERS_MAY_WRITE, f"{folder} has the rights {stat.S_IMODE(status.st_mode):o}")


def _keep_out_of_git(path: Path) -> None:
    with suppress(FileExistsError):
        handle = os.open(path / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("*\n")
