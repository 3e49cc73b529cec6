"""`imagesmith cancel RUN`."""

from __future__ import annotations

import time

import click

from imagesmith.cli.output import talk
from imagesmith.cli.runs import Refused, run_argument, run_of, state_option
from imagesmith.events import ExitCode, RunState
from imagesmith.journal import StateError, read_run, request_cancel

_LOOK_S = 0.3
_OVER = (RunState.RUNNING, RunState.CANCELING)


@click.command("cancel")
@run_argument()
@click.option("--no-wait", is_flag=True, help="Do not wait until the run has ended.")
@click.option("--kill", is_flag=True, help="End Packer at once; what it made in Azure stays.")
@state_option
def command(run: str, no_wait: bool, kill: bool, state_dir: str | None) -> int:
    """Ask a run to end; Packer removes what it made in Azure first.

    RUN is a run's id, the beginning of one, or "last". The request is a file in the run's own folder, which the process
    that runs it looks for: nothing is signalled.
    """
    path = run_of(state_dir, run)
    try:
        request_cancel(path, kill=kill)
    except StateError as error:
        raise Refused(error.diagnostic) from error
    talk(f"{path.name} has been asked to end" + ("" if no_wait else "; waiting for what it has to clean up"))
    found = read_run(path)
    while not no_wait and found.state in _OVER:
        time.sleep(_LOOK_S)
        found = read_run(path)
    if not no_wait:
        click.echo(f"{found.state.value}: {found.message}")
    return ExitCode.OK
