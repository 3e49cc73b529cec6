"""A wish to cancel, from another process of the same user to the one that runs: a file in the run's own folder.

No process is signalled, so none that only has the number of one that is gone. The folder belongs to the user alone, and
the request counts only while the run's own process holds the record.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from imagesmith.journal.faults import CANNOT_WRITE, NOT_RUNNING, StateError, words
from imagesmith.journal.owner import is_owned

REQUEST = "cancel.json"
_LOOK_S = 0.25
_LARGEST = 4096


def request_cancel(path: Path, *, kill: bool = False) -> None:
    """Ask the process that runs a run to cancel it; with `kill` to end Packer at once, without clean-up in Azure.

    Raises `StateError` if no process runs it any more (IMG807) or the request cannot be written (IMG803).
    """
    if not is_owned(path):
        raise StateError(NOT_RUNNING, f"the run {path.name} does not go on any more")
    scratch = path / f".{REQUEST}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(scratch, flags, 0o600), "w", encoding="ascii") as file:
            json.dump({"kill": kill}, file)
        scratch.replace(path / REQUEST)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink()
        raise StateError(CANNOT_WRITE, f"{path}: {words(error)}") from None


def is_requested(path: Path) -> bool:
    """Whether somebody has asked for the run's end."""
    return _request(path) is not None


class CancelRequests:
    """Looks for requests while a run goes on, and passes each on once: `on_request(kill)`, from a thread of its own."""

    def __init__(self, path: Path, on_request: Callable[[bool], None]) -> None:
        self._path = path
        self._on_request = on_request
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="imagesmith-requests", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        passed: set[bool] = set()
        while not self._over.wait(_LOOK_S):
            kill = _request(self._path)
            if kill is not None and kill not in passed:
                passed.add(kill)
                self._on_request(kill)


def _request(path: Path) -> bool | None:
    """Whether to kill, None where nothing was asked for; only a file of the same user's counts."""
    try:
        handle = os.open(path / REQUEST, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or (sys.platform != "win32" and status.st_uid != os.geteuid()):
            return None
        with suppress(ValueError, OSError, RecursionError):
            asked = json.loads(file.read(_LARGEST))
            if isinstance(asked, dict):
                return asked.get("kill") is True
    return None
