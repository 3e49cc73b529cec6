"""`imagesmith compile FILE -o DIR`: the files of the Packer build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import click

from imagesmith.cli.fetching import fetch_options, fetching
from imagesmith.cli.options import output_option, report_options, target_options, template_options
from imagesmith.cli.output import show_document, talk
from imagesmith.cli.reporting import report_of, show_report
from imagesmith.cli.secrets import secret_option
from imagesmith.cli.settings import compile_given
from imagesmith.cli.supervision import step_options
from imagesmith.diagnostics import has_errors
from imagesmith.events import ExitCode
from imagesmith.folder import FolderError
from imagesmith.pipeline import Compilation


@click.command("compile")
@click.argument("file", metavar="FILE")
@click.option("-o", "directory", required=True, metavar="DIR", help="Folder to write to.")
@template_options
@target_options
@click.option("--fetch", is_flag=True, help="Fetch scripts and files as well, so that Packer alone can build.")
@secret_option
@fetch_options
@step_options
@report_options
@output_option("text", "json")
def command(  # the shared options
    file: str,
    directory: str,
    output: str,
    *,
    form: str | None,
    report_file: str | None,
    fetch: bool,
    allow_host: tuple[str, ...],
    root: str | None,
    offline: bool,
    **settings: Any,
) -> int:
    """Write the Packer build of a template.

    DIR gets plan.json, and for each stage a folder with image.pkr.hcl and its scripts. FILE may be - (standard input).
    Without --fetch, files that the template names by address are placeholders, which end a build by hand.
    """
    compiled = compile_given(file, settings)
    status = ExitCode.OK if compiled.passes else ExitCode.TEMPLATE
    if compiled.passes and fetch:
        options = fetching(file, allow_host=allow_host, root=root, offline=offline)
        compiled = replace(compiled, compilation=_filled(compiled.compilation, options))
        status = ExitCode.PREFLIGHT if has_errors(compiled.compilation.diagnostics) else status
    compilation = compiled.compilation
    written: list[str] = []
    if status is ExitCode.OK:
        try:
            compilation.write(directory)
            written = list(compilation.files)
        except FolderError as error:
            # An argument that cannot be used as it was given, like a wrong option
            status = ExitCode.USAGE
            diagnostics = (*compilation.diagnostics, error.diagnostic)
            compiled = replace(compiled, compilation=replace(compilation, diagnostics=diagnostics))
    if output == "json":
        show_document(compiled.compilation.diagnostics, {"directory": directory if written else None, "files": written})
    if output != "json" or report_file or form:
        show_report(report_of([compiled]), form=form, file=report_file, on_stdout=False)
    if output != "json":
        _show_files(compilation, directory, written)
    return status


def _show_files(compilation: Compilation, directory: str, written: Sequence[str]) -> None:
    if written:
        talk(f"{len(written)} files for {compilation.options.target}:")
        for name in written:
            click.echo(f"{directory}/{name}")


def _filled(compilation: Compilation, options: Any) -> Compilation:  # FetchOptions
    """The compilation with what it names by address, and what was wrong with that."""
    from imagesmith.artifacts import fill

    filled = fill(compilation, options, on_progress=lambda _progress: None)
    return replace(compilation, files=filled.files, diagnostics=(*compilation.diagnostics, *filled.diagnostics))
