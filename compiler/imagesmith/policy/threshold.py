"""From which severity on a diagnostic makes a command fail."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from imagesmith.diagnostics import Diagnostic, Severity


class FailOn(StrEnum):
    """The mildest severity that makes a command fail; `never` lets a check report errors and succeed all the same."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    NEVER = "never"


_FAILING = {
    FailOn.ERROR: frozenset({Severity.ERROR}),
    FailOn.WARNING: frozenset({Severity.ERROR, Severity.WARNING}),
    FailOn.NOTE: frozenset(Severity),
    FailOn.NEVER: frozenset[Severity](),
}


def fails(diagnostics: Iterable[Diagnostic], fail_on: FailOn) -> bool:
    """Whether any of the diagnostics is as bad as the threshold."""
    failing = _FAILING[fail_on]
    return any(found.severity in failing for found in diagnostics)
