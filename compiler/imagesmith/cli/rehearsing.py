"""The options of a build in a sandbox: what its Azure holds, how it fails, and what of the steps runs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import click

from imagesmith.cli.faults import fault_option
from imagesmith.cli.pairs import pairs
from imagesmith.cli.sections import section
from imagesmith.plan import BuildPlan

_EXIT = re.compile(r"(?P<step>[^=]+)=(?P<code>[0-9]{1,10})")
_HIGHEST_CODE = 2**32 - 1


def checked_exits(exits: Mapping[str, int], plan: BuildPlan | None) -> Mapping[str, int]:
    """The exit codes by step, if the plan has these steps and they run scripts. Raises UsageError."""
    from imagesmith.sandbox.rehearsal import script_steps

    known = [step.id for stage in (plan.stages if plan else ()) for step in script_steps(stage)]
    for step in exits:
        if step not in known:
            raise click.UsageError(f"--sandbox-exit: no script runs as '{step}'; there are {', '.join(known)}")
    return exits


def _exits(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in given:
        match = _EXIT.fullmatch(text)
        if match is None or int(match["code"]) > _HIGHEST_CODE:
            raise click.BadParameter(f"'{text}' is not STEP=CODE; write 'customize[2]=3010'")
        found[match["step"]] = int(match["code"])
    return found


rehearsal_options = section(
    "Sandbox",
    click.option("--sandbox", is_flag=True, help="Build against an Azure on loopback, without an account."),
    click.option("--sandbox-state", metavar="DIR", help="Keep the sandbox's images and resources in DIR."),
    click.option(
        "--sandbox-steps",
        type=click.Choice(["auto", "run", "record"]),
        default="auto",
        show_default=True,
        help="Run steps in containers, or only record them.",
    ),
    click.option(
        "--sandbox-network",
        type=click.Choice(["none", "host"]),
        default="none",
        show_default=True,
        help="Network of the sandbox's machines.",
    ),
    click.option(
        "--sandbox-base",
        "sandbox_bases",
        multiple=True,
        callback=pairs,
        metavar="PUBLISHER:OFFER:SKU=IMAGE",
        help="Container image that stands for a source image; * and ? match.",
    ),
    click.option("--sandbox-engine", metavar="FILE", help="Container engine to use.  [default: podman, then docker]"),
    click.option(
        "--sandbox-windows-steps",
        type=click.Choice(["record", "pwsh"]),
        default="record",
        show_default=True,
        help="Record the steps of a Windows machine, or run plain PowerShell ones here with pwsh.",
    ),
    click.option(
        "--sandbox-exit",
        "sandbox_exits",
        multiple=True,
        callback=_exits,
        metavar="STEP=CODE",
        help="Let a recorded step end with an exit code: 'customize[2]=3010'.",
    ),
    fault_option,
    click.option("--sandbox-strict", is_flag=True, help="Do not make what the template refers to."),
)
"""The options of a build in a sandbox."""
