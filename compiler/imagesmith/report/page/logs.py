"""A run's events to the logs on its page: one a step, and one for what was done between the steps of a phase."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from imagesmith.events import (
    CancelRequested,
    Output,
    PhaseStarted,
    Progress,
    RetryScheduled,
    Silence,
    StepFinished,
    StepStarted,
    StepState,
)
from imagesmith.journal import fields
from imagesmith.journal.incidents import incident_of
from imagesmith.report.supervision import incident_words

LINE_LIMIT = 20_000
"""Lines of all logs together on one page; more make browsers slow."""
_SMALLEST = 100
_WIDTH = 2000
"""Characters of a line that are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageLine:
    """A line of a log. `mark` is the style: `e` of stderr, `s` what was being done, `w` an incident, `cut` where lines
    are left out."""

    text: str
    time: str = ""
    mark: str = ""


@dataclass(kw_only=True, slots=True)
class PageLog:
    """The log of a step, or of what was between the steps of a phase; of a long one its beginning and its end."""

    name: str
    limit: int
    state: StepState | None = None
    is_step: bool = False
    total: int = 0
    _first: list[PageLine] = field(default_factory=list)
    _last: deque[PageLine] = field(default_factory=deque)

    def add(self, line: PageLine) -> None:
        """One more line."""
        self.total += 1
        if len(self._first) < self.limit // 5:
            self._first.append(line)
            return
        self._last.append(line)
        if len(self._last) > self.limit - self.limit // 5:
            self._last.popleft()

    @property
    def lines(self) -> Iterator[PageLine]:
        """The lines that are shown, with a note where some are not."""
        yield from self._first
        missing = self.total - len(self._first) - len(self._last)
        if missing:
            text = f"{missing:,} lines are left out here; `imagesmith runs logs` prints them all"
            yield PageLine(text=text, mark="cut")
        yield from self._last


def page_logs(events: Iterable[Mapping[str, Any]], *, parts: int) -> list[PageLog]:  # JSON data
    """Logs in the order of their beginnings. `parts` is about how many there will be; they share the page's room."""
    limit = max(_SMALLEST, LINE_LIMIT // max(1, parts))
    logs: list[PageLog] = []
    running: dict[str, PageLog] = {}
    between: PageLog | None = None
    phase = "before the first phase"
    for event in events:
        match event.get("event"):
            case PhaseStarted.kind:
                phase, between = _text(event, "phase"), None
            case StepStarted.kind:
                step = _text(event, "step")
                running[step] = PageLog(name=f"{step}: {_text(event, 'title')}", limit=limit, is_step=True)
                logs.append(running[step])
            case StepFinished.kind:
                if (log := running.pop(_text(event, "step"), None)) is not None:
                    log.state = _state(event)
            case Output.kind | Progress.kind | CancelRequested.kind | Silence.kind | RetryScheduled.kind:
                log = running.get(_text(event, "step"))
                if log is None:
                    if between is None:
                        between = PageLog(name=f"{phase}: Packer and Azure", limit=limit)
                        logs.append(between)
                    log = between
                log.add(_line(event))
    return logs


def _line(event: Mapping[str, Any]) -> PageLine:  # JSON data
    incident, time = incident_of(event), fields.time(event.get("time"))
    text = incident_words(incident) if incident else _text(event, "text")
    if len(text) > _WIDTH:
        text = f"{text[:_WIDTH]} ... ({len(text) - _WIDTH:,} characters more)"
    return PageLine(text=text, time=f"{time:%H:%M:%S}" if time else "", mark=_mark(event))


def _mark(event: Mapping[str, Any]) -> str:  # JSON data
    match event.get("event"):
        case Output.kind:
            return "e" if event.get("stream") == "stderr" else ""
        case Progress.kind:
            return "s"
        case _:
            return "w"


def _state(event: Mapping[str, Any]) -> StepState | None:  # JSON data
    try:
        return StepState(_text(event, "state"))
    except ValueError:
        return None


def _text(event: Mapping[str, Any], name: str) -> str:  # JSON data
    return fields.text(event.get(name)) or ""
