"""How steps end, in words for people; one table for every report."""

from __future__ import annotations

from collections.abc import Mapping

from imagesmith.events import StepState

STEP_WORDS: Mapping[StepState | None, str] = {
    StepState.SUCCEEDED: "ok",
    StepState.FAILED: "FAILED",
    StepState.CANCELED: "cancelled",
    StepState.PASSED_OVER: "FAILED, passed over",
    StepState.RECORDED: "recorded, not run",
    None: "did not end",
}
"""How a step ended, in a word or three."""
