"""Advice: what is legal and goes wrong in practice. Rows with codes IMG500 to IMG599, each with its function beside it.

Scripts are read once; the checks of a kind then look at every script of that kind.
"""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic
from imagesmith.model import ImageTemplate
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.lint import (
    apt,
    cmdlets,
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
    read_scripts,
)

__all__ = ["CHECKS"]

_SHELL: tuple[ShellCheck, ...] = (
    *prompts.CHECKS,
    *apt.SHELL_CHECKS,
    *privileges.CHECKS,
    *failures.CHECKS,
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
    *syntax.TEMPLATE_CHECKS,
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
                yield from shell_check(script, context)
        case PowerShellScript():
            for powershell_check in _POWERSHELL:
                yield from powershell_check(script, context)


def _whole(scripts: Scripts, context: RuleContext) -> Iterator[Diagnostic]:
    for check in _TEMPLATE:
        yield from check(scripts, context)


CHECKS: tuple[Check, ...] = (
    check_scripts,
    secrets.check_secrets,
    signatures.check_signatures,
    *machines.CHECKS,
    *times.CHECKS,
)
