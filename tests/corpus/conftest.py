"""What is collected here, and a summary of the verdicts at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from tests.corpus.templates import CORPUS, FILES, REFERENCE, Row, judged, read_rows
from tests.tables import WINDOWS, rows

_OF_CORPUS = ("test_verdicts.py", "test_compiled.py", "test_converted.py", "test_windows_builds.py")

collect_ignore = [
    *(() if CORPUS.is_dir() else _OF_CORPUS),
    *(() if REFERENCE.is_dir() else ("test_option_tables.py",)),
]
"""The material is not part of the project: where it is absent there are no tests."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables of what was tried."""
    _windows_summary(terminalreporter)
    _verdicts_summary(terminalreporter)


def _windows_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What came of each Windows template's build."""
    found = rows(terminalreporter, WINDOWS)
    if found:
        terminalreporter.write_sep("-", f"corpus: {len(found)} Windows templates built in the sandbox")
    for row in found:
        terminalreporter.write_line(row)


def _verdicts_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many of the real templates compile, and which diagnostics stand in the others."""
    if not any("corpus/test_verdicts.py" in report.nodeid for report in terminalreporter.getreports("passed")):
        return
    verdicts = [judged(row) for file, row in read_rows().items() if file in FILES]
    terminalreporter.write_sep("-", "corpus of real templates")
    for line in table(verdicts):
        terminalreporter.write_line(line)


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Counts by kind of file: how many there are, compile, and get errors; then of each code how many files have it."""
    by_kind: dict[str, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(kind_of(row.file), []).append(row)
    everything = [row for kind in by_kind.values() for row in kind]
    layout = "{:<22}{:>7}{:>10}{:>13}"
    yield layout.format("kind", "files", "compiled", "diagnostics")
    for kind, found in [*by_kind.items(), ("all", everything)]:
        verdicts = Counter(row.verdict for row in found)
        yield layout.format(kind, len(found), verdicts["compiles"], verdicts["diagnostics"])
    codes = Counter(code.partition("*")[0] for row in everything for code in row.codes.split())
    yield "files with each code: " + ", ".join(f"{code} {files}" for code, files in sorted(codes.items()))


def kind_of(file: str) -> str:
    """The folder of the corpus, with Bicep sources apart: they need a program that is not at hand."""
    kind = file.partition("/")[0]
    return f"{kind} (Bicep)" if file.endswith(".bicep") else kind


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Without the material there is nothing to run, which is no failure of `make corpus`."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and not (CORPUS.is_dir() or REFERENCE.is_dir()):
        session.exitstatus = pytest.ExitCode.OK
