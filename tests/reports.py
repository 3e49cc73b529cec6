"""Odd diagnostics for the tests of formats: what a CI service, an XML reader or a terminal could trip over."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic, Severity, SourceText, Span, Via
from imagesmith.report.findings import CheckedFile, Finding, Report, State

ODD = "a\x1b[31m%0A::error::x ##vso[task.setvariable variable=a]b ##[add-path]c;]\x00\u202e\ud800\ufffe,:\n::set-output"
"""Escape sequences, commands of CI services, their separators, what XML forbids, half a character, a second line."""

SOURCE = SourceText("infra/a b%,é.json", '{\n  "k": "\U0001f600\U0001f600 x",\n  "long": [\n    1\n  ]\n}\n')


def diagnostic(message: str = ODD, *, severity: Severity = Severity.ERROR, code: str = "IMG301") -> Diagnostic:
    """One about the `x` behind two characters that UTF-16 writes as four units."""
    at = SOURCE.text.index(' x"')
    span = Span(SOURCE, at + 1, at + 2)
    station = Via(f"parameter '{ODD}'", Span(SOURCE, 4, 7))
    return Diagnostic(
        code=code,
        severity=severity,
        message=message,
        hint=f"hint {ODD}",
        path=("properties", "customize", 3),
        span=span,
        via=(station,),
    )


def several_lines() -> Diagnostic:
    """One about an array of three lines."""
    start = SOURCE.text.index("[")
    return Diagnostic(
        code="IMG331",
        severity=Severity.WARNING,
        message="m",
        hint="",
        span=Span(SOURCE, start, SOURCE.text.index("]") + 1),
    )


def report(*diagnostics: Diagnostic, state: State = State.NEW, reason: str = "") -> Report:
    """A report of one file with these findings."""
    return Report(
        files=(CheckedFile(name=SOURCE.name, valid=False),),
        findings=tuple(
            Finding(diagnostic=one, file=SOURCE.name, fingerprint=f"{number:016}", state=state, reason=reason)
            for number, one in enumerate(diagnostics)
        ),
    )


def whole() -> Report:
    """A report with something of everything."""
    nowhere = Diagnostic(code="IMG700", severity=Severity.NOTE, message=ODD, hint="")
    new = report(diagnostic(), several_lines(), nowhere)
    known = report(diagnostic("known"), state=State.KNOWN, reason="known from the baseline")
    silenced = report(diagnostic("silenced", code="IMG389"), state=State.SILENCED, reason=ODD)
    return Report(files=new.files, findings=(*new.findings, *known.findings, *silenced.findings))
