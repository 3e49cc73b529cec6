"""Events to lines for people: plain lines with times, or a live view on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from imagesmith.events import (
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
from imagesmith.report.supervision import supervision_line
from imagesmith.report.text import escape_controls as printable

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

_MARKS = {
    StepState.SUCCEEDED: "ok",
    StepState.FAILED: "FAILED",
    StepState.CANCELED: "cancelled",
    StepState.PASSED_OVER: "FAILED, passed over",
    StepState.RECORDED: "recorded, not run",
}


class PlainView:
    """One line an event, with the time of day in UTC: for logs, pipes and CI."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._titles: dict[str, str] = {}
        self._total = 0

    def __call__(self, event: Event) -> None:
        """Print an event."""
        text = self.line(event)
        if text:
            self._write(f"{event.time:%H:%M:%S} {text}")

    def line(self, event: Event) -> str | None:  # noqa: PLR0911 - one return a kind of event
        """What an event says, None for those that a log does not show."""
        match event:
            case RunStarted():
                self._total = event.steps
                return f"run {event.run_id}: {printable(event.template)}, {event.steps} steps, {event.packer}"
            case PhaseStarted():
                return f"-- {event.phase}"
            case PhaseFinished():
                return f"-- {event.phase} {'done' if event.succeeded else 'failed'} ({event.duration_s:.1f} s)"
            case StepStarted():
                self._titles[event.step] = event.title
                place = f"  ({event.file}:{event.line})" if event.file else ""
                return f"[{event.number}] {event.step}: {printable(event.title)}{place}"
            case StepFinished():
                return f"    {_MARKS[event.state]} ({event.duration_s:.1f} s) {printable(event.message)}".rstrip()
            case Output():
                mark = "!" if event.stream == "stderr" else "|"
                return f"    {mark} {printable(event.text)}" if event.step else None
            case Progress():
                return f"  {printable(event.text)}"
            case Notice():
                return f"{event.severity}: {printable(event.text)}"
            case _:
                return supervision_line(event)


class LiveView:
    """A terminal: finished steps scroll by, the running one stays at the bottom with its time and last lines."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stream, highlight=False)
        self._plain = PlainView(lambda text: self._console.print(text, markup=False, overflow="ellipsis", no_wrap=True))
        self._running: StepStarted | None = None
        self._last: list[str] = []
        self._phase = ""
        self._live: Live = Live(
            get_renderable=self._render, console=self._console, refresh_per_second=8, transient=True
        )

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        match event:
            case PhaseStarted():
                self._phase = event.phase
                self._plain(event)
            case StepStarted():
                self._running, self._last = event, []
            case StepFinished():
                if self._running:
                    self._plain(self._running)
                    if event.state is StepState.FAILED:
                        for line in self._last:
                            self._console.print(f"    | {line}", markup=False)
                self._running = None
                self._plain(event)
            case Output():
                self._last = [*self._last, printable(event.text)][-8:]
            case Progress():
                self._last = [*self._last, printable(event.text)][-8:]
            case _:
                self._plain(event)

    def _render(self) -> Text:
        from rich.text import Text

        width = max(20, self._console.width - 1)
        step = self._running
        head = f"-- {self._phase}"
        if step:
            elapsed = (datetime.now(UTC) - step.time).total_seconds()
            head = f"[{step.number}] {printable(step.title)} ... {elapsed:.0f} s"
        rows = [head, *(f"    | {line}" for line in self._last[-3:])]
        return Text("\n".join(row[:width] for row in rows))


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
