"""Phase check: `packer validate` over the compiled files, before anything costs money."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from imagesmith.build.ending import Stop
from imagesmith.build.run import Run
from imagesmith.build.stage import packer_session
from imagesmith.diagnostics import Rule, Severity
from imagesmith.events import ExitCode, Progress, now
from imagesmith.packer import PackerError, Record, Text, parse, run_packer, ui_lines
from imagesmith.packer.lines import Batch, Stream
from imagesmith.plan import Stage

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


class Check:
    """`packer validate` over every stage's files, all at once, while the run goes on to ask Azure."""

    def __init__(self, run: Run) -> None:
        self._run = run
        stages = run.plan.stages
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(stages)), thread_name_prefix="imagesmith-check")
        self._checks = [(stage, self._pool.submit(_problem, run, stage)) for stage in stages]

    def __enter__(self) -> Self:
        self._run.heard_at = time.monotonic()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._pool.shutdown()
        self._run.heard_at = None

    def wait(self) -> None:
        """Wait for Packer's judgement. Raises Stop if it is not content."""
        for stage, check in self._checks:
            problem = check.result()
            if self._run.cancel.requested:
                raise Stop.cancelled()
            if problem:
                text = f"packer validate: {problem}"
                raise Stop(ExitCode.TOOLCHAIN, text, [REFUSED.at((), text)])
            self._run.say(Progress(time=now(), text=f"packer validate: stage {stage.name.value} is valid"))


def _problem(run: Run, stage: Stage) -> str | None:
    """What Packer says against a stage's files, None where it is content. Raises Stop if it cannot be started."""
    errors: list[str] = []

    def take(batch: Batch) -> None:
        run.heard_at = time.monotonic()
        errors.extend(text for line in batch.lines for text in _errors(line, batch.stream))

    with packer_session(run, {**run.world.variables, **_placeholders(stage)}, stage) as environment:
        try:
            outcome = run_packer(
                [str(run.packer.path), "validate", "-machine-readable", "."],
                environment=environment,
                cwd=run.directory(stage),
                on_lines=take,
                cancel=run.cancel,
            )
        except PackerError as error:
            raise Stop(ExitCode.TOOLCHAIN, error.diagnostic.message, [error.diagnostic]) from error
    if outcome.exit_code == 0 and not any(_NOT_LOADED in text for text in errors):
        return None
    return run.folder.redact(" ".join(" ".join(errors).split())) or f"exit code {outcome.exit_code}"


def _placeholders(stage: Stage) -> dict[str, str]:
    """Values for what is only decided while the check goes on: those that `plan.json` shows."""
    return {variable.name: variable.value for variable in stage.variables if variable.value is not None}


def _errors(line: str, stream: Stream) -> list[str]:
    item = parse(line)
    if isinstance(item, Record) and item.type == "ui":
        return [part.text for part in ui_lines(item) if part.level == "error" or _NOT_LOADED in part.text]
    # What is wrong with Packer's own configuration comes outside of its records (packer.md §4.6).
    return [item.line] if isinstance(item, Text) and stream is Stream.STDERR else []
