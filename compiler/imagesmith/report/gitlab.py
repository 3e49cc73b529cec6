"""A report to GitLab's Code Quality form (GitLab documentation, 'Code Quality', report format)."""

from __future__ import annotations

from imagesmith.diagnostics import Severity
from imagesmith.report.findings import Finding, Report, State, lines_of, path_of
from imagesmith.report.json import json_text

_SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.NOTE: "info"}


def report(found: Report) -> str:
    """All findings but the silenced ones: GitLab itself compares them with those of the target branch."""
    shown = {finding.diagnostic: finding for finding in found.findings if finding.state is not State.SILENCED}
    counted: dict[str, int] = {}
    issues = []
    for finding in shown.values():
        number = counted[finding.fingerprint] = counted.get(finding.fingerprint, 0) + 1
        issues.append(_issue(finding, number))
    return json_text(issues) + "\n"


def _issue(finding: Finding, number: int) -> dict[str, object]:
    span = finding.diagnostic.span
    return {
        "description": lines_of(finding),
        "check_name": finding.diagnostic.code,
        "fingerprint": f"{finding.fingerprint}-{number}",
        "severity": _SEVERITIES[finding.diagnostic.severity],
        "location": {
            "path": path_of(span.file if span else finding.file),
            "lines": {"begin": span.line if span else 1},
        },
    }
