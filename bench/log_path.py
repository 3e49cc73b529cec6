"""Packer's output on its way to the record: split, logged, parsed, tracked, written to the journal, with 50 secrets.

As a program, it sends so many megabytes of lines through and prints the peak of its memory in KiB.
"""

from __future__ import annotations

import base64
import hashlib
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from imagesmith.journal import Journal
from imagesmith.packer import StepMark, StepTracker, parse
from imagesmith.packer.lines import Line, LineSplitter, Stream
from imagesmith.packer.process import _Sink  # the very path of a run, without the process
from imagesmith.redact import Redactor

SECRETS = tuple(base64.b64encode(hashlib.sha256(b"secret %d" % n).digest())[:32].decode() for n in range(50))
MEBIBYTE = 1 << 20
_CHUNK_LINES = 500
_OPENING = b"1,,ui,say,==> azure-arm.image: Provisioning with shell script: /b/01-install.sh"


def read_log(chunks: Iterator[bytes], redactor: Redactor) -> int:
    """Take chunks of a pipe to `packer.log` and `events.ndjson`; the number of lines."""
    with tempfile.TemporaryDirectory(prefix="bench-") as text:
        folder = Path(text)
        with Journal(folder / "runs" / "log", redact=redactor.redact) as journal:
            mark = StepMark(id="customize[0]", title="install", number=1, kinds=("shell",), marker="01-install.sh")
            tracker = StepTracker([mark], journal.append, redact=redactor.line_redactor())
            tracker.feed(parse(_OPENING))
            sink = _Sink(
                lambda line: tracker.feed(parse(line.data), line.stream), folder / "log", redactor.line_redactor()
            )
            lines = _through(chunks, lambda data, cut: sink.take(Line(data, Stream.STDOUT, cut)))
            sink.close()
            events = sum(1 for _ in journal.events_path.open("rb"))
        if sink.failure or journal.failure or events < lines:
            raise SystemExit(f"{lines} lines made only {events} events: {sink.failure or journal.failure}")
    return lines


def copy_log(chunks: Iterator[bytes]) -> int:
    """The least that any program does with a log: split it and write each line to two files at once."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as text,
        (Path(text) / "log").open("w", buffering=1, encoding="utf-8") as log,
        (Path(text) / "events").open("wb", buffering=0) as events,
    ):

        def take(data: bytes, _cut: bool) -> None:
            log.write(data.decode("utf-8", "replace") + "\n")
            events.write(data + b"\n")

        return _through(chunks, take)


def redact_log(chunks: Iterator[bytes], redactor: Redactor) -> int:
    """Redaction alone."""
    redact = redactor.line_redactor()
    return _through(chunks, lambda data, _cut: redact(data.decode("utf-8", "replace")) and None)


def _through(chunks: Iterator[bytes], take: Callable[[bytes, bool], None]) -> int:
    splitter, lines = LineSplitter(), 0
    for chunk in chunks:
        for data, cut in splitter.feed(chunk):
            lines += 1
            take(data, cut)
    return lines


def log_of(lines: int) -> Iterator[bytes]:
    """The lines of a package manager's day; one of a thousand holds a secret."""
    for first in range(0, lines, _CHUNK_LINES):
        yield b"".join(map(_line, range(first, min(lines, first + _CHUNK_LINES))))


def _log_of_size(size: int) -> Iterator[bytes]:
    for chunk in log_of(1 << 40):
        yield chunk
        size -= len(chunk)
        if size <= 0:
            return


def _line(number: int) -> bytes:
    said = f"token {SECRETS[number % 50]}" if number % 1000 == 0 else f"amd64 libfoo{number} amd64 1.2.{number}-1"
    text = f"1795492602,,ui,message,    azure-arm.image: Get:{number} http://deb.example.net/debian {said} [42 kB]\n"
    return text.encode()


def _peak_kib() -> int:
    """Peak of this program alone; what `getrusage` says on Linux begins with the program that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # bytes on macOS (getrusage(2))


if __name__ == "__main__":
    read_log(_log_of_size(int(sys.argv[1]) * MEBIBYTE), Redactor(SECRETS))
    print(_peak_kib())
