"""`imagesmith validate FILE…`: every mistake in image templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from imagesmith.arm import NO_IMAGE_TEMPLATE
from imagesmith.cli.options import output_option, report_options, target_options, template_options
from imagesmith.cli.output import talk
from imagesmith.cli.patterns import files_named
from imagesmith.cli.reporting import report_of, show_report
from imagesmith.cli.sections import SectionedCommand
from imagesmith.cli.settings import Compiled, compile_given
from imagesmith.cli.writing import write_whole
from imagesmith.diagnostics import Diagnostic
from imagesmith.report.findings import Report, with_others
from imagesmith.results import ExitCode


@click.command("validate", cls=SectionedCommand)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@template_options
@target_options
@click.option("--skip-others", is_flag=True, help="Pass over files that hold no image template.")
@click.option("--baseline", metavar="FILE", envvar="IMAGESMITH_BASELINE", help="Findings listed in FILE do not fail.")
@click.option("--write-baseline", metavar="FILE", help="List what is found in FILE, and succeed.")
@report_options
@output_option("text", "json")
def command(
    files: tuple[str, ...],
    output: str,
    *,
    skip_others: bool,
    write_baseline: str | None,
    form: str | None,
    report_file: str | None,
    **given: Any,  # the shared options
) -> int:
    """Find every mistake in image templates.

    FILE may be a pattern ('infra/**/*.json'), or - for standard input. Exit code 0: nothing as bad as --fail-on; 1:
    something is.
    """
    if output == "json" and form not in {None, "json"}:
        raise click.UsageError("--output json and --format say different things; give --format alone")
    form = "json" if output == "json" and report_file is None else form
    named = list(files_named(files))
    unmatched = [one for one in named if isinstance(one, Diagnostic)]
    checked = [compile_given(one, given, check_only=True) for one in named if isinstance(one, str)]
    taken = [one for one in checked if not (skip_others and _is_other(one))]
    report = report_of(taken, skipped=len(checked) - len(taken))
    if write_baseline is not None:
        return _write(report, write_baseline)
    report = with_others(_compared(report, taken), unmatched)
    show_report(report, form=form, file=report_file, on_stdout=True)
    return ExitCode.OK if report.passed else ExitCode.TEMPLATE


def _is_other(compiled: Compiled) -> bool:
    return any(item.code == NO_IMAGE_TEMPLATE.code for item in compiled.compilation.diagnostics)


def _compared(report: Report, checked: list[Compiled]) -> Report:
    """The report with what the baselines know, and what is wrong with these; a settings file names one of its own."""
    for path in dict.fromkeys(one.values["baseline"] for one in checked if one.values["baseline"] is not None):
        from imagesmith.report.baseline import against

        names = [one.compilation.filename for one in checked if one.values["baseline"] == path]
        report = against(report, path, names)
    return report


def _write(report: Report, path: str) -> int:
    from imagesmith.report.baseline import baseline_text

    write_whole(path, baseline_text(report.findings, Path(path).parent), option="--write-baseline")
    files = f"{len(report.files)} file{'' if len(report.files) == 1 else 's'}"
    talk(f"{path}: {len(report.findings)} finding{'' if len(report.findings) == 1 else 's'} in {files}")
    return ExitCode.OK
