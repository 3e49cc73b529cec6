"""A story to the bars of its timeline: phases, the tries at them, steps, and what came between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from imagesmith.events import StepState
from imagesmith.journal import Incident, RequestStory, RetryStory, SilenceStory, Story
from imagesmith.journal.story import PhaseStory, StepStory
from imagesmith.report.page.marks import MARKS
from imagesmith.report.supervision import incident_words
from imagesmith.report.words import PHASE_WORDS, STEP_WORDS, duration, state_word

_WIDTH = 1000.0
_THINNEST = 4.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A bar of the timeline; `x` and `width` are thousandths of the whole."""

    kind: str
    name: str
    x: str
    width: str
    took: str
    mark: str
    word: str = ""
    place: str = ""


def rows(story: Story, now: datetime) -> Iterator[Row]:
    """The bars: each phase, below it the tries where it took more than one, and its steps."""
    begin = story.run.start_time or next((phase.start for phase in story.phases if phase.start), None)
    if begin is None:
        return
    end = story.run.end_time if story.over else now
    scale = _Scale(begin, max(((end or begin) - begin).total_seconds(), 0.001), over=story.over)
    yield from (scale.part(part) for part in story.parts(""))
    for phase in story.phases:
        parts = list(story.parts(phase.name))
        retries = [part for part in parts if isinstance(part, RetryStory)]
        yield scale.phase(phase)
        yield from scale.tries(phase, retries)
        yield from (scale.part(part) for part in parts if not isinstance(part, RetryStory))


class _Scale:
    """Times to places on the bar."""

    def __init__(self, begin: datetime, length_s: float, *, over: bool) -> None:
        self._begin = begin
        self._length_s = length_s
        self._over = over

    def bar(self, start: datetime | None, took_s: float | None) -> tuple[str, str]:
        """Where a bar begins and how wide it is; one that did not end reaches to the end."""
        offset_s = (start - self._begin).total_seconds() if start else 0.0
        x = min(max(offset_s / self._length_s * _WIDTH, 0.0), _WIDTH - _THINNEST)
        length = took_s if took_s is not None else self._length_s - offset_s
        width = min(max(length / self._length_s * _WIDTH, _THINNEST), _WIDTH - x)
        return f"{x:.1f}", f"{width:.1f}"

    def phase(self, phase: PhaseStory) -> Row:
        """The bar of a phase."""
        x, width = self.bar(phase.start, phase.duration_s)
        return Row(
            kind="phase",
            name=phase.name,
            x=x,
            width=width,
            took=duration(phase.duration_s),
            mark=MARKS[phase.state],
            word=state_word(PHASE_WORDS, phase.state, over=self._over),
        )

    def tries(self, phase: PhaseStory, retries: list[RetryStory]) -> Iterator[Row]:
        """The bars of the tries at a phase, the waits between them left free; none where one try was enough."""
        start = phase.start
        for retry in retries:
            took_s = (retry.time - start).total_seconds() if retry.time and start else None
            name = f"try {retry.attempt - 1} of {retry.attempts}"
            yield self._attempt(name, retry.cause, start, took_s, StepState.FAILED)
            start = retry.time + timedelta(seconds=retry.wait_s) if retry.time else None
        if not retries or start is None or phase.start is None:
            return
        ended_s = None if phase.duration_s is None else phase.duration_s - (start - phase.start).total_seconds()
        if ended_s is None or ended_s > 0:  # else the run was cancelled before it began
            last = retries[-1]
            yield self._attempt(f"try {last.attempt} of {last.attempts}", "", start, ended_s, phase.state)

    def _attempt(
        self, name: str, cause: str, start: datetime | None, took_s: float | None, state: StepState | None
    ) -> Row:
        x, width = self.bar(start, took_s)
        word = state_word(PHASE_WORDS, state, over=self._over)
        return Row(
            kind="try", name=name, place=cause, x=x, width=width, took=duration(took_s), mark=MARKS[state], word=word
        )

    def part(self, part: StepStory | Incident) -> Row:
        """The bar of a step, or the place of an incident."""
        return self._step(part) if isinstance(part, StepStory) else self._incident(part)

    def _step(self, step: StepStory) -> Row:
        x, width = self.bar(step.start, step.duration_s)
        return Row(
            kind="step",
            name=f"[{step.number}] {step.title}",
            place=f"{Path(step.file).name}:{step.line}" if step.file else "",
            x=x,
            width=width,
            took=duration(step.duration_s),
            mark=MARKS[step.state],
            word=state_word(STEP_WORDS, step.state, over=self._over),
        )

    def _incident(self, incident: Incident) -> Row:
        """A request to stop reaches to the end of its phase, silence to the time when it was noticed."""
        start, took_s = incident.time, 0.0
        if isinstance(incident, SilenceStory) and start:
            start, took_s = start - timedelta(seconds=incident.quiet_s), incident.quiet_s
        if isinstance(incident, RequestStory):
            took_s = incident.ended_after_s or 0.0
        x, width = self.bar(start, took_s)
        time = f"{incident.time:%H:%M:%S}" if incident.time else "-"
        mark = "cancelled" if isinstance(incident, RequestStory) else "open"
        return Row(kind="incident", name=incident_words(incident), x=x, width=width, took=time, mark=mark)
