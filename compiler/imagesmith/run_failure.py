"""Why a run failed, for people and scripts: what kind of failure, in which step, with which last words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How one Packer run ended, judged from its exit code, its records and its manifest together (packer.md §11)."""

    SUCCEEDED = "succeeded"
    STOPPED = "stopped-on-purpose"
    """The last step ended a stage that captures nothing, with the exit code that was agreed for it."""
    CANCELLED = "cancelled"
    STEP_FAILED = "step-failed"
    VALIDATION_FAILED = "validation-failed"
    MACHINE_FAILED = "machine-failed"
    """The machine was not deployed, not reached or not captured."""
    PUBLISHING_FAILED = "publishing-failed"
    POST_PROCESSING_FAILED = "post-processing-failed"
    """The image was made, and Packer failed after it."""
    CRASHED = "packer-crashed"
    TIMED_OUT = "timed-out"
    SILENT = "silent"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFailure:
    """Why a run failed. `words` are Packer's own; `cause` and `remedy` are the table's where it knows the error (then
    `known` is the row's id), else `cause` repeats the words. `output` are the last lines of the step, or of Packer
    where no step ran. `file` and `line` are the step's place in the template.
    """

    outcome: Outcome
    cause: str
    words: str
    remedy: str = ""
    known: str | None = None
    transient: bool = False
    stage: str = ""
    step: str | None = None
    title: str | None = None
    file: str | None = None
    line: int | None = None
    exit_status: int | None = None
    output: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The step with its name and where it stands: ``customize[2] 'harden' (web.json:31)``; empty without one."""
        if self.step is None:
            return ""
        title = f" '{self.title}'" if self.title else ""
        return f"{self.step}{title}" + (f" ({self.file}:{self.line})" if self.file else "")

    @property
    def message(self) -> str:
        """One line: where, why, and Packer's words where they add something."""
        words = " ".join(self.words.split())
        words = words if len(words) <= _LONGEST_WORDS else f"{words[:_LONGEST_WORDS]}..."
        text = words if self.known is None else f"{self.cause} [{words}]"
        made = "the image was made, but Packer failed after it: "
        text = f"{made}{text}" if self.outcome is Outcome.POST_PROCESSING_FAILED else text
        return f"{self.place}: {text}" if self.place else text


_LONGEST_WORDS = 400
"""Characters of Packer's words in a message of one line; the whole of them is in `words`."""
