"""Options and fixtures that every test may use, and the tables at the end of a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tables import FAULT, Tell, fault_lines, rows


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes expected files anew; look at the difference before you commit it."""
    parser.addoption("--update-golden", action="store_true", help="write expected files anew")


@pytest.fixture(scope="session")
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are to be written."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Add a line to the list of faults: injected, seen, left."""

    def add(injected: str, seen: str, left: str = "nothing") -> None:
        record_property(FAULT, (injected, " ".join(seen.split()), left))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the list of faults."""
    found = list(fault_lines(rows(terminalreporter, FAULT)))
    if found:
        terminalreporter.section("faults injected, what the user saw, what was left")
    for line in found:
        terminalreporter.write_line(line)
