"""All scripts of a template, each read once, whichever rules then look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from imagesmith.diagnostics import Diagnostic
from imagesmith.model import Customizer, ImageTemplate, OsType, PowerShell, Shell
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint import powershell, shell
from imagesmith.rules.lint.script import Script
from imagesmith.rules.os_type import all_steps, required_os

_LARGEST_TEMPLATE = 200_000
"""Characters of all scripts; what is beyond is not looked at, so that advice never takes longer than the work."""


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
    size = 0
    for step in all_steps(template):
        if not isinstance(step, Shell | PowerShell) or not step.inline or required_os(step) is not os_type:
            continue
        size += sum(map(len, step.inline))
        if size > _LARGEST_TEMPLATE:
            break
        match step:
            case Shell():
                found.append(ShellScript(template=template, step=step, elements=step.inline))
            case PowerShell():
                found.append(PowerShellScript(template=template, step=step, elements=step.inline))
    return Scripts(template=template, all=tuple(found))
