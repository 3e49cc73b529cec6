"""`imagesmith convert FILE --to FORM`: the resolved template in another form."""

from __future__ import annotations

from typing import Any

import click

from imagesmith.cli.options import report_options, template_options
from imagesmith.cli.reporting import report_of, show_report
from imagesmith.cli.sections import SectionedCommand
from imagesmith.cli.settings import compile_given
from imagesmith.cli.writing import write_whole
from imagesmith.convert import Form, convert
from imagesmith.report.findings import with_others
from imagesmith.results import ExitCode


@click.command("convert", cls=SectionedCommand)
@click.argument("file", metavar="FILE")
@click.option(
    "--to",
    "wanted",
    required=True,
    type=click.Choice([form.value for form in Form]),
    help="A bare resource in FILE's own language, an ARM deployment file, or a bare resource in YAML or JSON.",
)
@click.option("-o", "target", metavar="FILE", help="File to write.  [default: stdout]")
@template_options
@report_options
def command(
    file: str, wanted: str, target: str | None, form: str | None, report_file: str | None, **given: Any
) -> int:  # the shared options
    """Write the resolved template in another form.

    Parameters, variables, expressions and placeholders are filled in. Values of secure parameters are not written:
    with --to arm they stay parameters, the other forms are refused. FILE may be - for standard input.
    """
    compiled = compile_given(file, given, check_only=True)
    converted = convert(compiled.compilation, Form(wanted))
    report = with_others(report_of([compiled]), converted.diagnostics)
    show_report(report, form=form, file=report_file, on_stdout=False)
    if converted.text is None:
        return ExitCode.TEMPLATE
    if target is None:
        click.echo(converted.text, nl=False)
    else:
        write_whole(target, converted.text, option="-o")
    return ExitCode.OK
