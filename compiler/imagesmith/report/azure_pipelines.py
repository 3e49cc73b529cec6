"""A report to Azure Pipelines' logging commands, which become issues of the run.

Commands and escapes: Azure Pipelines documentation, 'Logging commands' (`task.logissue`, formatting commands). There is
no kind of issue for a note, so notes go to the debug log.
"""

from __future__ import annotations

from imagesmith.diagnostics import Severity
from imagesmith.report.findings import Finding, Report, State, lines_of, path_of
from imagesmith.report.text import escape_controls

_TYPES = {Severity.ERROR: "error", Severity.WARNING: "warning"}


def report(found: Report) -> str:
    """A command a line for every finding that counts."""
    new = {finding.diagnostic: finding for finding in found.findings if finding.state is State.NEW}
    return "".join(f"{_command(finding)}\n" for finding in new.values())


def _command(finding: Finding) -> str:
    diagnostic = finding.diagnostic
    text = "\n".join(escape_controls(line) for line in f"{diagnostic.code}: {lines_of(finding)}".split("\n"))
    kind = _TYPES.get(diagnostic.severity)
    if kind is None:
        place = f"{escape_controls(str(diagnostic.span))}: " if diagnostic.span else ""
        return f"##vso[task.debug]{_data(place + text)}"
    given = {"type": kind, **_place(finding), "code": diagnostic.code}
    return (
        f"##vso[task.logissue {''.join(f'{name}={_property(value)};' for name, value in given.items())}]{_data(text)}"
    )


def _place(finding: Finding) -> dict[str, str]:
    span = finding.diagnostic.span
    if span is None:
        return {}
    return {"sourcepath": path_of(span.file), "linenumber": str(span.line), "columnnumber": str(span.column)}


def _data(text: str) -> str:
    return text.replace("%", "%AZP25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(escape_controls(text)).replace("]", "%5D").replace(";", "%3B")
