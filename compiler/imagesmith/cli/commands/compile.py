"""`imagesmith compile FILE -o DIR`: the files of the Packer build."""

from __future__ import annotations

from typing import Any

import click

from imagesmith.cli.options import compile_file, compile_options, output_option, target_options, template_options
from imagesmith.cli.output import show_diagnostics, show_document, talk
from imagesmith.events import ExitCode
from imagesmith.folder import FolderError


@click.command("compile")
@click.argument("file", metavar="FILE")
@click.option("-o", "directory", required=True, metavar="DIR", help="Folder to write to.")
@template_options
@target_options
@output_option("text", "json")
def command(file: str, directory: str, output: str, **settings: Any) -> int:  # the shared options
    """Write the Packer build of a template.

    DIR gets plan.json, and for each stage a folder with image.pkr.hcl and its scripts. FILE may be - (standard input).
    """
    compilation = compile_file(file, compile_options(**settings))
    diagnostics = compilation.diagnostics
    written: list[str] = []
    status = ExitCode.OK if compilation.ok else ExitCode.TEMPLATE
    if compilation.ok:
        try:
            compilation.write(directory)
            written = list(compilation.files)
        except FolderError as error:
            # An argument that cannot be used as it was given, like a wrong option
            status = ExitCode.USAGE
            diagnostics = (*diagnostics, error.diagnostic)
    if output == "json":
        show_document(diagnostics, {"directory": directory if written else None, "files": written})
    else:
        show_diagnostics(diagnostics, secrets=compilation.secrets)
        if written:
            talk(f"{len(written)} files for {compilation.options.target}:")
            for name in written:
                click.echo(f"{directory}/{name}")
    return status
