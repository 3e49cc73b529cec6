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
    REFUSED = "files-refused"
    """Packer does not take the files: it ended before it built anything."""
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
    """Why a Packer run failed."""

    outcome: Outcome
    """What kind of failure it was."""
    cause: str
    """The cause in plain words where the error is known, else Packer's words."""
    words: str
    """Packer's own words, or how it ended where it said nothing."""
    remedy: str = ""
    """What to do, where the error is known."""
    known: str | None = None
    """Id of the known error (`docs/known-errors.md`), null where it is none."""
    transient: bool = False
    """Whether the same build may succeed a little later without anybody doing anything."""
    stage: str = ""
    """`build` or `validate`."""
    step: str | None = None
    """Id of the step, null where none was running."""
    title: str | None = None
    """The step's name."""
    file: str | None = None
    """The template file that the step stands in."""
    line: int | None = None
    """The step's line in that file, counted from 1."""
    exit_status: int | None = None
    """What the step's script ended with."""
    output: tuple[str, ...] = ()
    """The last lines of the step's output, or of Packer's where no step was running."""

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
