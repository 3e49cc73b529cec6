"""Rules over the model: what no schema can say, each a row with a code and a small function beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from imagesmith.diagnostics import Diagnostic
from imagesmith.model import ImageTemplate
from imagesmith.rules import (
    distribution,
    files,
    identifiers,
    lint,
    machine,
    names,
    regions,
    source,
    steps,
    timeouts,
    updates,
    validation,
    vhd,
)
from imagesmith.rules.context import Check, RuleContext, ScriptFault, ShellReader
from imagesmith.rules.lint.secrets import secrets_in_clear
from imagesmith.rules.os_type import decide_os_type
from imagesmith.source.findings import shown

_LONGEST = 1000  # characters; an id of Azure has some 300

__all__ = ["CHECKS", "RuleContext", "ScriptFault", "ShellReader", "check", "decide_os_type", "secrets_in_clear"]

CHECKS: tuple[Check, ...] = (
    *names.CHECKS,
    *regions.CHECKS,
    *source.CHECKS,
    *identifiers.CHECKS,
    *steps.CHECKS,
    *files.CHECKS,
    *updates.CHECKS,
    *timeouts.CHECKS,
    *validation.CHECKS,
    *distribution.CHECKS,
    *vhd.CHECKS,
    *machine.CHECKS,
    *lint.CHECKS,
)
"""Every rule, in the order in which a reader meets its subject in a template."""


def check(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Run every rule, `decide_os_type` first: the others then know the operating system, if it is known at all."""
    os_type, findings = decide_os_type(template, context)
    yield from map(_bounded, findings)
    decided = replace(context, os_type=os_type)
    for rule in CHECKS:
        yield from map(_bounded, rule(template, decided))


def _bounded(diagnostic: Diagnostic) -> Diagnostic:
    """The same, cut where it quotes a text so long that nobody would find the message around it."""
    if max(len(diagnostic.message), len(diagnostic.hint)) <= _LONGEST:
        return diagnostic
    return replace(diagnostic, message=shown(diagnostic.message, _LONGEST), hint=shown(diagnostic.hint, _LONGEST))
