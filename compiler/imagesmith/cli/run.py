"""A build on the command line: signals, the view, and the world that it takes place in."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from imagesmith.cli.output import colors, talk
from imagesmith.cli.supervision import question
from imagesmith.events import Event, OnEvent, to_json
from imagesmith.listening import Listener, OutputLines
from imagesmith.packer import CancelToken
from imagesmith.report.live import LiveView, PlainView

TERMINATED = "terminated"
INTERRUPTED = "interrupted"


@contextmanager
def cancel_on_signals() -> Iterator[CancelToken]:
    """A token that Ctrl-C, SIGTERM and SIGHUP request.

    The first signal asks Packer to clean up. The second one asks a person on a terminal whether Packer is to end at
    once, and elsewhere has the run say what a third one would do; the third one ends Packer.
    """
    presses = _Presses(CancelToken())
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), presses.handle) for name in names}
    try:
        yield presses.token
    finally:
        for name, action in before.items():
            signal.signal(getattr(signal, name), action)


class _Presses:
    """Signals of somebody who grows impatient."""

    def __init__(self, token: CancelToken) -> None:
        self.token = token
        self._count = 0

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """One more signal. Nothing here takes a lock or writes: it may come in the middle of either."""
        self._count += 1
        reason = INTERRUPTED if number == signal.SIGINT else TERMINATED
        if self._count > 2:
            self.token.kill()
            return
        self.token.request(reason)
        if self._count == 2 and number == signal.SIGINT and sys.stdin is not None and sys.stdin.isatty():
            threading.Thread(target=self._ask, name="imagesmith-question", daemon=True).start()

    def _ask(self) -> None:
        if question("End Packer at once, and leave what it made in Azure? [y/N] ") in {"y", "yes"}:
            self.token.kill()


@contextmanager
def view(output: str) -> Iterator[OnEvent]:
    """Where events are shown: NDJSON on stdout, a live view on a terminal, plain lines otherwise."""
    with ExitStack() as stack:
        show: Listener
        if output == "ndjson":
            show = _JsonView()
        elif colors(sys.stderr):
            show = stack.enter_context(LiveView(sys.stderr))
        else:
            show = PlainView(talk)
        yield show


class _JsonView(Listener):
    """One JSON text an event on stdout."""

    def __call__(self, event: Event) -> None:
        click.echo(json.dumps(to_json(event)))

    def take_lines(self, lines: OutputLines) -> None:
        click.echo("\n".join(json.dumps(to_json(event)) for event in lines.events()))


def state_folder(given: str | None) -> Path:
    """Where run records go: the option, IMAGESMITH_STATE_DIR, or `.imagesmith` here."""
    return Path(given or os.environ.get("IMAGESMITH_STATE_DIR") or ".imagesmith")


def cache_folder() -> Path:
    """Where programs and fetched files are kept between runs."""
    base = os.environ.get("IMAGESMITH_CACHE_DIR")
    if base:
        return Path(base)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imagesmith"


def proxies() -> dict[str, str]:
    """The proxies that the environment names, lower-case names first as everywhere."""
    found = {
        kind: os.environ.get(f"{kind}_proxy") or os.environ.get(f"{kind.upper()}_PROXY")
        for kind in ("https", "http", "no")
    }
    return {kind: text for kind, text in found.items() if text}
