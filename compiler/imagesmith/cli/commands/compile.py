"""`imagesmith compile FILE -o DIR`: the files of the Packer build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from imagesmith.cli.fetching import fetch_options, fetching
from imagesmith.cli.locking import Unlocked, locked_option, obey_lock
from imagesmith.cli.options import output_option, report_options, target_options, template_options
from imagesmith.cli.output import show_document, talk
from imagesmith.cli.reporting import report_of, show_report
from imagesmith.cli.secrets import faults_at_hand, secret_option
from imagesmith.cli.sections import SectionedCommand
from imagesmith.cli.settings import Compiled, compile_given
from imagesmith.cli.supervision import step_options
from imagesmith.diagnostics import Diagnostic, has_errors
from imagesmith.folder import FolderError
from imagesmith.pipeline import Compilation
from imagesmith.results import ExitCode

if TYPE_CHECKING:
    from imagesmith.artifacts import FetchOptions


@click.command("compile", cls=SectionedCommand)
@click.argument("file", metavar="FILE")
@click.option("-o", "directory", required=True, metavar="DIR", help="Folder to write to.")
@template_options
@target_options
@click.option("--fetch", is_flag=True, help="Fetch scripts and files as well, so that Packer alone can build.")
@secret_option
@locked_option
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
    locked: bool,
    **settings: Any,
) -> int:
    """Write the Packer build of a template.

    DIR gets plan.json, and for each stage a folder with image.pkr.hcl and its scripts. FILE may be - (standard input).
    Without --fetch, files that the template names by address are placeholders, which end a build by hand.
    """
    if locked and not fetch:
        raise click.UsageError("--locked needs --fetch: only what is fetched can be compared with the lock")
    compiled = compile_given(file, settings)
    status = ExitCode.OK if compiled.passes else ExitCode.TEMPLATE
    plan = compiled.compilation.plan
    if plan and (faults := faults_at_hand(settings["secrets"], plan.os_type)):
        status, compiled = ExitCode.USAGE, _saying(compiled, faults)
    elif compiled.passes and fetch:
        options = fetching(file, allow_host=allow_host, root=root, offline=offline)
        compiled = _fetched(file, compiled, options, locked=locked)
        status = ExitCode.PREFLIGHT if has_errors(compiled.compilation.diagnostics) else status
    compilation = compiled.compilation
    written: list[str] = []
    if status is ExitCode.OK:
        try:
            compilation.write(directory)
            written = list(compilation.files)
        except FolderError as error:
            # An argument that cannot be used as it was given, like a wrong option
            status, compiled = ExitCode.USAGE, _saying(compiled, [error.diagnostic])
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


def _saying(compiled: Compiled, found: Iterable[Diagnostic]) -> Compiled:
    compilation = compiled.compilation
    return replace(compiled, compilation=replace(compilation, diagnostics=(*compilation.diagnostics, *found)))


def _fetched(file: str, compiled: Compiled, options: FetchOptions, *, locked: bool) -> Compiled:
    try:
        compiled, options = obey_lock(file, compiled, options, locked=locked)
    except Unlocked as error:
        return _saying(compiled, error.diagnostics)
    return replace(compiled, compilation=_filled(compiled.compilation, options))


def _filled(compilation: Compilation, options: FetchOptions) -> Compilation:
    """The compilation with what it names by address, and what was wrong with that."""
    from imagesmith.artifacts import fill

    filled = fill(compilation, options, on_progress=lambda _progress: None)
    return replace(compilation, files=filled.files, diagnostics=(*compilation.diagnostics, *filled.diagnostics))
