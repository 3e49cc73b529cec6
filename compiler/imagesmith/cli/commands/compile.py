"""`imagesmith compile FILE -o DIR`: the files of the Packer build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from imagesmith.cli.fetching import fetch_options, fetching
from imagesmith.cli.options import compile_file, compile_options, output_option, target_options, template_options
from imagesmith.cli.output import show_diagnostics, show_document, talk
from imagesmith.cli.supervision import options_by_step, step_options
from imagesmith.diagnostics import Diagnostic, has_errors
from imagesmith.events import ExitCode
from imagesmith.folder import FolderError
from imagesmith.pipeline import Compilation


@click.command("compile")
@click.argument("file", metavar="FILE")
@click.option("-o", "directory", required=True, metavar="DIR", help="Folder to write to.")
@template_options
@target_options
@click.option("--fetch", is_flag=True, help="Fetch scripts and files as well, so that Packer alone can build.")
@fetch_options
@step_options
@output_option("text", "json")
def command(  # the shared options
    file: str,
    directory: str,
    output: str,
    *,
    fetch: bool,
    allow_host: tuple[str, ...],
    root: str | None,
    offline: bool,
    step_timeouts: dict[str, float],
    step_retries: dict[str, int],
    passed_over: tuple[str, ...],
    **settings: Any,
) -> int:
    """Write the Packer build of a template.

    DIR gets plan.json, and for each stage a folder with image.pkr.hcl and its scripts. FILE may be - (standard input).
    Without --fetch, files that the template names by address are placeholders, which end a build by hand.
    """
    steps = options_by_step(step_timeouts, step_retries, passed_over)
    compilation = compile_file(file, compile_options(**settings, step_options=steps))
    diagnostics = compilation.diagnostics
    status = ExitCode.OK if compilation.ok else ExitCode.TEMPLATE
    if compilation.ok and fetch:
        compilation, found = _filled(compilation, fetching(file, allow_host=allow_host, root=root, offline=offline))
        diagnostics = (*diagnostics, *found)
        status = ExitCode.PREFLIGHT if has_errors(found) else status
    written: list[str] = []
    if status is ExitCode.OK:
        try:
            compilation.write(directory)
            written = list(compilation.files)
        except FolderError as error:
            # An argument that cannot be used as it was given, like a wrong option
            status = ExitCode.USAGE
            diagnostics = (*diagnostics, error.diagnostic)
    _show(diagnostics, compilation, directory, written, output)
    return status


def _show(
    diagnostics: Sequence[Diagnostic], compilation: Compilation, directory: str, written: Sequence[str], output: str
) -> None:
    if output == "json":
        show_document(diagnostics, {"directory": directory if written else None, "files": written})
        return
    show_diagnostics(diagnostics, secrets=compilation.secrets)
    if written:
        talk(f"{len(written)} files for {compilation.options.target}:")
    for name in written:
        click.echo(f"{directory}/{name}")


def _filled(compilation: Compilation, options: Any) -> tuple[Compilation, Sequence[Diagnostic]]:  # FetchOptions
    """The compilation with what it names by address, and what was wrong with that."""
    from imagesmith.artifacts import fill

    filled = fill(compilation, options, on_progress=lambda _progress: None)
    return replace(compilation, files=filled.files), filled.diagnostics
