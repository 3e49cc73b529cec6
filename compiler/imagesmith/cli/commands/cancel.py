"""`imagesmith cancel RUN`."""

from __future__ import annotations

import time

import click

from imagesmith.cli.output import talk
from imagesmith.cli.runs import Refused, run_argument, run_of, state_option
from imagesmith.events import ExitCode
from imagesmith.journal import StateError, read_run, request_cancel

_LOOK_S = 0.3


@click.command("cancel")
@run_argument()
@click.option("--no-wait", is_flag=True, help="Do not wait until the run has ended.")
@click.option("--kill", is_flag=True, help="End Packer at once; what it made in Azure stays.")
@state_option
def command(run: str, no_wait: bool, kill: bool, state_dir: str | None) -> int:
    """Ask a run that goes on to end; Packer removes what it made in Azure first.

    RUN is a run's id, the beginning of one, or "last". The request is a file in the run's own folder, which the build
    looks for: it works from any shell of the same user, and nothing is signalled.
    """
    path = run_of(state_dir, run)
    try:
        request_cancel(path, kill=kill)
    except StateError as error:
        raise Refused(error.diagnostic) from error
    if no_wait:
        talk(f"{path.name} has been asked to end")
        return ExitCode.OK
    talk(f"{path.name} has been asked to end; waiting for what it has to clean up")
    while not (found := read_run(path)).over:
        time.sleep(_LOOK_S)
    click.echo(f"{found.state.value}: {found.message}")
    return ExitCode.OK
