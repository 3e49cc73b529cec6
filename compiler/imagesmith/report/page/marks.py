"""How something ended to the style that shows it."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.events import RunState, StepState

MARKS: Mapping[StepState | None, str] = {
    StepState.SUCCEEDED: "ok",
    StepState.FAILED: "failed",
    StepState.CANCELED: "cancelled",
    StepState.PASSED_OVER: "open",
    StepState.RECORDED: "recorded",
    None: "open",
}
"""Of steps, phases and tries."""
RUN_MARKS: Mapping[RunState, str] = {
    RunState.SUCCEEDED: "ok",
    RunState.PARTIALLY_SUCCEEDED: "open",
    RunState.FAILED: "failed",
    RunState.CANCELED: "cancelled",
    RunState.RUNNING: "recorded",
    RunState.CANCELING: "cancelled",
}
SEVERITY_MARKS: Mapping[str, str] = {"error": "failed", "warning": "open"}
