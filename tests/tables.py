"""Rows that tests hand to the end of a run, where they are printed as tables. They travel with the tests' reports, so
that it does not matter in which process a test has run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import pytest

FAULT = "imagesmith-fault"
WINDOWS = "imagesmith-windows-build"
_FOLDER = re.compile(r"/tmp/[^ ']*/")


class Tell(Protocol):
    """Adds a line to the list of faults."""

    def __call__(self, injected: str, seen: str, left: str = "nothing") -> None:
        """What was injected, what the user saw, what was left."""


def rows(reporter: pytest.TerminalReporter, key: str) -> list[Any]:
    """What passed tests have recorded under a key (`record_property`), in the order in which they ended."""
    return [
        value
        for report in reporter.getreports("passed")
        for name, value in report.user_properties
        if name == key and report.when == "call"
    ]


def fault_lines(faults: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """The list of faults for people."""
    for injected, seen, left in faults:
        saw, stays = (_FOLDER.sub("", text) for text in (seen, left))
        yield f"{injected}\n    saw:  {saw:.150}\n    left: {stays:.150}"
