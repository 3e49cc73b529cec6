"""A run's events to its story: phases and steps with their times and ends, notices, and where the log of each step is.

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
    Notice,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunFinished,
    RunStarted,
    RunState,
    StepFinished,
    StepStarted,
    StepState,
)
from imagesmith.journal import fields
from imagesmith.journal.reader import Run, read_events, read_run
from imagesmith.journal.writer import EVENTS

BETWEEN = ""
"""Stands for the place of what was said outside of steps."""


@dataclass(kw_only=True, slots=True)
class PhaseStory:
    """A phase; `succeeded` and `duration_s` are None while it goes on, or where the run ended in it."""

    name: str
    start: datetime | None
    duration_s: float | None = None
    succeeded: bool | None = None


@dataclass(kw_only=True, slots=True)
class StepStory:
    """A step that began; `state` is None while it runs, or where the run ended in it. A step that was tried again is
    there once a try."""

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
    notices: tuple[NoticeStory, ...] = ()
    diagnostics: tuple[Mapping[str, Any], ...] = ()  # JSON data
    doing: str = ""
    """What the run did last: for one that goes on, what it does now."""

    @property
    def over(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self.run.state not in (RunState.RUNNING, RunState.CANCELING)

    @property
    def duration_s(self) -> float | None:
        """How long it took; None while it goes on, or where the record does not say."""
        start, end = self.run.start_time, self.run.end_time
        return (end - start).total_seconds() if start and end else None


@dataclass(kw_only=True, slots=True)
class _Reading:
    """What has been read so far."""

    phases: list[PhaseStory] = field(default_factory=list)
    steps: list[StepStory] = field(default_factory=list)
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
            case Progress.kind:
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
                return


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
        notices=tuple(reading.notices),
        diagnostics=recorded or fields.mappings(reading.result.get("diagnostics")),
        doing=reading.doing,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """A line of the log: what a step or Packer printed, or, where `spoken` is set, what was being done."""

    time: datetime | None
    text: str
    step: str
    stream: str = "stdout"
    spoken: bool = False


def log_lines(events: Iterator[Mapping[str, Any]]) -> Iterator[LogLine]:  # JSON data
    """The lines of a log in order, from events as `read_events` gives them."""
    for event in events:
        match event.get("event"):
            case Output.kind:
                yield LogLine(
                    time=fields.time(event.get("time")),
                    text=_text(event, "text"),
                    step=_text(event, "step") or BETWEEN,
                    stream=_text(event, "stream"),
                )
            case Progress.kind:
                time = fields.time(event.get("time"))
                yield LogLine(time=time, text=_text(event, "text"), step=BETWEEN, spoken=True)


def _text(event: Mapping[str, Any], name: str) -> str:  # JSON data
    return fields.text(event.get(name)) or ""
