"""`imagesmith runs bundle RUN`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

from imagesmith.cli.options import output_option
from imagesmith.cli.output import show_document, talk
from imagesmith.cli.runs import Refused, run_argument, run_of, state_of, state_option
from imagesmith.journal import StateError, read_run
from imagesmith.journal.bundle import write_bundle

_SECRET_WORDS = ("SECRET", "PASSWORD", "PASSWD", "TOKEN", "CREDENTIAL", "ACCESS_KEY", "API_KEY", "ACCOUNT_KEY")
_SHORTEST = 6


@click.command("bundle")
@run_argument()
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="File.  [default: imagesmith-RUN.tar.gz]")
@state_option
@output_option("text", "json")
def command(run: str, out: Path | None, state_dir: str | None, output: str) -> int:
    """Pack the record of a run into a tar.gz for somebody who helps.

    What is known as a secret or looks like one is masked once more, paths of this machine are replaced, files that
    steps copy are left out. Look at it before you send it: manifest.json in it lists what it holds.
    """
    path = run_of(state_dir, run)
    target = out or Path(f"imagesmith-{path.name}.tar.gz")
    places = {
        str(state_of(state_dir).path): "<state>",
        str(Path.cwd()): "<here>",
        tempfile.gettempdir(): "<tmp>",
        str(Path.home()): "~",
    }
    try:
        entries = write_bundle(path, target, secrets=_secrets(), places=places)
    except StateError as error:
        raise Refused(error.diagnostic) from error
    if output == "json":
        listed = [
            {"name": item.name, "size_bytes": item.size_bytes, "sha256": item.sha256, "left_out": item.reason}
            for item in entries
        ]
        show_document((), {"file": str(target), "files": listed})
        return 0
    if not read_run(path).over:
        talk("the run still goes on; this is its record so far")
    for entry in entries:
        if entry.reason is None:
            talk(f"  {entry.name} ({entry.size_bytes} bytes)")
        else:
            talk(f"  left out: {entry.name} ({entry.reason})")
    click.echo(str(target))
    return 0


def _secrets() -> Iterator[str]:
    """What this shell's environment holds under names that say that it is secret: very likely the run's login."""
    for name, value in os.environ.items():
        if len(value) >= _SHORTEST and any(word in name.upper() for word in _SECRET_WORDS):
            yield value
