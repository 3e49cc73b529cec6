"""Signals that end the program, outside of a build: as an exception, and never in the middle of an import.

An exception that strikes while a module is loaded comes out as anything: an extension written in Rust panics of it, and
other code takes it for a module that is missing.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_HELD = frozenset((signal.SIGINT, *_ENDING))


class Ending:
    """Lets SIGTERM and SIGHUP end the program as an exception does, so that nothing half-done and no process stays;
    builds have handlers of their own."""

    def __init__(self, status: int) -> None:
        self._status = status
        self.has_begun = False
        """Whether such a signal has come: whatever exception is seen then is its doing."""

    def install(self) -> None:
        """Take the signals that nobody else has taken: `nohup`, for one, wants SIGHUP to be passed over."""
        for number in _ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                signal.signal(number, self._end)

    def _end(self, _number: int, _frame: FrameType | None) -> None:
        self.has_begun = True
        raise SystemExit(self._status)


@contextmanager
def signals_held() -> Iterator[None]:
    """Signals that come meanwhile, Ctrl-C too, are taken at the end of the block; Windows cannot hold them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
