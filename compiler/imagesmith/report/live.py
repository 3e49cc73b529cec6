"""Events to lines for people: plain lines with times, or a live view on a terminal."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from imagesmith.events import (
    CancelRequested,
    CleanupProgress,
    Event,
    Notice,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunResult,
    RunStarted,
    StepFinished,
    StepStarted,
    StepState,
)
from imagesmith.listening import Listener, OutputLines
from imagesmith.report.supervision import supervision_line
from imagesmith.report.text import escape_controls as printable
from imagesmith.report.words import STEP_WORDS

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_KEPT = 8
"""Lines that are shown of a step that fails."""
_SHOWN = 3
_MARKS = {"stdout": "|", "stderr": "!"}
"""What stands before a line of output."""
_LONGEST = 1000
"""Characters of a line that are looked at."""
_ECHO = 3
"""Columns that stay free: a terminal shows Ctrl-C as `^C`, and a row that it makes longer than the terminal is wide
takes two of them, of which the view would erase one."""
_QUIET_S = 10.0
"""Seconds of silence from which on they are told."""


class PlainView(Listener):
    """One line an event, with the time of day in UTC: for logs, pipes and CI."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._cancelled = False
        self._doing = ""

    def __call__(self, event: Event) -> None:
        """Print an event."""
        text = self._line(event)
        if text:
            self._write(f"{event.time:%H:%M:%S} {text}")

    def take_lines(self, lines: OutputLines) -> None:
        """Print lines of output, all at once."""
        before = f"{lines.time:%H:%M:%S}     {_MARKS[lines.stream]} "
        self._write("\n".join([f"{before}{printable(text)}" for text in lines.texts]))

    def _line(self, event: Event) -> str | None:  # noqa: PLR0911 - one return a kind of event
        """What an event says, None for those that a log does not show."""
        match event:
            case RunStarted():
                return f"run {event.run_id}: {printable(event.template)}, {event.steps} steps, Packer {event.packer}"
            case PhaseStarted():
                return f"-- {event.phase}"
            case PhaseFinished():
                word = "done" if event.succeeded else "cancelled" if self._cancelled else "failed"
                return f"-- {event.phase} {word} ({event.duration_s:.1f} s)"
            case StepStarted():
                place = f"  ({printable(event.file)}:{event.line})" if event.file else ""
                return f"[{event.number}] {event.step}: {printable(event.title)}{place}"
            case StepFinished():
                return f"    {STEP_WORDS[event.state]} ({event.duration_s:.1f} s) {printable(event.message)}".rstrip()
            case Output():
                return f"    {_MARKS[event.stream]} {printable(event.text)}" if event.step else None
            case Progress():
                self._doing = event.text
                return f"  {printable(event.text)}"
            case CleanupProgress() if event.text == self._doing:
                self._doing = ""  # said a moment ago; when it comes again, it is still going on
                return None
            case CancelRequested():
                self._cancelled = True
                return supervision_line(event)
            case Notice():
                return f"{event.severity}: {printable(event.text)}"
            case _:
                return supervision_line(event)


class LiveView(Listener):
    """A terminal: finished steps scroll by, the running one stays at the bottom with its time and last lines.

    An `Output` costs next to nothing: only what is drawn, a few times a second, is made fit for a terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream, highlight=False, emoji=False)
        self._cut = False
        self._lines = PlainView(self._print)
        self._running: StepStarted | None = None
        self._named = self._cleans_up = False
        self._last: deque[str] = deque(maxlen=_KEPT)
        self._phase = ""
        self._since = self._heard = time.monotonic()
        self._total = 0
        self._begun: set[tuple[str, str]] = set()
        self._live: Live | None = None

    def start(self) -> None:
        """Take the terminal's last rows, also after a `stop`."""
        from rich.live import Live

        # A new one each time: one that is started again takes the rows above it for its own, and erases them.
        self._live = Live(get_renderable=self._render, console=self._console, refresh_per_second=8, transient=True)
        self._live.start()

    def stop(self) -> None:
        """Give them back: at the end, or to somebody who asks a question. Events are still printed."""
        if self._live:
            self._live.stop()

    def _scroll(self, event: Event) -> None:
        """What scrolls by. A title gives way to the terminal's width; what somebody must know is there in full."""
        self._cut = isinstance(event, StepStarted | CleanupProgress)
        self._lines(event)

    def _print(self, text: str) -> None:
        if self._cut:
            self._console.print(text, markup=False, overflow="ellipsis", no_wrap=True)
        else:
            self._console.print(text, markup=False)

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case Output() | Progress():
                self._heard = time.monotonic()
                self._last.append(event.text)
            case PhaseStarted():
                self._phase = event.phase
                self._begin()
                self._scroll(event)
            case StepStarted():
                self._running, self._named = event, False
                self._begun.add((self._phase, event.step))
                self._begin()
            case StepFinished():
                self._end_step(event)
            case RunStarted():
                self._total = event.steps
                self._scroll(event)
            case PhaseFinished():
                self._scroll(event)
            case _:
                self._cleans_up |= isinstance(event, CancelRequested)
                self._name_step()
                self._scroll(event)

    def _name_step(self) -> None:
        """The step that is running goes before what is said while it runs, and before its end."""
        if self._running and not self._named:
            self._named = True
            self._scroll(self._running)

    def take_lines(self, lines: OutputLines) -> None:
        """Keep the last of many lines."""
        self._heard = time.monotonic()
        self._last.extend(lines.texts[-_KEPT:])

    def _begin(self) -> None:
        self._since = self._heard = time.monotonic()
        self._last.clear()

    def _end_step(self, event: StepFinished) -> None:
        self._name_step()
        if event.state is StepState.FAILED:
            for line in self._last:
                self._console.print(f"    | {printable(line[:_LONGEST])}", markup=False)
        self._running = None
        self._begin()
        self._scroll(event)

    def _render(self) -> Text:
        from rich.text import Text

        text = Text("\n".join(self._rows(time.monotonic(), max(1, self._console.width - _ECHO))), no_wrap=True)
        text.stylize("bold", 0, text.plain.find("\n") if "\n" in text.plain else len(text.plain))
        return text

    def _rows(self, now: float, width: int) -> list[str]:
        """What is shown now, each row no wider than the terminal: who speaks, for how long, and the last lines."""
        quiet_s = now - self._heard
        times = _short(now - self._since) + (f", quiet {_short(quiet_s)}" if quiet_s >= _QUIET_S else "")
        if step := self._running:
            place = f"{len(self._begun)}/{max(self._total, len(self._begun))}"
            head = _fitted(f"{self._phase} {place} ", printable(step.title), f"  {times}", width)
        else:
            doing = f"{self._phase}, being cancelled" if self._cleans_up else self._phase
            head = _fitted("", doing, f"  {times}", width)
        return [head, *(f"  | {printable(line[:_LONGEST])}"[:width] for line in tuple(self._last)[-_SHOWN:])]


def _fitted(before: str, title: str, after: str, width: int) -> str:
    """A row in which the title gives way first, and then the rest from its end."""
    room = width - len(before) - len(after)
    if room < len(title):
        title = title[: max(room - 3, 0)] + "..." if room > 3 else ""
    return f"{before}{title}{after}"[:width]


def _short(seconds: float) -> str:
    """A duration as a clock shows it: ``7 s``, ``4:05``, ``1:02:09``."""
    whole = int(max(seconds, 0))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def result_lines(result: RunResult) -> list[str]:
    """The end of a run, as people read it."""
    seconds = (result.end_time - result.start_time).total_seconds()
    lines = [f"{result.state.value} after {seconds:.1f} s: {printable(result.message)}"]
    lines += [
        f"  {output.name}: {output.artifact_id or output.artifact_uri} ({output.provisioning_state})"
        for output in result.outputs
    ]
    lines += [f"  left behind: {printable(text)}" for text in result.leftovers]
    if result.record:
        lines.append(f"  run record: {result.record}")
    return lines
