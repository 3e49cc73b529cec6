"""Advice: what is legal and goes wrong in practice. Rows with codes IMG500 to IMG599, each with its function beside it.

Scripts are read once; the checks of a kind then look at every script of that kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from imagesmith.diagnostics import Diagnostic
from imagesmith.model import ImageTemplate
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.lint import (
    apt,
    bashisms,
    cmdlets,
    escapes,
    exits,
    failures,
    installers,
    machines,
    places,
    privileges,
    prompts,
    restarts,
    secrets,
    sessions,
    signatures,
    syntax,
    times,
    web,
)
from imagesmith.rules.lint.scripts import (
    PowerShellCheck,
    PowerShellScript,
    Scripts,
    ShellCheck,
    ShellScript,
    TemplateCheck,
    check_unread,
    read_scripts,
)

__all__ = ["CHECKS"]

_SHOWN = 10
"""Diagnostics of one check about one script."""

_SHELL: tuple[ShellCheck, ...] = (
    *prompts.CHECKS,
    *apt.SHELL_CHECKS,
    *privileges.CHECKS,
    *failures.CHECKS,
    *bashisms.CHECKS,
    *restarts.SHELL_CHECKS,
)
_POWERSHELL: tuple[PowerShellCheck, ...] = (
    *cmdlets.CHECKS,
    *installers.CHECKS,
    *web.CHECKS,
    *restarts.POWERSHELL_CHECKS,
)
_TEMPLATE: tuple[TemplateCheck, ...] = (
    *apt.TEMPLATE_CHECKS,
    *exits.TEMPLATE_CHECKS,
    *restarts.TEMPLATE_CHECKS,
    *sessions.TEMPLATE_CHECKS,
    *places.TEMPLATE_CHECKS,
)
"""What concludes from what no script of the template says: silent where some are not read."""
_EVERY_TEMPLATE: tuple[TemplateCheck, ...] = (
    *syntax.TEMPLATE_CHECKS,
    check_unread,
)


def check_scripts(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Every rule about scripts that this machine can run at all."""
    scripts = read_scripts(template, context.os_type)
    for script in scripts.all:
        yield from _script(script, context)
    yield from _whole(scripts, context)


def _script(script: ShellScript | PowerShellScript, context: RuleContext) -> Iterator[Diagnostic]:
    match script:
        case ShellScript():
            for shell_check in _SHELL:
                yield from _first_few(shell_check(script, context))
        case PowerShellScript():
            for powershell_check in _POWERSHELL:
                yield from _first_few(powershell_check(script, context))


def _first_few(findings: Iterator[Diagnostic]) -> Iterator[Diagnostic]:
    """The first places of a script, the last of them with how many more there are: nobody reads hundreds."""
    shown = list(itertools.islice(findings, _SHOWN))
    more = sum(1 for _ in findings)
    if more:
        message = f"{shown[-1].message} (and {more} more place{'s' if more > 1 else ''} in this script)"
        shown[-1] = replace(shown[-1], message=message)
    yield from shown


def _whole(scripts: Scripts, context: RuleContext) -> Iterator[Diagnostic]:
    for check in (*(() if scripts.unread else _TEMPLATE), *_EVERY_TEMPLATE):
        yield from check(scripts, context)


CHECKS: tuple[Check, ...] = (
    check_scripts,
    secrets.check_secrets,
    signatures.check_signatures,
    *escapes.CHECKS,
    *machines.CHECKS,
    *times.CHECKS,
)
