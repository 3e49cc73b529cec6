"""Computations to the secure parameters that they have read, also through names that were computed before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Reads:
    """Names of the secure parameters that the computation which is going on has read."""

    def __init__(self) -> None:
        self._now: set[str] = set()

    def add(self, *names: str) -> None:
        """Note that these have been read."""
        self._now.update(names)

    @contextmanager
    def apart(self) -> Iterator[set[str]]:
        """Notes what is read inside in a set of its own; what goes on around it has read that as well."""
        around, self._now = self._now, set()
        try:
            yield self._now
        finally:
            around.update(self._now)
            self._now = around
