"""Compilations to a report, and the report to where it is wanted: stdout, stderr or a file."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from imagesmith.cli.output import colors
from imagesmith.cli.settings import Compiled
from imagesmith.cli.writing import write_whole
from imagesmith.pipeline import Compilation
from imagesmith.redact import Redactor
from imagesmith.report.findings import CheckedFile, Finding, Report, State
from imagesmith.report.fingerprints import fingerprint
from imagesmith.report.formats import format_named
from imagesmith.report.text_report import report as text_report

TEXT = "text"


def report_of(checked: Sequence[Compiled], *, skipped: int = 0) -> Report:
    """What some compilations found."""
    return Report(
        files=tuple(
            CheckedFile(name=one.compilation.filename, valid=one.compilation.ok, fail_on=one.fail_on) for one in checked
        ),
        findings=tuple(finding for one in checked for finding in _findings(one.compilation)),
        skipped=skipped,
        secrets=tuple(dict.fromkeys(text for one in checked for text in one.compilation.secrets)),
    )


def _findings(compilation: Compilation) -> list[Finding]:
    redactor = Redactor(compilation.secrets)
    file = compilation.filename
    new = [
        Finding(diagnostic=found, file=file, fingerprint=fingerprint(found, redactor))
        for found in compilation.diagnostics
    ]
    return new + [
        Finding(
            diagnostic=one.diagnostic,
            file=file,
            fingerprint=fingerprint(one.diagnostic, redactor),
            state=State.SILENCED,
            reason=one.directive.reason,
        )
        for one in compilation.silenced
    ]


def show_report(report: Report, *, form: str | None, file: str | None, on_stdout: bool) -> None:
    """Show a report. Text goes to stderr; another format to the file, with the text on stderr, or to stdout.

    Where stdout is another's (`on_stdout` is false), the format goes to stderr in the text's place. Raises
    click.BadParameter for a file that cannot be written.
    """
    if file is not None:
        write_whole(file, format_named(form or TEXT).of(report), option="--report")
    if file is not None or form in {None, TEXT}:
        click.echo(text_report(report, color=colors(sys.stderr), with_closing=on_stdout), err=True, nl=False)
    else:
        click.echo(format_named(form or TEXT).of(report), err=not on_stdout, nl=False)
