"""Diagnostics to JSON data for other programs."""

from __future__ import annotations

from imagesmith.diagnostics import Diagnostic, dotted


def diagnostic_to_json(diagnostic: Diagnostic) -> dict[str, str | int | None]:
    """One diagnostic with exactly the keys that scripts may rely on; the place is null where there is none.

    `line` and `column` are counted from 1, columns in characters; `path` is dotted: ``properties.customize[3]``.
    """
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "path": dotted(diagnostic.path),
    }
