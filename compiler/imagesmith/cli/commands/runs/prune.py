"""`imagesmith runs prune`."""

from __future__ import annotations

from datetime import timedelta

import click

from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_diagnostics, show_document, talk
from imagesmith.cli.runs import state_of, state_option
from imagesmith.cli.values import AgeType
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import ExitCode, now
from imagesmith.journal import prunable, prune
from imagesmith.report.runs import run_json


@click.command("prune")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N runs.")
@click.option("--older-than", type=AgeType(), metavar="AGE", help="Remove only what began longer ago: 30d, 12h.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@state_option
@output_option("text", "json")
def command(keep: int | None, older_than: timedelta | None, dry_run: bool, state_dir: str | None, output: str) -> int:
    """Remove the records of old runs that are over.

    With both --keep and --older-than, a run goes only if both let it. Running ones and folders that are no records of
    imagesmith's stay. What runs left behind in Azure is not touched; removing a record does not remove it.
    """
    if keep is None and older_than is None:
        raise click.UsageError("say what may go: --keep N, --older-than AGE, or both")
    state = state_of(state_dir)
    chosen = prunable(state, keep=keep, older_than=older_than, now=now())
    problems: list[Diagnostic] = []
    if not dry_run:
        problems = [problem for problem in prune(state, (item.run for item in chosen)) if problem is not None]
    if output == "json":
        removed = [{**run_json(item.run), "size_bytes": item.size_bytes} for item in chosen]
        show_document(problems, {"dry_run": dry_run, "runs": removed})
    else:
        word = "would be removed" if dry_run else "removed"
        for item in chosen:
            left = f", {len(item.run.leftovers)} left behind in Azure" if item.run.leftovers else ""
            click.echo(f"{item.run.run_id} {word} ({item.size_bytes / 1e6:.1f} MB{left})")
        if not chosen:
            talk("nothing to remove")
        show_diagnostics(problems)
    return ExitCode.PREFLIGHT if problems else ExitCode.OK
