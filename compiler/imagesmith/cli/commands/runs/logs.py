"""`imagesmith runs logs RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_line, talk
from imagesmith.cli.runs import run_argument, run_of, state_option
from imagesmith.journal import log_lines, read_run
from imagesmith.journal.follow import follow_events
from imagesmith.report.runs import log_line, run_word


@click.command("logs")
@run_argument()
@click.option(
    "--step",
    "steps",
    multiple=True,
    metavar="ID",
    help="Only what this step printed, as customize[2].",
)
@click.option("-f", "--follow", is_flag=True, help="Print what is still to come, too, until the run ends.")
@state_option
@output_option("text", "ndjson")
def command(run: str, steps: tuple[str, ...], follow: bool, state_dir: str | None, output: str) -> int:
    """Print the log of a run: what steps printed, and what was done between them.

    RUN is a run's id, the beginning of one, or "last". Control characters of a build are shown as escapes.
    """
    path = run_of(state_dir, run)
    _check_steps(path, steps)
    events = follow_events(path, wait=follow)
    chosen = (event for event in events if not steps or event.get("step") in steps)
    if output == "ndjson":
        for event in chosen:
            show_line(event)
    else:
        for line in log_lines(chosen):
            click.echo(log_line(line, named=len(steps) != 1))
    if follow:
        ended = read_run(path)
        talk(f"{run_word(ended)}: {ended.message}")
    return 0


def _check_steps(path: Path, steps: tuple[str, ...]) -> None:
    """A step that the run does not have is a mistake; in a run that goes on it may still come."""
    known = _known_steps(path) if steps else ()
    for step in steps:
        if known and step not in known:
            raise click.BadParameter(f"the run has no step '{step}'; it has {', '.join(known)}", param_hint="--step")


def _known_steps(path: Path) -> tuple[str, ...]:
    from imagesmith.journal import read_story

    story = read_story(path)
    planned = story.run.details.get("steps")
    recorded = [str(step.get("id")) for step in planned if isinstance(step, dict)] if isinstance(planned, list) else []
    return tuple(dict.fromkeys((*recorded, *(step.id for step in story.steps))))
