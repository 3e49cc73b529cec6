"""What a compilation says to the same without secrets: its diagnostics, and the titles of its steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from imagesmith.diagnostics import Diagnostic
from imagesmith.plan import BuildPlan
from imagesmith.redact import Redactor, too_short


def redacted(diagnostics: Iterable[Diagnostic], hidden: tuple[str, ...]) -> list[Diagnostic]:
    """Diagnostics whose words, which quote values, hold no value of a secure parameter and no signature."""
    redact = Redactor(hidden).redact
    return [replace(found, message=redact(found.message), hint=redact(found.hint)) for found in diagnostics]


def with_plain_titles(plan: BuildPlan, hidden: tuple[str, ...]) -> BuildPlan:
    """The plan with steps whose titles, which are shown everywhere, hold no secret."""
    if not hidden:
        return plan
    redact = Redactor(hidden).redact
    stages = (
        replace(stage, steps=tuple(replace(step, title=redact(step.title)) for step in stage.steps))
        for stage in plan.stages
    )
    return replace(plan, stages=tuple(stages))


def without_long(named: Mapping[str, str]) -> Callable[[str], str]:
    """What takes values of secure parameters out of a text in which a short one would be a word of ours."""
    long = [value for value in named.values() if too_short(value) is None]
    return Redactor(long).redact if long else str
