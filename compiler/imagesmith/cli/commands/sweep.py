"""`imagesmith sweep`: what runs have left in Azure, and its removal."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from imagesmith.azure.clients import AzureError
from imagesmith.azure.leftovers import Leftover, LeftoverKind, find_leftovers, is_removable, remove_leftovers
from imagesmith.azure.login import Auth
from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_diagnostics, talk
from imagesmith.cli.run import state_folder
from imagesmith.cli.values import DurationType
from imagesmith.cli.world import SANDBOX, Unfit, azure, kept_sandbox
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import ExitCode, RunState, now
from imagesmith.journal import Run, StateError, choose_run, find_state, open_state, read_run
from imagesmith.journal.choose import LAST
from imagesmith.journal.faults import AMBIGUOUS_RUN
from imagesmith.journal.record import UNFINISHED
from imagesmith.report.json import json_text
from imagesmith.world import World

_LONGEST_BUILD = "16h"
"""No build of the service takes longer (aib-templates.md §1.3), so what is older is nobody's who still works."""


@click.command("sweep")
@click.argument("run_id", metavar="[RUN]", required=False)
@click.option(
    "--older-than",
    type=DurationType(),
    default=_LONGEST_BUILD,
    show_default=True,
    metavar="DURATION",
    help="Only what runs have left that began longer ago; a run that ended counts at once.",
)
@click.option("--results", is_flag=True, help="Also images and gallery versions that a run has published.")
@click.option("--yes", is_flag=True, help="Remove what is listed. Without it nothing is removed.")
@click.option("--auth", type=click.Choice([kind.value for kind in Auth]), default="auto", show_default=True)
@click.option("--subscription", metavar="ID", help="Subscription to look in.  [default: the login's]")
@click.option("--sandbox-state", metavar="DIR", help="Sweep the sandbox that was kept in DIR.")
@click.option("--state-dir", metavar="DIR", help="Folder of run records.  [default: .imagesmith]")
@output_option("text", "json")
def command(output: str, yes: bool, **given: Any) -> int:  # the options above
    """List what runs have left in Azure, or what RUN has left, and remove it with --yes.

    What is found carries the tag of a run, in Azure itself; run records only tell which runs still go on. The exit code
    is 9 where something that was to be removed is still there.
    """
    try:
        given["run_id"] = _run_id(given["run_id"], given["state_dir"])
        if _is_over(given):
            talk(f"the sandbox of run {given['run_id']} ends with the run: nothing can be left of it")
            _show((), {}, output, removed=yes)
            return ExitCode.OK
        with _world(given) as world:
            found = find_leftovers(world, run_id=given["run_id"])
            chosen = tuple(leftover for leftover in found if _is_chosen(leftover, given))
            _say_kept(found, chosen, output)
            problems = dict(remove_leftovers(chosen, world)) if yes else {}
    except AzureError as error:
        return _refused(ExitCode.PREFLIGHT, error.diagnostic)
    except StateError as error:
        return _refused(ExitCode.USAGE, error.diagnostic)
    except Unfit as error:
        return _refused(error.code, error.diagnostic)
    _show(chosen, problems, output, removed=yes)
    return ExitCode.LEFTOVERS if any(problems.values()) else ExitCode.OK


def _refused(code: ExitCode, diagnostic: Diagnostic) -> int:
    show_diagnostics([diagnostic])
    return code


def _run_id(name: str | None, state_dir: str | None) -> str | None:
    """The run that is meant by an id, the beginning of one or `last`; an id without a record here is taken as it is,
    since Azure's tags are what counts. Raises StateError."""
    if name is None:
        return None
    try:
        return choose_run(find_state(state_folder(state_dir)), name).name
    except StateError as error:
        if name == LAST or error.diagnostic.code == AMBIGUOUS_RUN.code:
            raise
        return name


def _is_over(given: dict[str, Any]) -> bool:  # the command's options
    """Whether the run's own record says that the Azure that it was built in went with it.

    Raises click.UsageError where that Azure is a sandbox that has to be named.
    """
    run = _run(given["run_id"], given["state_dir"]) if given["run_id"] else None
    if run is None or run.details.get("world") != "sandbox" or given["sandbox_state"] or SANDBOX in os.environ:
        return False
    arguments = run.details.get("sweepArguments", [])
    if isinstance(arguments, list):
        named = shlex.join(map(str, arguments)) or "--sandbox-state DIR, if its state was kept in DIR"
        raise click.UsageError(f"run {run.run_id} was built in a sandbox, not in Azure: give {named}")
    return True


@contextmanager
def _world(given: dict[str, Any]) -> Iterator[World]:  # the command's options
    if given["sandbox_state"]:
        with kept_sandbox(Path(given["sandbox_state"])) as world:
            yield world
    else:
        yield azure(given["auth"], given["subscription"])


def _is_chosen(leftover: Leftover, given: dict[str, Any]) -> bool:  # the command's options
    """Whether it may go: old enough or its run known to be over, and no result unless that is wanted."""
    if leftover.kind is LeftoverKind.RESULT and not given["results"]:
        return False
    if not is_removable(leftover):
        return False
    state = _state_of(leftover.run_id, given["state_dir"])
    if state in UNFINISHED:
        return False
    if given["run_id"] or state is not None:
        return True
    return leftover.began is not None and now() - leftover.began > timedelta(seconds=given["older_than"])


def _state_of(run_id: str, state_dir: str | None) -> RunState | None:
    """What the run's record here says, if there is one."""
    run = _run(run_id, state_dir)
    return run.state if run else None


def _run(run_id: str, state_dir: str | None) -> Run | None:
    folder = state_folder(state_dir)
    if not folder.is_dir():
        return None
    try:
        return read_run(open_state(folder).run(run_id))
    except StateError:
        return None


def _say_kept(found: Sequence[Leftover], chosen: Sequence[Leftover], output: str) -> None:
    """Name what carries a tag and is left alone, with the reason."""
    if output != "text":
        return
    for leftover in found:
        if leftover in chosen:
            continue
        if leftover.kind is LeftoverKind.RESULT:
            reason = "it is a result; --results takes it too"
        elif not is_removable(leftover):
            reason = "its type is none that a build makes"
        else:
            reason = f"its run may still go on; `imagesmith sweep {leftover.run_id}` takes it"
        talk(f"left alone: {leftover.id}: {reason}")


def _show(
    chosen: Sequence[Leftover], problems: dict[Leftover, Diagnostic | None], output: str, *, removed: bool
) -> None:
    if output == "json":
        rows = [
            {
                "id": str(leftover.id),
                "kind": leftover.kind.value,
                "run": leftover.run_id,
                "template": leftover.template,
                "removed": removed and problems.get(leftover) is None,
            }
            for leftover in chosen
        ]
        click.echo(json_text({"leftovers": rows}))
        return
    for leftover in chosen:
        problem = problems.get(leftover)
        done = "found" if not removed else "still there" if problem else "removed"
        click.echo(f"{done}: {leftover.id} ({leftover.kind}, run {leftover.run_id})")
        if problem:
            talk(f"  {problem.message}")
    if not chosen:
        talk("nothing is left")
    elif not removed:
        talk("nothing was removed; --yes removes what is listed")
