"""What commands take from the process that they run in: its signals, and where the environment says that files are."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from imagesmith.packer import CancelToken
from imagesmith.packer.cancel import INTERRUPTED, TERMINATED


@contextmanager
def cancel_on_signals() -> Iterator[CancelToken]:
    """A token that Ctrl-C, SIGTERM and SIGHUP request.

    The first signal asks Packer to clean up. The second one has the run say what a third one would do, and a person on
    a terminal is asked (`Screen`); the third one ends Packer.
    """
    presses = _Presses(CancelToken())
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), presses.handle) for name in names}
    try:
        yield presses.token
    finally:
        for name, action in before.items():
            signal.signal(getattr(signal, name), action)


class _Presses:
    """Signals of somebody who grows impatient."""

    def __init__(self, token: CancelToken) -> None:
        self.token = token
        self._count = 0

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """One more signal. Nothing here takes a lock or writes: it may come in the middle of either."""
        self._count += 1
        reason = INTERRUPTED if number == signal.SIGINT else TERMINATED
        if self._count > 2:
            self.token.kill(reason)
        else:
            self.token.request(reason)


def state_folder(given: str | None) -> Path:
    """Where run records go: the option, IMAGESMITH_STATE_DIR, or `.imagesmith` here."""
    return Path(given or os.environ.get("IMAGESMITH_STATE_DIR") or ".imagesmith")


def cache_folder() -> Path:
    """Where programs and fetched files are kept between runs."""
    base = os.environ.get("IMAGESMITH_CACHE_DIR")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imagesmith"


def proxies() -> dict[str, str]:
    """The proxies that the environment names, lower-case names first as everywhere."""
    found = {
        kind: os.environ.get(f"{kind}_proxy") or os.environ.get(f"{kind.upper()}_PROXY")
        for kind in ("https", "http", "no")
    }
    return {kind: text for kind, text in found.items() if text}
