"""How a run ends: the first cause wins, and it decides state, sub-state, exit code and message (architecture §5)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from imagesmith.build.failure import failed
from imagesmith.build.run import REFUSED_FILES, SILENCE, TIME_LIMIT, Run
from imagesmith.diagnostics import Diagnostic, in_order
from imagesmith.events import ExitCode, RunResult, RunState, RunSubState
from imagesmith.packer.cancel import TERMINATED
from imagesmith.pipeline import Compilation
from imagesmith.run_failure import Outcome, RunFailure


class Stop(Exception):  # noqa: N818 - not an error of ours: the run cannot go on
    """The run cannot go on: with which exit code, and why."""

    def __init__(
        self,
        code: ExitCode,
        message: str,
        diagnostics: Iterable[Diagnostic] = (),
        *,
        failure: RunFailure | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.diagnostics = tuple(diagnostics)
        self.failure = failure

    @classmethod
    def cancelled(cls, failure: RunFailure | None = None) -> Stop:
        """Somebody has asked for the run's end; who, and in what, `ending_of` says."""
        return cls(ExitCode.CANCELLED, "the run was cancelled", failure=failure)

    @classmethod
    def for_target(cls, compilation: Compilation) -> Stop:
        """The Packer at hand cannot say what the template asks for."""
        found = [item for item in compilation.diagnostics if item.is_error]
        return cls(ExitCode.TEMPLATE, found[0].message if found else "the template has errors", found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """State and cause of a run that is over."""

    state: RunState
    code: ExitCode
    message: str
    sub_state: RunSubState | None = None
    failure: RunFailure | None = None

    def result(self, run: Run, *, start: datetime, end: datetime) -> RunResult:
        """The run's result."""
        return RunResult(
            run_id=run.folder.run_id,
            state=self.state,
            exit_code=self.code,
            message=run.folder.redact(self.message),
            start_time=start,
            end_time=end,
            sub_state=self.sub_state,
            outputs=tuple(run.outputs),
            leftovers=tuple(run.leftovers),
            retries=run.retries,
            diagnostics=in_order(run.redacted(found) for found in run.diagnostics),
            failure=self.failure,
            record=str(run.folder.path),
        )


def success(run: Run, message: str) -> Ending:
    """Everything is done; leftovers alone still show in the exit code."""
    if run.leftovers:
        text = f"{message}, but something was left behind in Azure"
        return Ending(state=RunState.SUCCEEDED, code=ExitCode.LEFTOVERS, message=text)
    return Ending(state=RunState.SUCCEEDED, code=ExitCode.OK, message=message)


def stop_if_cancelled(run: Run) -> None:
    """Raises Stop if somebody has asked for the run's end."""
    if run.cancel.requested:
        raise Stop.cancelled()


def ending_of(stop: Stop, run: Run) -> Ending:
    """A run that stopped: cancelled, timed out, or failed at what it was doing."""
    if stop.code is ExitCode.CANCELLED and (limit := _LIMITS.get(run.cancel.reason or "")):
        return _too_long(stop, run, limit)
    if stop.code is ExitCode.CANCELLED and run.cancel.reason == REFUSED_FILES and run.refusal is not None:
        stop = run.refusal
    run.diagnostics.extend(stop.diagnostics)
    if stop.code is ExitCode.CANCELLED:
        code = ExitCode.TERMINATED if run.cancel.reason == TERMINATED else ExitCode.CANCELLED
        return Ending(state=RunState.CANCELED, code=code, message=_cancelled(stop, run), sub_state=run.sub_state)
    partly = stop.code is ExitCode.DISTRIBUTION and any(
        output.provisioning_state == "Succeeded" for output in run.outputs
    )
    state = RunState.PARTIALLY_SUCCEEDED if partly else RunState.FAILED
    return Ending(
        state=state, code=stop.code, message=stop.message, sub_state=run.sub_state, failure=stop.failure
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Limit:
    """A limit that ends a run: what that is called, what it says, and what can be done."""

    outcome: Outcome
    words: Callable[[Run], str]
    remedy: str


_LIMITS: Mapping[str, _Limit] = {
    TIME_LIMIT: _Limit(
        outcome=Outcome.TIMED_OUT,
        words=lambda run: f"the build took longer than its limit of {_duration(run.time_limit_s)}",
        remedy="raise buildTimeoutInMinutes or --time-limit; the last lines show what took so long",
    ),
    SILENCE: _Limit(
        outcome=Outcome.SILENT,
        words=lambda run: f"nothing was heard for {run.options.silence_timeout_s or 0:g} seconds, the limit of silence",
        remedy="raise --silence-timeout, or let the step say now and then that it is at work",
    ),
}
"""By the reason of their cancel."""


def _cancelled(stop: Stop, run: Run) -> str:
    """Who or what has asked for the end, and where that met the run."""
    message = f"the run was cancelled ({run.cancel.reason})" if run.cancel.reason else stop.message
    return f"{message}, in {stop.failure.place}" if stop.failure and stop.failure.place else message


def _duration(seconds: float) -> str:
    """Minutes, as templates count them, or seconds where they are fewer than one."""
    return f"{seconds:g} seconds" if seconds < 60 else f"{seconds / 60:g} minutes"


def _too_long(stop: Stop, run: Run, limit: _Limit) -> Ending:
    """A limit was reached: what the run was at says more than that it was cancelled."""
    words, failure = limit.words(run), stop.failure
    message = words
    if failure is not None:
        known = failure.known is not None
        failure = dataclasses.replace(
            failure,
            outcome=limit.outcome,
            words=words,
            cause=failure.cause if known else words,
            remedy=failure.remedy if known else limit.remedy,
        )
        run.diagnostics.append(failed(run, failure))
        message = f"{words}, in {failure.place}" if failure.place else words
        message = f"{message}: {failure.cause}" if known else message
    return Ending(
        state=RunState.FAILED, code=ExitCode.TIMEOUT, message=message, sub_state=run.sub_state, failure=failure
    )
