"""`imagesmith validate FILE…`: every mistake in image templates."""

from __future__ import annotations

from typing import Any

import click

from imagesmith.arm import NO_IMAGE_TEMPLATE
from imagesmith.cli.options import compile_file, compile_options, output_option, target_options, template_options
from imagesmith.cli.output import show_diagnostics, show_document, talk
from imagesmith.events import ExitCode
from imagesmith.pipeline import Compilation


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@template_options
@target_options
@click.option("--skip-others", is_flag=True, help="Pass over files that hold no image template.")
@output_option("text", "json")
def command(files: tuple[str, ...], output: str, *, skip_others: bool, **settings: Any) -> int:  # the shared options
    """Find every mistake in image templates.

    Exit code 0: no errors; 1: errors. FILE may be - for standard input.
    """
    options = compile_options(**settings, check_only=True)
    compilations = [compile_file(file, options) for file in files]
    if skip_others:
        compilations = [item for item in compilations if not _is_other(item)]
    diagnostics = tuple(found for item in compilations for found in item.diagnostics)
    if output == "json":
        show_document(diagnostics, {"files": [{"file": item.filename, "valid": item.ok} for item in compilations]})
    else:
        show_diagnostics(diagnostics, secrets=[text for item in compilations for text in item.secrets])
        for item in compilations:
            if item.ok:
                talk(f"{item.filename}: valid")
    return ExitCode.OK if all(item.ok for item in compilations) else ExitCode.TEMPLATE


def _is_other(compilation: Compilation) -> bool:
    return any(item.code == NO_IMAGE_TEMPLATE.code for item in compilation.diagnostics)
