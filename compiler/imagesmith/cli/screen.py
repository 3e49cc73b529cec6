"""Where a build's events are shown and its questions are asked: one owner, so that neither writes over the other."""

from __future__ import annotations

import select
import sys
import threading
from collections.abc import Callable
from itertools import islice
from typing import Self

import click

from imagesmith.cli.output import colors, show_line, talk
from imagesmith.cli.streams import can_ask
from imagesmith.events import CancelRequested, Event, Output, to_json
from imagesmith.listening import Listener, OutputLines
from imagesmith.packer import CancelToken
from imagesmith.report.json import json_line
from imagesmith.report.live import LiveView, PlainView
from imagesmith.run_failure import RunFailure

_YES = frozenset({"y", "yes"})
_NO = frozenset({"n", "no"})
_TICK_S = 0.1
_HELD = 1000
"""Events that are kept for the end of a question; more lines of output are only in the record."""


class Screen(Listener):
    """Shows events: NDJSON on stdout, a live view on a terminal, plain lines otherwise. Safe to use from any thread.

    While a question waits for its answer nothing else is shown; what happens meanwhile comes after the answer.
    """

    def __init__(self, output: str, cancel: CancelToken) -> None:
        self._output = output
        self._cancel = cancel
        self._lock = threading.Lock()
        self._show: Listener = PlainView(talk)
        self._live: LiveView | None = None
        self._asking = False
        self._held: list[Event] = []

    def __enter__(self) -> Self:
        if self._output == "ndjson":
            self._show = _JsonLines()
        elif colors(sys.stderr):
            self._show = self._live = LiveView(sys.stderr)
            self._live.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        with self._lock:
            if self._asking:  # the run did not wait for the answer
                click.echo("", err=True)
                self._go_on()
            elif self._live:
                self._live.stop()

    def __call__(self, event: Event) -> None:
        """Show an event. A second request to stop is a question where there is somebody to ask."""
        with self._lock:
            if self._asking:
                if len(self._held) < _HELD or not isinstance(event, Output):
                    self._held.append(event)
                return
            self._show(event)
        if isinstance(event, CancelRequested) and event.count == 2 and can_ask():
            threading.Thread(target=self._ask_kill, name="imagesmith-question", daemon=True).start()

    def take_lines(self, lines: OutputLines) -> None:
        """Show many lines of output."""
        with self._lock:
            if self._asking:
                self._held += islice(lines.events(), max(_HELD - len(self._held), 0))
            else:
                self._show.take_lines(lines)

    def ask_keep(self, failure: RunFailure) -> bool:
        """Ask whether the machine is to be kept; no answer keeps it, so that nothing is lost. A request to stop that
        comes meanwhile is an answer: what is cancelled is removed."""
        before = self._cancel.count
        text = f"failed: {failure.message}\nKeep the machine, to look at it? [Y/n] "
        answer = self._ask(text, lambda: self._cancel.count > before)
        return answer not in _NO and self._cancel.count == before

    def _ask_kill(self) -> None:
        text = "End Packer at once, and leave what it made in Azure? [y/N] "
        if self._ask(text, lambda: self._cancel.killed or not self._asking) in _YES:
            self._cancel.kill("answered yes")

    def _ask(self, text: str, is_settled: Callable[[], bool]) -> str:
        """What somebody answers, in lower case; empty where the terminal is gone, or the question is settled."""
        with self._lock:
            self._asking = True
            if self._live:
                self._live.stop()
        click.echo(text, err=True, nl=False)
        try:
            answer = _line(is_settled).strip().lower()
        except (OSError, ValueError):
            answer = ""
        with self._lock:
            if self._asking:  # else the run has ended meanwhile
                if self._live:
                    self._live.start()
                self._go_on()
        return answer

    def _go_on(self) -> None:
        """Show what has come meanwhile."""
        self._asking = False
        for event in self._held:
            self._show(event)
        self._held.clear()


def _line(is_settled: Callable[[], bool]) -> str:
    """The next line of stdin, empty as soon as nobody needs it. Windows cannot wait for a terminal with a limit."""
    while sys.platform != "win32" and not select.select([sys.stdin], [], [], _TICK_S)[0]:
        if is_settled():
            click.echo("", err=True)
            return ""
    return sys.stdin.readline()


class _JsonLines(Listener):
    """NDJSON on stdout."""

    def __call__(self, event: Event) -> None:
        show_line(to_json(event))

    def take_lines(self, lines: OutputLines) -> None:
        click.echo("\n".join(json_line(to_json(event)) for event in lines.events()))
