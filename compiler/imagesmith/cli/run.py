"""A build on the command line: signals, the view, and the world that it takes place in."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import click

from imagesmith.cli.output import colors, talk
from imagesmith.events import Event, OnEvent, to_json
from imagesmith.packer import CancelToken
from imagesmith.report.live import LiveView, PlainView

TERMINATED = "terminated"
INTERRUPTED = "interrupted"


@contextmanager
def cancel_on_signals() -> Iterator[CancelToken]:
    """A token that Ctrl-C, SIGTERM and SIGHUP request; a second Ctrl-C warns, the third one kills."""
    token = CancelToken()
    presses = 0

    def handle(number: int, _frame: FrameType | None) -> None:
        nonlocal presses
        presses += 1
        if presses == 1:
            token.request(INTERRUPTED if number == signal.SIGINT else TERMINATED)
        elif presses == 2:
            os.write(2, b"still cleaning up in Azure; press Ctrl-C again to end Packer at once and leave it undone\n")
        else:
            token.kill()

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), handle) for name in names}
    try:
        yield token
    finally:
        for name, action in before.items():
            signal.signal(getattr(signal, name), action)


@contextmanager
def view(output: str) -> Iterator[OnEvent]:
    """Where events are shown: NDJSON on stdout, a live view on a terminal, plain lines otherwise."""
    with ExitStack() as stack:
        show: Callable[[Event], None]
        if output == "ndjson":
            show = lambda event: click.echo(json.dumps(to_json(event)))  # noqa: E731
        elif colors(sys.stderr):
            show = stack.enter_context(LiveView(sys.stderr))
        else:
            show = PlainView(talk)
        yield show


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
