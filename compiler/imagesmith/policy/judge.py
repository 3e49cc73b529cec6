"""Diagnostics to those that count, under a policy and the directives of the template."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from imagesmith.diagnostics import Diagnostic
from imagesmith.policy.directives import Directive
from imagesmith.policy.rules import ERROR_NOT_SILENCED, UNUSED_SILENCE
from imagesmith.policy.selectors import Policy, is_code


@dataclass(frozen=True, kw_only=True, slots=True)
class Silenced:
    """A diagnostic that the template itself silences, and why."""

    diagnostic: Diagnostic
    directive: Directive


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What counts, at the severity that it has here, and what was silenced."""

    diagnostics: tuple[Diagnostic, ...]
    silenced: tuple[Silenced, ...] = ()


def judge(
    diagnostics: Iterable[Diagnostic], *, policy: Policy, directives: Sequence[Directive] = (), complete: bool = False
) -> Judged:
    """Take away what is not wanted or silenced. Errors stay, with a note where somebody asked for the contrary.

    `complete` says that every check has been made, so that a directive that silences nothing is told of.
    """
    if policy.is_plain and not directives:
        return Judged(diagnostics=tuple(diagnostics))
    kept: list[Diagnostic] = []
    silenced: list[Silenced] = []
    used: set[Directive] = set()
    for found in diagnostics:
        covering = [directive for directive in directives if directive.covers(found)]
        used.update(covering)
        if found.is_error:
            kept += [found, *_refusals(found, covering, policy)]
        elif not policy.wants(found.code):
            continue
        elif covering:
            silenced.append(Silenced(diagnostic=found, directive=covering[0]))
        else:
            kept.append(_graded(found, policy))
    idle = [one for one in directives if one not in used] if complete else []
    notes = [UNUSED_SILENCE.at((), _nothing(one), span=one.span) for one in idle]
    kept += [_graded(note, policy) for note in notes if policy.wants(note.code)]
    return Judged(diagnostics=tuple(kept), silenced=tuple(silenced))


def _graded(found: Diagnostic, policy: Policy) -> Diagnostic:
    severity = policy.severity(found.code, found.severity)
    return found if severity is found.severity else replace(found, severity=severity)


def _refusals(error: Diagnostic, covering: Sequence[Directive], policy: Policy) -> list[Diagnostic]:
    """Notes for those who tried to silence exactly this error."""
    message = f"{error.code} is an error here; errors cannot be silenced"
    notes = [
        ERROR_NOT_SILENCED.at(error.path, message, span=directive.span)
        for directive in covering
        if any(is_code(selector) for selector in directive.selectors)
    ]
    if policy.names(error.code):
        message = f"{error.code} is an error here; errors cannot be ignored or given another severity"
        notes.append(ERROR_NOT_SILENCED.at(error.path, message, span=error.span, via=error.via))
    return [note for note in notes if policy.wants(note.code)]


def _nothing(directive: Directive) -> str:
    listed = " or ".join(directive.selectors)
    return f"there is no {listed} here to silence"
