"""`imagesmith runs list`."""

from __future__ import annotations

import click

from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_document, talk
from imagesmith.cli.run import state_folder
from imagesmith.cli.runs import state_of, state_option
from imagesmith.events import now
from imagesmith.journal import list_runs
from imagesmith.report.runs import list_lines, run_json


@click.command("list")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show the newest N only.")
@state_option
@output_option("text", "json")
def command(limit: int | None, state_dir: str | None, output: str) -> int:
    """List runs, the newest first: id, state, duration, template."""
    folder = state_folder(state_dir)
    runs = list_runs(state_of(state_dir))[:limit] if folder.exists() or folder.is_symlink() else ()
    if output == "json":
        show_document((), {"runs": [run_json(run) for run in runs]})
        return 0
    for line in list_lines(runs, now()):
        click.echo(line)
    if not runs:
        talk(f"no runs in {folder}")
    return 0
