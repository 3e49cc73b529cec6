"""`imagesmith runs …`: what is written down of runs, for people and scripts."""

from __future__ import annotations

import click

from imagesmith.cli import LazyGroup


class RunsGroup(LazyGroup):
    """The commands about records of runs."""

    table = {  # noqa: RUF012 - never changed
        "list": "List runs, the newest first.",
        "show": "Show a run: steps, times, outcome.",
        "logs": "Print or follow the log of a run.",
        "diff": "Compare two runs.",
        "bundle": "Pack a run for somebody who helps.",
        "prune": "Remove old runs.",
    }
    package = "imagesmith.cli.commands.runs"


@click.group("runs", cls=RunsGroup)
def command() -> None:
    """List, show, follow, compare, pack and remove the records of runs.

    RUN is a run's id, the beginning of one, or "last".
    """
