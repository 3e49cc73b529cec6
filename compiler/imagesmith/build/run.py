"""One run: what it works on, what it has made so far, and how it speaks."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from imagesmith.build.options import BuildOptions
from imagesmith.build.phase import Phase
from imagesmith.diagnostics import Diagnostic
from imagesmith.events import (
    Event,
    Notice,
    RunOutput,
    RunSubState,
    StepFinished,
    StepState,
    now,
)
from imagesmith.packer import CancelToken
from imagesmith.pipeline import Compilation
from imagesmith.plan import BuildPlan, OnError, Publication, Stage, StageName
from imagesmith.toolchain import Packer
from imagesmith.world import World

if TYPE_CHECKING:
    from imagesmith.build.ending import Stop
    from imagesmith.build.record import RunFolder

TIME_LIMIT = "time limit"
"""Reason of the cancel that the template's buildTimeoutInMinutes asks for."""
ASKED = "`imagesmith cancel`"
"""Reason of the cancel that another process asks for."""
CLEANUP = "clean-up limit"
"""Reason of the kill that the limit of the clean-up asks for."""
SILENCE = "silence"
"""Reason of the cancel that follows when nothing was heard for too long."""
REFUSED_FILES = "refused files"
"""Reason of the cancel that follows when Packer does not take the files of a later stage."""


@dataclass(kw_only=True, slots=True)
class Run:
    """The state of a run. Phases add to `variables`, `files`, `published` and `leftovers`."""

    compilation: Compilation
    packer: Packer
    world: World
    folder: RunFolder
    cancel: CancelToken
    options: BuildOptions
    files: dict[str, bytes] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    groups: dict[StageName, str] = field(default_factory=dict)
    """The resource group that each stage builds in."""
    published: list[Publication] = field(default_factory=list)
    outputs: list[RunOutput] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    suspects: list[str] = field(default_factory=list)
    """What Packer says that it left, in its words; `leftovers.account` finds out what is true of it."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    retries: int = 0
    """How often a stage was tried again."""
    sub_state: RunSubState = RunSubState.QUEUED
    has_begun_machines: bool = False
    capture_begun: bool = False
    """Whether Packer has begun to make an image, so that one may exist whatever else happened."""
    heard_at: float | None = None
    """When Packer last said something (monotonic clock, seconds), None while none builds."""
    stopping: bool = False
    """Whether Packer has been asked to stop."""
    doing: str = ""
    """What Packer last said that it does."""
    step: str | None = None
    """The step that is running."""
    refusal: Stop | None = None
    """Why Packer does not take files, where that ended the run while it was at something else."""
    tell_requests: Callable[[], None] = lambda: None
    """Says which requests to stop have come; the supervisor's, from its start on."""

    @property
    def plan(self) -> BuildPlan:
        """The plan for the Packer at hand."""
        if self.compilation.plan is None:
            raise ValueError("no plan")
        return self.compilation.plan

    @property
    def time_limit_s(self) -> float:
        """Seconds that the whole run may take; a run without a plan ends at once by itself."""
        if self.options.time_limit_s is not None:
            return self.options.time_limit_s
        return float(self.compilation.plan.timeout_s) if self.compilation.plan else float(threading.TIMEOUT_MAX)

    def directory(self, stage: Stage) -> Path:
        """Where a stage's files are."""
        return self.folder.compiled / stage.name.value

    def on_error(self, stage: Stage) -> OnError:
        """What happens to a stage's machine when it fails: the caller's wish, else the template's.

        A stage whose last step ends it by failing on purpose always cleans up: Packer cannot tell that from a failure.
        """
        if stage.stop_exit_code is not None:
            return OnError.CLEANUP
        if self.options.ask_keep is not None:
            return OnError.ABORT  # Packer cannot ask without a terminal of its own (packer.md §4.10), so we do
        return self.options.on_error or stage.on_error

    def say(self, event: Event) -> None:
        """Record an event and pass it on. Steps that a machine only kept are told as recorded."""
        if self.world.records_steps and isinstance(event, StepFinished) and event.state is StepState.SUCCEEDED:
            recorded = not self.world.has_run(event.step)
            event = dataclasses.replace(event, state=StepState.RECORDED) if recorded else event
        self.folder.say(event)

    def observe(self) -> None:
        """Take what the world has seen into the result, each finding at its place in the template."""
        for found in self.world.observe().diagnostics:
            span = self.compilation.locate(found.path) if found.path else None
            self.diagnostics.append(dataclasses.replace(found, span=span))

    def redacted(self, found: Diagnostic) -> Diagnostic:
        """A diagnostic without secrets."""
        redact = self.folder.redact
        return dataclasses.replace(found, message=redact(found.message), hint=redact(found.hint))

    def note(self, text: str, severity: str = "warning") -> None:
        """Tell people something."""
        self.say(Notice(time=now(), severity=severity, text=text))

    def phase(self, name: str, sub_state: RunSubState) -> Phase:
        """A phase, told at its start and at its end."""
        return Phase(self, name, sub_state)

    def refuse(self, refusal: Stop) -> None:
        """End the run in order, whatever it is at: Packer does not take files that it will need later."""
        self.refusal = refusal
        self.cancel.request(REFUSED_FILES)

    def artifact_id(self, publication: Publication) -> str | None:
        """A publication's id with what the run has decided filled in."""
        text = publication.artifact_id
        for name, value in {**self.variables, "subscription_id": self.world.subscription_id}.items():
            text = text and text.replace(f"{{{name}}}", value)
        return text
