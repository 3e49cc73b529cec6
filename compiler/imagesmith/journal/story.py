"""A run's events to its story: phases and steps with their times and ends, and what came between them.

Everything is read in one pass, so a log of any length takes no more memory than the steps that it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from imagesmith.events import (
    CleanupProgress,
    Notice,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunFinished,
    RunStarted,
    StepFinished,
    StepStarted,
    StepState,
)
from imagesmith.journal import fields
from imagesmith.journal.incidents import Incident, Place, RequestStory, incident_of
from imagesmith.journal.reader import Run, read_events, read_run
from imagesmith.journal.writer import EVENTS


@dataclass(kw_only=True, slots=True)
class PhaseStory:
    """A phase; `succeeded` and `duration_s` are None while it goes on, or where the run ended in it. One that was
    `cancelled` did not succeed because somebody wanted the run to stop."""

    name: str
    start: datetime | None
    duration_s: float | None = None
    succeeded: bool | None = None
    cancelled: bool = False

    @property
    def state(self) -> StepState | None:
        """How it ended, in the words that steps have for it."""
        if self.succeeded is None:
            return None
        failed = StepState.CANCELED if self.cancelled else StepState.FAILED
        return StepState.SUCCEEDED if self.succeeded else failed


@dataclass(kw_only=True, slots=True)
class StepStory:
    """A step that began; `state` is None while it runs, or where the run ended in it."""

    id: str
    title: str
    number: int
    phase: str
    start: datetime | None
    file: str | None = None
    line: int | None = None
    state: StepState | None = None
    duration_s: float | None = None
    message: str = ""
    output_lines: int = 0


@dataclass(kw_only=True, slots=True)
class NoticeStory:
    """Something that a person should know."""

    time: datetime | None
    severity: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """All that is known of a run. `diagnostics` have the form of `diagnostics.to_json`."""

    run: Run
    packer: str | None = None
    planned_steps: int | None = None
    phases: tuple[PhaseStory, ...] = ()
    steps: tuple[StepStory, ...] = ()
    incidents: tuple[Incident, ...] = ()
    notices: tuple[NoticeStory, ...] = ()
    diagnostics: tuple[Mapping[str, Any], ...] = ()  # JSON data
    doing: str = ""
    """What the run did last: for one that goes on, what it does now."""

    @property
    def over(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self.run.over

    @property
    def duration_s(self) -> float | None:
        """How long it took; None while it goes on, or where the record does not say."""
        start, end = self.run.start_time, self.run.end_time
        return (end - start).total_seconds() if start and end else None

    def parts(self, phase: str) -> Iterator[StepStory | Incident]:
        """Steps and incidents of a phase in their order: an incident comes after the step that was running."""
        incidents = [found for found in self.incidents if found.place.phase == phase]
        for begun, step in enumerate(self.steps):
            yield from (found for found in incidents if found.place.steps_begun == begun)
            if step.phase == phase:
                yield step
        yield from (found for found in incidents if found.place.steps_begun >= len(self.steps))


@dataclass(kw_only=True, slots=True)
class _Reading:
    """What has been read so far."""

    phases: list[PhaseStory] = field(default_factory=list)
    steps: list[StepStory] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    notices: list[NoticeStory] = field(default_factory=list)
    running: dict[str, StepStory] = field(default_factory=dict)
    packer: str | None = None
    planned_steps: int | None = None
    doing: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)  # JSON data

    def take(self, event: Mapping[str, Any]) -> None:  # JSON data
        """The next event."""
        match event.get("event"):
            case Output.kind:
                if (step := self.running.get(str(event.get("step")))) is not None:
                    step.output_lines += 1
            case Progress.kind | CleanupProgress.kind:
                self.doing = fields.text(event.get("text")) or ""
            case Notice.kind:
                self._notice(event)
            case StepStarted.kind:
                self._start(event)
            case StepFinished.kind:
                self._finish(event)
            case PhaseStarted.kind:
                self.phases.append(PhaseStory(name=_text(event, "phase"), start=fields.time(event.get("time"))))
            case PhaseFinished.kind:
                self._end_phase(event)
            case RunStarted.kind:
                self.packer = fields.text(event.get("packer"))
                self.planned_steps = fields.number(event.get("steps"))
            case RunFinished.kind:
                self.result = fields.mapping(event.get("result"))
            case _:
                self._incident(event)

    def _incident(self, event: Mapping[str, Any]) -> None:  # JSON data
        phase, step = self.phases[-1].name if self.phases else "", next(reversed(self.running), None)
        incident = incident_of(event, Place(phase=phase, step=step, steps_begun=len(self.steps)))
        if incident is not None:
            self.incidents.append(incident)

    def _notice(self, event: Mapping[str, Any]) -> None:  # JSON data
        severity, text = _text(event, "severity"), _text(event, "text")
        self.notices.append(NoticeStory(time=fields.time(event.get("time")), severity=severity, text=text))

    def _start(self, event: Mapping[str, Any]) -> None:  # JSON data
        step = StepStory(
            id=_text(event, "step"),
            title=_text(event, "title"),
            number=fields.number(event.get("number")) or 0,
            phase=self.phases[-1].name if self.phases else "",
            start=fields.time(event.get("time")),
            file=fields.text(event.get("file")),
            line=fields.number(event.get("line")),
        )
        self.steps.append(step)
        self.running[step.id] = step
        self.doing = step.title

    def _finish(self, event: Mapping[str, Any]) -> None:  # JSON data
        step = self.running.pop(_text(event, "step"), None)
        if step is not None:
            with suppress(ValueError):
                step.state = StepState(_text(event, "state"))
            step.duration_s = fields.seconds(event.get("duration_s"))
            step.message = _text(event, "message")

    def _end_phase(self, event: Mapping[str, Any]) -> None:  # JSON data
        for phase in reversed(self.phases):
            if phase.name == event.get("phase"):
                phase.succeeded = event.get("succeeded") is True
                phase.duration_s = fields.seconds(event.get("duration_s"))
                self._end_requests(phase, fields.time(event.get("time")))
                return

    def _end_requests(self, phase: PhaseStory, end: datetime | None) -> None:
        """What a request to stop has led to: the end of its phase."""
        for found in self.incidents:
            if isinstance(found, RequestStory) and found.place.phase == phase.name:
                phase.cancelled = not phase.succeeded
                if found.count == 1 and found.time and end:
                    found.ended_after_s = max((end - found.time).total_seconds(), 0.0)


def read_story(path: Path) -> Story:
    """The story of the run in a folder. Raises `StateError` (IMG804) if it is no folder."""
    run = read_run(path)
    reading = _Reading()
    with suppress(OSError):
        for event in read_events(path / EVENTS):
            reading.take(event)
    recorded = fields.mappings(run.details.get("diagnostics"))
    return Story(
        run=run,
        packer=reading.packer,
        planned_steps=reading.planned_steps,
        phases=tuple(reading.phases),
        steps=tuple(reading.steps),
        incidents=tuple(reading.incidents),
        notices=tuple(reading.notices),
        diagnostics=recorded or fields.mappings(reading.result.get("diagnostics")),
        doing=reading.doing,
    )


def _text(event: Mapping[str, Any], name: str) -> str:  # JSON data
    return fields.text(event.get(name)) or ""
