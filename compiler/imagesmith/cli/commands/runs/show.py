"""`imagesmith runs show RUN`."""

from __future__ import annotations

from pathlib import Path

import click

from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_document, talk
from imagesmith.cli.runs import Refused, run_argument, run_of, state_option
from imagesmith.events import now
from imagesmith.folder import write_file
from imagesmith.journal import Story, read_story
from imagesmith.journal.faults import CANNOT_SAVE, words
from imagesmith.report.runs import story_json, story_lines


@click.command("show")
@run_argument()
@click.option(
    "--html",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a page for a browser instead, with the log.",
)
@state_option
@output_option("text", "json")
def command(run: str, html: Path | None, state_dir: str | None, output: str) -> int:
    """Show a run: how it ended, steps with durations, outputs, leftovers, diagnostics; of one that goes on, how far it
    is.

    RUN is a run's id, the beginning of one, or "last".
    """
    story = read_story(run_of(state_dir, run))
    if html is not None:
        _write_page(story, html)
    elif output == "json":
        show_document((), {"run": story_json(story)})
    else:
        for line in story_lines(story, now()):
            click.echo(line)
    return 0


def _write_page(story: Story, file: Path) -> None:
    from imagesmith.report.page import run_page  # Jinja takes a while to load

    try:
        write_file(file, run_page(story, now=now()).encode())
    except OSError as error:
        raise Refused(CANNOT_SAVE.at((), f"{file}: {words(error)}")) from None
    talk(f"written: {file}")
