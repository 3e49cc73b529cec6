"""Packer's output on its way to events: split, parse, track and redact, with 50 secrets."""

from __future__ import annotations

import base64
import hashlib
import tracemalloc
from collections.abc import Iterator

from imagesmith.events import Event
from imagesmith.packer import StepMark, StepTracker, parse
from imagesmith.packer.lines import LineSplitter
from imagesmith.redact import Redactor

SECRETS = tuple(base64.b64encode(hashlib.sha256(b"secret %d" % n).digest())[:32].decode() for n in range(50))
_CHUNK_LINES = 500


def read_log(lines: int, redactor: Redactor) -> int:
    """Read so many lines of a step as they come from a pipe; the number of events they made."""
    events = 0

    def count(_event: Event) -> None:
        nonlocal events
        events += 1

    mark = StepMark(id="customize[0]", title="install", number=1, kinds=("shell",), marker="01-install.sh")
    tracker = StepTracker([mark], count, redact=redactor.redact)
    tracker.feed(parse(b"1,,ui,say,==> azure-arm.image: Provisioning with shell script: /b/01-install.sh"))
    splitter = LineSplitter()
    for chunk in _chunks(lines):
        for data, _cut in splitter.feed(chunk):
            tracker.feed(parse(data))
    if events < lines:
        raise SystemExit(f"{lines} lines made only {events} events")
    return events


def peak_bytes(lines: int, redactor: Redactor) -> int:
    """The most memory that reading so many lines takes."""
    tracemalloc.start()
    read_log(lines, redactor)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _chunks(lines: int) -> Iterator[bytes]:
    """The lines of a package manager's day; one of a thousand holds a secret."""
    for first in range(0, lines, _CHUNK_LINES):
        yield b"".join(map(_line, range(first, min(lines, first + _CHUNK_LINES))))


def _line(number: int) -> bytes:
    said = f"token {SECRETS[number % 50]}" if number % 1000 == 0 else f"amd64 libfoo{number} amd64 1.2.{number}-1"
    text = f"1795492602,,ui,message,    azure-arm.image: Get:{number} http://deb.example.net/debian {said} [42 kB]\n"
    return text.encode()
