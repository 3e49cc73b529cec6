"""All scripts of a template, each read once, whichever rules then look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import Customizer, ImageTemplate, OsType, PowerShell, Shell
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint import powershell, shell
from imagesmith.rules.lint.script import Script
from imagesmith.rules.os_type import all_steps, required_os

UNREAD = Rule(
    code="IMG590",
    severity=Severity.NOTE,
    title="scripts are too long to be looked through",
    cause="Advice must not take longer than the work: of a script with more than 100,000 characters, and of scripts"
    " beyond 200,000 characters of one template, nothing is said. The scripts are compiled and run as they are.",
    fix="nothing to do; a long script is easier to read in a file that scriptUri names",
    example='{"type": "Shell", "inline": ["#!/bin/sh", "… more than 100,000 characters"]}',
    corrected='{"type": "Shell", "scriptUri": "scripts/setup.sh"}',
    source="docs/advice.md, how scripts are read",
)

_LARGEST = 100_000
"""Characters of a script that is read; all of the real templates have less than 5,000 (corpus-stats.md §10)."""
_LARGEST_TEMPLATE = 200_000
"""Characters of all scripts that are read."""


@dataclass(frozen=True)
class ShellScript(Script):
    """The `inline` of a Shell step."""

    @cached_property
    def commands(self) -> tuple[shell.Command, ...]:
        """Its simple commands; none where another program than a shell reads it."""
        return shell.commands(self.text) if self.interpreter in ("sh", "bash", "dash", "ash", "ksh", "zsh") else ()


@dataclass(frozen=True)
class PowerShellScript(Script):
    """The `inline` of a PowerShell step."""

    step: PowerShell

    @cached_property
    def _reading(self) -> powershell.Reading:
        return powershell.read(self.text)

    @property
    def commands(self) -> tuple[powershell.Command, ...]:
        """Its commands."""
        return self._reading.commands

    @property
    def chains(self) -> tuple[tuple[int, int], ...]:
        """Where `&&` and `||` join commands."""
        return self._reading.chains


@dataclass(frozen=True, kw_only=True)
class Scripts:
    """A template and the scripts in it, in the order in which they run."""

    template: ImageTemplate
    all: tuple[ShellScript | PowerShellScript, ...]
    unread: tuple[Shell | PowerShell, ...] = ()
    """Steps whose scripts are too long, or stand behind too many others."""

    def of(self, step: Customizer) -> ShellScript | PowerShellScript | None:
        """The script of a step, None where it has none here."""
        return self._by_step.get(id(step))

    @cached_property
    def _by_step(self) -> dict[int, ShellScript | PowerShellScript]:
        return {id(script.step): script for script in self.all}


ShellCheck: TypeAlias = Callable[[ShellScript, RuleContext], Iterator[Diagnostic]]
PowerShellCheck: TypeAlias = Callable[[PowerShellScript, RuleContext], Iterator[Diagnostic]]
TemplateCheck: TypeAlias = Callable[[Scripts, RuleContext], Iterator[Diagnostic]]


def read_scripts(template: ImageTemplate, os_type: OsType | None) -> Scripts:
    """The scripts of customizers and validators; those of another system's steps have an error of their own."""
    found: list[ShellScript | PowerShellScript] = []
    unread: list[Shell | PowerShell] = []
    size = 0
    for step in all_steps(template):
        if not isinstance(step, Shell | PowerShell) or not step.inline or required_os(step) is not os_type:
            continue
        own = sum(map(len, step.inline)) + len(step.inline) - 1
        if own > _LARGEST or size + own > _LARGEST_TEMPLATE:
            unread.append(step)
            continue
        size += own
        match step:
            case Shell():
                found.append(ShellScript(template=template, step=step, elements=step.inline))
            case PowerShell():
                found.append(PowerShellScript(template=template, step=step, elements=step.inline))
    return Scripts(template=template, all=tuple(found), unread=tuple(unread))


def check_unread(scripts: Scripts, _context: RuleContext) -> Iterator[Diagnostic]:
    """One note for all scripts of which nothing is said, at the first of them."""
    if not scripts.unread:
        return
    others = len(scripts.unread) - 1
    more = f", and so {'are' if others > 1 else 'is'} {others} more" if others else ""
    yield UNREAD.at((*scripts.unread[0].path, "inline"), f"the script is too long to be looked through{more}")
