"""A run's events to the lines of its log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imagesmith.events import Output, Progress, StepStarted
from imagesmith.journal import fields
from imagesmith.journal.incidents import Incident, incident_of

BETWEEN = ""
"""Stands for the place of what was said outside of steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """A line of the log: what a step or Packer printed, or, where `spoken` is set, what was being done; where `begins`
    is set, the title of a step that began."""

    time: datetime | None
    text: str
    step: str
    stream: str = "stdout"
    spoken: bool = False
    begins: bool = False


def log_lines(events: Iterator[Mapping[str, Any]]) -> Iterator[LogLine | Incident]:  # JSON data
    """The lines of a log in order, from events as `read_events` gives them, and the incidents between them."""
    for event in events:
        if (line := log_line_of(event)) is not None:
            yield line
        elif (incident := incident_of(event)) is not None:
            yield incident


def log_line_of(event: Mapping[str, Any]) -> LogLine | None:  # JSON data
    """The line of the log that an event is, None for an event of another kind."""
    time, text = fields.time(event.get("time")), fields.text(event.get("text")) or ""
    match event.get("event"):
        case Output.kind:
            step, stream = fields.text(event.get("step")), fields.text(event.get("stream"))
            return LogLine(time=time, text=text, step=step or BETWEEN, stream=stream or "")
        case Progress.kind:
            return LogLine(time=time, text=text, step=BETWEEN, spoken=True)
        case StepStarted.kind:
            title, step = fields.text(event.get("title")), fields.text(event.get("step"))
            return LogLine(time=time, text=title or "", step=step or BETWEEN, begins=True)
        case _:
            return None
