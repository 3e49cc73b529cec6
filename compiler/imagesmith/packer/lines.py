"""Chunks of a program's output to batches of lines; what is kept of a line is bounded, so memory stays flat."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import IO

LINE_LIMIT = 1 << 20
"""Bytes that are kept of one line; the rest is read and dropped, so that memory stays flat."""

_CHUNK = 1 << 16  # what a pipe of Linux holds (pipe(7), "Pipe capacity")


class Stream(StrEnum):
    """Which of its two outputs a line came from."""

    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """Whole lines that have arrived together, without line ends: what one read of the pipe has brought.

    Nothing waits for a batch to grow. `cut` says that the one line in it was longer than `LINE_LIMIT` and that its end
    is missing. `suspects` are the numbers of the lines that may hold secrets (`Redactor.suspects`): all of them as long
    as nobody has looked.
    """

    lines: list[str]
    stream: Stream
    cut: bool
    suspects: Collection[int]


class LineSplitter:
    """Chunks of bytes to whole lines; what is kept of a line is bounded."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._cut = False

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """The lines that the chunk completes, without line ends, with a line feed between each two.

        A line whose end was dropped comes alone, and with it True.
        """
        if b"\n" not in chunk:
            self._keep(chunk)
        elif not self._cut and len(self._kept) + len(chunk) <= self._limit:  # so no line in them is too long
            lines, _, rest = (bytes(self._kept) + chunk).rpartition(b"\n")
            self._kept[:] = rest
            yield _without_carriage_returns(lines), False
        else:
            *complete, rest = chunk.split(b"\n")
            for piece in complete:
                self._keep(piece)
                yield self._taken()
            self._keep(rest)

    def finish(self) -> Iterator[tuple[bytes, bool]]:
        """The last line, if it has no line end."""
        if self._kept or self._cut:
            yield self._taken()

    def _keep(self, piece: bytes) -> None:
        room = self._limit - len(self._kept)
        self._cut = self._cut or len(piece) > room
        self._kept += piece[:room]

    def _taken(self) -> tuple[bytes, bool]:
        line = _without_carriage_returns(bytes(self._kept)), self._cut
        self._kept.clear()
        self._cut = False
        return line


def _without_carriage_returns(lines: bytes) -> bytes:
    return lines.replace(b"\r\n", b"\n").removesuffix(b"\r")


def drain(pipe: IO[bytes], stream: Stream, take: Callable[[Batch], None]) -> None:
    """Read a pipe to its end and close it; every line goes to `take`."""
    splitter = LineSplitter()
    with pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            for lines, cut in splitter.feed(chunk):
                take(batch_of(lines, stream, cut=cut))
    for lines, cut in splitter.finish():
        take(batch_of(lines, stream, cut=cut))


def batch_of(lines: bytes, stream: Stream, *, cut: bool = False) -> Batch:
    """What a `LineSplitter` gives, as text; bytes that are no UTF-8 become replacement characters."""
    texts = lines.decode("utf-8", "replace").split("\n")
    return Batch(lines=texts, stream=stream, cut=cut, suspects=range(len(texts)))
