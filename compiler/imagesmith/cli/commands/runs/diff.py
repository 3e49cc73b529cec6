"""`imagesmith runs diff A B`."""

from __future__ import annotations

import click

from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_document, talk
from imagesmith.cli.runs import run_argument, run_of, state_option
from imagesmith.journal import Part, compare, read_story
from imagesmith.report.runs import difference_json, difference_lines


@click.command("diff")
@run_argument("before")
@run_argument("after")
@state_option
@output_option("text", "json")
def command(before: str, after: str, state_dir: str | None, output: str) -> int:
    """Compare two runs: template, versions, options, steps, outcome, durations.

    A run is named by its id, the beginning of one, or "last".
    """
    stories = [read_story(run_of(state_dir, name)) for name in (before, after)]
    differences = compare(*stories)
    if output == "json":
        names = {"before": stories[0].run.run_id, "after": stories[1].run.run_id}
        show_document((), {**names, "differences": [difference_json(item) for item in differences]})
        return 0
    for line in difference_lines(differences):
        click.echo(line)
    if all(item.part is Part.DURATION for item in differences):
        talk("the same template, versions, options, steps and outcome")
    return 0
