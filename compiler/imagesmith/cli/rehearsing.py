"""The options of a rehearsal on machines that record: what of Windows steps runs, and how steps are to end."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from imagesmith.plan import BuildPlan

F = TypeVar("F", bound=Callable[..., Any])

_EXIT = re.compile(r"(?P<step>[^=]+)=(?P<code>[0-9]{1,10})")
_HIGHEST_CODE = 2**32 - 1


def rehearsal_options(function: F) -> F:
    """Decorate a command that builds in a sandbox."""
    exits = click.option(
        "--sandbox-exit",
        "sandbox_exits",
        multiple=True,
        callback=_parsed,
        metavar="STEP=CODE",
        help="Let a recorded step end with an exit code: 'customize[2]=3010'.",
    )
    steps = click.option(
        "--sandbox-windows-steps",
        type=click.Choice(["record", "pwsh"]),
        default="record",
        show_default=True,
        help="Record the steps of a Windows machine, or run plain PowerShell ones here with pwsh.",
    )
    return steps(exits(function))


def checked_exits(exits: Mapping[str, int], plan: BuildPlan | None) -> Mapping[str, int]:
    """The exit codes by step, if the plan has these steps and they run scripts. Raises UsageError."""
    from imagesmith.sandbox.rehearsal import script_steps

    known = [step.id for stage in (plan.stages if plan else ()) for step in script_steps(stage)]
    for step in exits:
        if step not in known:
            raise click.UsageError(f"--sandbox-exit: no script runs as '{step}'; there are {', '.join(known)}")
    return exits


def _parsed(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in given:
        match = _EXIT.fullmatch(text)
        if match is None or int(match["code"]) > _HIGHEST_CODE:
            raise click.BadParameter(f"'{text}' is not STEP=CODE; write 'customize[2]=3010'")
        found[match["step"]] = int(match["code"])
    return found
