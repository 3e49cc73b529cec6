"""A report to GitHub Actions' workflow commands, which become annotations at the lines of a pull request.

Escapes and the form of a command: actions/toolkit `packages/core/src/command.ts`, actions/runner `ActionCommand.cs`.
Columns are given where a finding stands on one line only (checks API: annotations).
"""

from __future__ import annotations

from imagesmith.diagnostics import Severity
from imagesmith.report.findings import Finding, Report, State, end_of, lines_of, path_of
from imagesmith.report.text import escape_controls

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def report(found: Report) -> str:
    """A command a line for every finding that counts; the worst ones first, since GitHub shows only so many."""
    new = [finding for finding in found.findings if finding.state is State.NEW]
    new = list({finding.diagnostic: finding for finding in new}.values())
    new.sort(key=lambda finding: list(Severity).index(finding.diagnostic.severity))
    return "".join(f"{_command(finding)}\n" for finding in new)


def _command(finding: Finding) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in _properties(finding).items())
    text = "\n".join(escape_controls(line) for line in lines_of(finding).split("\n"))
    return f"::{_COMMANDS[finding.diagnostic.severity]} {given}::{_data(text)}"


def _properties(finding: Finding) -> dict[str, str]:
    span = finding.diagnostic.span
    place: dict[str, str] = {}
    if span is not None:
        last, column = span.source.position(end_of(span.source, span.start, span.end))
        place = {"file": path_of(span.file), "line": str(span.line), "endLine": str(last)}
        if last == span.line:
            place |= {"col": str(span.column), "endColumn": str(column)}
    return {**place, "title": finding.diagnostic.code}


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escape_controls(text)).replace(":", "%3A").replace(",", "%2C")
