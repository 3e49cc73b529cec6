"""Phase check: `packer validate` over the compiled files, before anything costs money."""

from __future__ import annotations

from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.build.stage import packer_session
from imagesmith.diagnostics import Rule, Severity
from imagesmith.events import ExitCode, Progress, now
from imagesmith.packer import PackerError, Record, Text, parse, run_packer, ui_lines
from imagesmith.packer.lines import Line, Stream

REFUSED = Rule(
    code="IMG820",
    severity=Severity.ERROR,
    title="Packer refuses the compiled files",
    cause="`packer validate` found something that imagesmith's own checks did not.",
    fix="see Packer's own words; the files are in the run record, and a wrong file is a bug of imagesmith's",
    source="packer.md §2.4",
)
_NOT_LOADED = "failed loading"
"""Packer 1.6 says this of a plugin, and ends with 0 all the same (lowering.md §3 row 39)."""


def check_with_packer(run: Run) -> None:
    """Validate every stage's files. Raises Stop."""
    for stage in run.plan.stages:
        errors: list[str] = []
        with packer_session(run, stage) as session:
            try:
                outcome = run_packer(
                    [str(run.packer.path), "validate", "-machine-readable", "."],
                    environment=session.environment,
                    cwd=run.directory(stage),
                    on_line=lambda line, errors=errors: errors.extend(_errors(line)),  # type: ignore[misc]
                    redact=run.folder.redact,
                    cancel=run.cancel,
                )
            except PackerError as error:
                raise Stop(ExitCode.TOOLCHAIN, error.diagnostic.message, [error.diagnostic]) from error
        if run.cancel.requested:
            raise Stop(ExitCode.CANCELLED, "the run was cancelled")
        if outcome.exit_code != 0 or any(_NOT_LOADED in text for text in errors):
            text = run.folder.redact(" ".join(" ".join(errors).split())) or f"exit code {outcome.exit_code}"
            raise Stop(ExitCode.TOOLCHAIN, f"packer validate: {text}", [REFUSED.at((), f"packer validate: {text}")])
        run.say(Progress(time=now(), text=f"packer validate: stage {stage.name.value} is valid"))


def _errors(line: Line) -> list[str]:
    item = parse(line.data)
    if isinstance(item, Record) and item.type == "ui":
        return [part.text for part in ui_lines(item) if part.level == "error" or _NOT_LOADED in part.text]
    # What is wrong with Packer's own configuration comes outside of its records (packer.md §4.6).
    return [item.line] if isinstance(item, Text) and line.stream is Stream.STDERR else []
