"""A report to JSON data: the form that scripts read."""

from __future__ import annotations

import json
from typing import Any

from imagesmith.diagnostics import Severity
from imagesmith.diagnostics import to_json as diagnostic_to_json
from imagesmith.report.findings import Report, State

__all__ = ["diagnostic_to_json", "document", "json_line", "json_text", "report"]


def report(found: Report) -> str:
    """The one document of a check, in ASCII."""
    return json_text(document(found)) + "\n"


def json_text(data: Any) -> str:  # JSON data
    """JSON data as text in ASCII, in which no CI service that reads along finds a command to it (``##vso[``)."""
    return _harmless(json.dumps(data, indent=2))


def json_line(data: Any) -> str:  # JSON data
    """The same in one line, for a stream of events."""
    return _harmless(json.dumps(data))


def _harmless(text: str) -> str:
    return text.replace("##", "\\u0023#")


def document(found: Report) -> dict[str, Any]:  # JSON data
    """What counts under `diagnostics`; what the baseline knows and the templates silence apart, with the reason."""
    new = found.diagnostics()
    return {
        "diagnostics": [diagnostic_to_json(one) for one in new],
        "known": [diagnostic_to_json(one) for one in found.diagnostics(State.KNOWN)],
        "silenced": [
            {**diagnostic_to_json(finding.diagnostic), "reason": finding.reason}
            for finding in found.findings
            if finding.state is State.SILENCED
        ],
        "files": [{"file": file.name, "valid": file.valid, "passed": found.passes(file)} for file in found.files],
        "summary": {
            **{f"{severity}s": sum(one.severity is severity for one in new) for severity in Severity},
            "files": len(found.files),
            "skipped": found.skipped,
        },
    }
