"""How steps and phases end and how long they take, in words for people; one table for every report."""

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

PHASE_WORDS: Mapping[StepState | None, str] = {
    **STEP_WORDS,
    StepState.SUCCEEDED: "done",
    StepState.FAILED: "failed",
}
"""The same for a phase, or a try at one."""


def state_word(words: Mapping[StepState | None, str], state: StepState | None, *, over: bool) -> str:
    """How a step or a phase stands; `over` says that the run does not go on."""
    return words[state] if state or over else "running"


def duration(seconds: float | None) -> str:
    """A duration as people say it: ``4.2 s``, ``12 min 05 s``, ``1 h 02 min``; ``-`` where it is not known."""
    if seconds is None:
        return "-"
    if seconds < 59.95:
        return f"{max(seconds, 0.0):.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
