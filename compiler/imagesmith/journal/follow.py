"""A run's events as they are written, until it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from imagesmith.events import RunFinished
from imagesmith.journal.owner import is_owned
from imagesmith.journal.writer import EVENTS

_LOOK_S = 0.2


def follow_events(path: Path, *, wait: bool = True) -> Iterator[dict[str, Any]]:  # JSON data
    """The events of the run in a folder, oldest first. With `wait` also those to come, until the run has ended or no
    process runs it any more; without, those that are there.

    Lines that are no JSON object are passed over, as `read_events` does. A record without events has none.
    """
    with suppress(OSError), (path / EVENTS).open("rb") as file:
        for line in _lines(file, path, wait=wait):
            with suppress(ValueError, RecursionError):
                event = json.loads(line.strip(b"\0 \t\r\n").decode("utf-8"))
                if isinstance(event, dict):
                    yield event
                    if wait and event.get("event") == RunFinished.kind:
                        return


def _lines(file: BinaryIO, path: Path, *, wait: bool) -> Iterator[bytes]:
    """Whole lines; one that is still being written is waited for, and given as it is once nobody writes any more."""
    kept = b""
    alive = wait
    while True:
        for piece in file:
            kept += piece
            if kept.endswith(b"\n"):
                yield kept
                kept = b""
        if not alive:
            break
        # Asked before the last look: whoever ends in between has written by then
        alive = is_owned(path)
        if alive:
            time.sleep(_LOOK_S)
    if kept:
        yield kept
