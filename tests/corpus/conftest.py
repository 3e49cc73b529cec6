"""What is collected here, and a summary of the verdicts at the end."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.corpus.templates import CORPUS, FILES, REFERENCE, judged, read_rows

_OF_CORPUS = ("test_verdicts.py", "test_compiled.py", "test_converted.py", "test_windows_builds.py")

collect_ignore = [
    *(() if CORPUS.is_dir() else _OF_CORPUS),
    *(() if REFERENCE.is_dir() else ("test_option_tables.py",)),
]
"""The material is not part of the project: where it is absent there are no tests."""

WINDOWS_TABLE = pytest.StashKey[list[str]]()
"""One row a Windows template that was built."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables of what was tried."""
    _windows_summary(terminalreporter)
    _verdicts_summary(terminalreporter)


def _windows_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What came of each Windows template's build."""
    rows = terminalreporter.config.stash.get(WINDOWS_TABLE, [])
    if rows:
        terminalreporter.write_sep("-", f"corpus: {len(rows)} Windows templates built in the sandbox")
    for row in rows:
        terminalreporter.write_line(row)


def _verdicts_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many of the real templates compile, and which diagnostics stand in the others."""
    if not any("corpus/test_verdicts.py" in report.nodeid for report in terminalreporter.getreports("passed")):
        return
    rows = [judged(row) for file, row in read_rows().items() if file in FILES]
    verdicts = Counter(row.verdict for row in rows)
    codes = Counter(code.partition("*")[0] for row in rows for code in row.codes.split())
    terminalreporter.write_sep(
        "-", f"corpus: {verdicts['compiles']} compile, {verdicts['diagnostics']} get diagnostics"
    )
    for code, files in sorted(codes.items()):
        terminalreporter.write_line(f"{code}: {files} files")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Without the material there is nothing to run, which is no failure of `make corpus`."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not (CORPUS.is_dir() or REFERENCE.is_dir()):
        session.exitstatus = pytest.ExitCode.OK
