"""The list of all faults at the end of the test run: what was injected, what the user saw, what was left."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from tests.faults.stand import Stand


class Tell(Protocol):
    """Adds a line to the list."""

    def __call__(self, injected: str, seen: str, left: str = "nothing") -> None:
        """What was injected, what the user saw, what was left."""


_FOLDER = re.compile(r"/tmp/[^ ']*/")
_KEY = "imagesmith-fault"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """A fresh place."""
    return Stand(folder=tmp_path)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Add a line to the list: injected, seen, left."""

    def add(injected: str, seen: str, left: str = "nothing") -> None:
        record_property(_KEY, (injected, " ".join(seen.split()), left))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the list."""
    rows = [
        value
        for report in terminalreporter.getreports("passed")
        for key, value in report.user_properties
        if key == _KEY and report.when == "call"
    ]
    if not rows:
        return
    terminalreporter.section("faults injected, what the user saw, what was left")
    for injected, seen, left in rows:
        saw, stays = (_FOLDER.sub("", text) for text in (seen, left))
        terminalreporter.write_line(f"{injected}\n    saw:  {saw:.150}\n    left: {stays:.150}")
