"""`imagesmith doctor`: the Packer at hand, the container engine, and what they can do."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from imagesmith.build import target_of
from imagesmith.cli.output import show_diagnostics
from imagesmith.cli.run import cache_folder
from imagesmith.results import ExitCode
from imagesmith.targets import OPTIONS, Target
from imagesmith.toolchain import ToolchainError, find


@click.command("doctor")
@click.option("--packer", metavar="FILE", help="Packer to look at.")
def command(packer: str | None) -> int:
    """Show the Packer at hand, what it cannot say, and whether a sandbox can run machines."""
    try:
        found = find(packer=packer, environment=dict(os.environ), cache=cache_folder())
    except ToolchainError as error:
        show_diagnostics([error.diagnostic])
        return ExitCode.TOOLCHAIN
    target = target_of(found)
    click.echo(f"packer: {found.path} ({found.source})")
    click.echo(f"target: {target}")
    for line in _unknown(target):
        click.echo(line)
    click.echo(_engine())
    return ExitCode.OK


def _unknown(target: Target) -> Iterator[str]:
    missing = [option for option in OPTIONS if not target.knows(option)]
    if not missing:
        yield "options: all that imagesmith uses are known"
    for option in missing:
        yield f"unknown option: {option.name} (azure plugin {option.azure})"


def _engine() -> str:
    try:
        from imagesmith.sandbox.machine.engine import Engine, start_engine_probe
    except ImportError as error:
        return f"sandbox: not installed ({error.name} is missing); pip install 'imagesmith[sandbox]'"
    found = start_engine_probe(dict(os.environ))
    if isinstance(found, Engine):
        return f"sandbox: machines run in {found.program}"
    return f"sandbox: steps are recorded, not run ({found})"
