"""What a failed Packer run has said to its cause: the known error that it was, the step, and the last words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from imagesmith.build.run import Run
from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.known_errors import STEP_TIMED_OUT, KnownError, Where, find_known
from imagesmith.packer.opening import SKIPPED
from imagesmith.plan import OnError, Stage, Step
from imagesmith.run_failure import Outcome, RunFailure

if TYPE_CHECKING:
    from imagesmith.build.watch import Watch
    from imagesmith.packer.outcome import Evidence

KNOWN = Rule(
    code="IMG842",
    severity=Severity.ERROR,
    title="the run failed, and the cause is known",
    cause="Packer, Azure or a script said something whose meaning is in the table of known errors.",
    fix="do what the hint says; docs/known-errors.md has the whole table",
    source="packer.md §10; demand.md §2, demand 3",
)
_LOOK = "read the last lines here, and all of them in the run record's packer.log"
UNKNOWN = Rule(
    code="IMG843",
    severity=Severity.ERROR,
    title="the run failed",
    cause="A step ended with an exit code that it must not end with, or Azure refused something, in words that are not"
    " in the table of known errors.",
    fix=f"{_LOOK}; --on-error abort keeps the machine",
    source="demand.md §2, demand 3",
)

_GIVEN_UP = "context canceled"
"""All that Packer 1.6.6 says of a step that its time limit has ended: its own line for that is often lost (packer.md
§6). Without a cancel nothing else ends a step so."""
_ABORTING = re.compile(rf'Step "Step[A-Za-z]+" (?:failed|aborted)|{SKIPPED}')
NEAR = 40
"""Last lines of a step that may hold its cause; a script may have got over what it said before."""
SHOWN = 12
"""Last lines that a failure shows."""
_WIDEST = 300
"""Characters that are shown of one of them."""


def failure_of(run: Run, stage: Stage, watch: Watch, evidence: Evidence, outcome: Outcome) -> RunFailure:
    """Why a stage failed, or in what it was cancelled."""
    step = _step(run, stage, watch, evidence)
    words = _words(watch, evidence)
    known = _known(watch, words, evidence, in_step=step is not None)
    lines = watch.step_lines if step is not None else watch.own_lines
    span = run.compilation.locate(step.path) if step is not None and step.path is not None else None
    found = watch.tracker.failure
    return RunFailure(
        outcome=outcome,
        cause=known.cause if known else words,
        words=words,
        remedy=known.remedy if known else "",
        known=known.id if known else None,
        transient=known.transient if known else False,
        stage=stage.name.value,
        step=step.id if step else None,
        title=step.title if step else None,
        file=span.file if span else None,
        line=span.line if span else None,
        exit_status=found.exit_status if found and step else None,
        output=tuple(_cut(line) for line in _spoken(lines, words)[-SHOWN:]),
    )


def failed(run: Run, failure: RunFailure) -> Diagnostic:
    """The failure as a diagnostic at the step's place, with the last lines under it."""
    rule = KNOWN if failure.known else UNKNOWN
    path = next(
        (step.path for stage in run.plan.stages for step in stage.steps if step.id == failure.step and step.path), ()
    )
    shown = [f"| {line}" for line in failure.output]
    message = "\n".join([failure.message, *(("its last lines:", *shown) if shown else ())])
    span = run.compilation.locate(path) if path else None
    hint = failure.remedy or ("" if _may_keep(run, failure) else _LOOK)
    return rule.at(path, message, hint=hint, span=span)


def _may_keep(run: Run, failure: RunFailure) -> bool:
    """Whether another `--on-error` would have kept the machine: it is not kept already, and can be."""
    stages = [stage for stage in run.plan.stages if stage.name.value == failure.stage]
    return any(stage.stop_exit_code is None and run.on_error(stage) is not OnError.ABORT for stage in stages)


def _words(watch: Watch, evidence: Evidence) -> str:
    """Packer's own words for it, else how it ended."""
    if failure := watch.tracker.failure:
        return failure.text
    if evidence.signalled is not None:
        return f"Packer was ended by signal {evidence.signalled}"
    if evidence.crashed:
        return f"Packer crashed (exit code {evidence.exit_code})"
    without = "a manifest that can be read" if evidence.image_recorded else "an image"
    return f"Packer ended with exit code {evidence.exit_code} and without {without}"


def _step(run: Run, stage: Stage, watch: Watch, evidence: Evidence) -> Step | None:
    """The step that failed, or that was running when the run was cancelled."""
    id_ = evidence.failed_step or (watch.last_step if evidence.cancel_requested else None)
    return next((step for step in stage.steps if step.id == id_), None)


def _known(watch: Watch, words: str, evidence: Evidence, *, in_step: bool) -> KnownError | None:
    """The row of the table that explains it. What comes while Packer cleans up is no cause: its error counts first."""
    if evidence.cancel_requested and not evidence.failed_before_cancel:
        # What is said after that is about the clean-up. What it was at until then may be why a limit was reached.
        before, where = (watch.step_lines, Where.STEP) if in_step else (watch.before_cancel, Where.PACKER)
        return find_known("\n".join(list(before)[-NEAR:]), where)
    if evidence.crashed:
        return find_known("\n".join([words, *watch.own_lines, *watch.step_lines]), Where.PACKER)
    if in_step:
        if words.strip() == _GIVEN_UP:
            return STEP_TIMED_OUT
        # Packer's word for a time limit often comes after the step's end.
        late = [line for line in watch.own_lines if STEP_TIMED_OUT.pattern.search(line)]
        lines = [*list(watch.step_lines)[-NEAR:], *late, words]
        return find_known("\n".join(lines), Where.STEP) or find_known(words, Where.PACKER)
    return find_known(words, Where.PACKER) or find_known("\n".join(watch.own_lines), Where.PACKER)


def _spoken(lines: Iterable[str], words: str) -> list[str]:
    """What was said before the end, and not how Packer tells of it once more (`-on-error=abort`, packer.md §4.10)."""
    return [line for line in lines if line.strip() and line not in words and not _ABORTING.match(line)]


def _cut(line: str) -> str:
    return line if len(line) <= _WIDEST else f"{line[:_WIDEST]}..."
