"""`imagesmith build FILE`: the image, in Azure or in a sandbox."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from imagesmith.azure.login import Auth
from imagesmith.build import BuildOptions, build_image, target_of
from imagesmith.cli.fetching import fetch_options, fetching
from imagesmith.cli.locking import Unlocked, locked_option, obey_lock
from imagesmith.cli.options import TEMPLATE_NAMES, output_option, template_options
from imagesmith.cli.output import show_diagnostics, show_document, show_line, talk
from imagesmith.cli.rehearsing import rehearsal_options
from imagesmith.cli.run import cache_folder, cancel_on_signals, state_folder
from imagesmith.cli.screen import Screen
from imagesmith.cli.secrets import faults_at_hand, keep_out, secret_option, values_of
from imagesmith.cli.sections import SectionedCommand, section
from imagesmith.cli.settings import compile_given
from imagesmith.cli.supervision import ASK, on_error_of, patience_options, step_options
from imagesmith.cli.world import Unfit, world_of
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import ExitCode, RunFinished, RunResult, RunState, now, result_json, to_json
from imagesmith.journal import StateError, new_run_id, open_state
from imagesmith.pipeline import Compilation
from imagesmith.report.live import result_lines
from imagesmith.toolchain import Packer, ToolchainError, find, require_azure


@click.command("build", cls=SectionedCommand)
@click.argument("file", metavar="FILE")
@template_options
@section(
    "Packer and login",
    click.option("--packer", metavar="FILE", help="Packer to use.  [default: the first one found]"),
    click.option("--plugin-path", metavar="DIR", help="Folder with Packer's plugins."),
    click.option(
        "--auth",
        type=click.Choice([kind.value for kind in Auth]),
        default="auto",
        show_default=True,
        help="Login to Azure.",
    ),
)
@section("Secrets", secret_option)
@fetch_options
@locked_option
@patience_options
@step_options
@rehearsal_options
@click.option("--dry-run", is_flag=True, help="Stop before the first machine.")
@click.option("--state-dir", metavar="DIR", help="Folder of run records.  [default: .imagesmith]")
@output_option("text", "json", "ndjson")
def command(file: str, output: str, **given: Any) -> int:  # the options above
    """Build the image of a template.

    FILE may be - for standard input. The run is recorded in the state folder; the exit code says what failed.
    """
    shared = {name: given.pop(name) for name in TEMPLATE_NAMES}
    try:
        packer = find(
            packer=given["packer"],
            environment=dict(os.environ),
            cache=cache_folder(),
            plugin_path=Path(given["plugin_path"]) if given["plugin_path"] else None,
            remember=True,
        )
        require_azure(packer)
        target, missing = target_of(packer), None
    except ToolchainError as error:  # what is wrong with the template is told all the same, as for the newest Packer
        target, missing = None, error.diagnostic
    compiled = compile_given(file, {**shared, "secrets": given["secrets"]}, target=target)
    compilation = compiled.compilation
    keep_out(compilation.secrets)
    if not compiled.passes or compilation.plan is None:
        return _refused(output, ExitCode.TEMPLATE, compilation.diagnostics, compilation.secrets)
    if missing is not None:
        return _refused(output, ExitCode.TOOLCHAIN, (*compilation.diagnostics, missing), compilation.secrets)
    if faults := faults_at_hand(given["secrets"], compilation.plan.os_type):
        return _refused(output, ExitCode.USAGE, faults)
    if output != "json":
        show_diagnostics(compilation.diagnostics, secrets=compilation.secrets)
    fetch = fetching(file, allow_host=given["allow_host"], root=given["root"], offline=given["offline"])
    try:
        compiled, fetch = obey_lock(file, compiled, fetch, locked=given["locked"])
    except Unlocked as error:
        return _refused(output, ExitCode.PREFLIGHT, error.diagnostics)
    return _build(compiled.compilation, packer, output, {**given, **compiled.values, "fetch": fetch})


def _build(compilation: Compilation, packer: Packer, output: str, given: dict[str, Any]) -> int:
    run_id = new_run_id(now(), secrets.token_bytes(8))
    options = _options(given)
    try:
        state = open_state(state_folder(given["state_dir"]))
        with (
            cancel_on_signals() as cancel,
            world_of(compilation, run_id, state.path, given) as world,
            Screen(output, cancel) as screen,
        ):
            result = build_image(
                compilation,
                packer=packer,
                world=world,
                run_directory=state.runs / run_id,
                on_event=screen,
                cancel=cancel,
                options=replace(
                    options,
                    secrets=values_of(given["secrets"], world, compilation.plan),
                    ask_keep=screen.ask_keep if given["on_error"] == ASK else None,
                ),
            )
    except StateError as error:
        return _refused(output, ExitCode.PREFLIGHT, [error.diagnostic])
    except Unfit as error:
        return _refused(output, error.code, error.diagnostics)
    _show_result(result, compilation, output)
    return result.exit_code


def _options(given: dict[str, Any]) -> BuildOptions:
    return BuildOptions(
        fetch=given["fetch"],
        dry_run=given["dry_run"],
        time_limit_s=given["time_limit"],
        silence_timeout_s=given["silence_timeout"],
        cleanup_timeout_s=given["cleanup_timeout"],
        retries=given["retries"],
        on_error=on_error_of(given["on_error"]),
    )


def _show_result(result: RunResult, compilation: Compilation, output: str) -> None:
    if output == "json":
        found = (*compilation.diagnostics, *result.diagnostics)
        show_document(found, {"result": result_json(result), "exitCode": int(result.exit_code)})
    elif output == "text":
        show_diagnostics(result.diagnostics, secrets=compilation.secrets)
        lines = result_lines(result)
        talk(lines[0])
        for line in lines[1:]:
            click.echo(line.strip())


def _refused(output: str, code: ExitCode, diagnostics: Sequence[Diagnostic], secrets: Sequence[str] = ()) -> int:
    """Say why no run began; a stream of events has its last event even then."""
    if output == "json":
        show_document(diagnostics, {"result": None, "exitCode": int(code)})
    else:
        show_diagnostics(diagnostics, secrets=secrets)
    if output == "ndjson":
        time = now()
        message = next((found.message for found in diagnostics if found.is_error), "no run began")
        result = RunResult(
            run_id="",
            state=RunState.FAILED,
            exit_code=code,
            message=message,
            start_time=time,
            end_time=time,
            diagnostics=tuple(diagnostics),
        )
        show_line(to_json(RunFinished(time=time, result=result)))
    return code
