"""What is collected here, and a summary of the verdicts at the end."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.corpus.templates import CORPUS, FILES, REFERENCE, judged, read_rows

collect_ignore = [
    *(() if CORPUS.is_dir() else ("test_verdicts.py", "test_compiled.py", "test_converted.py")),
    *(() if REFERENCE.is_dir() else ("test_option_tables.py",)),
]
"""The material is not part of the project: where it is absent there are no tests."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
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
