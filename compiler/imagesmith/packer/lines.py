"""Chunks of a program's output to lines; what is kept of a line is bounded, so memory stays flat."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import IO, NamedTuple

LINE_LIMIT = 1 << 20
"""Bytes that are kept of one line; the rest is read and dropped, so that memory stays flat."""

_CHUNK = 1 << 16


class Stream(StrEnum):
    """Which of its two outputs a line came from."""

    STDOUT = "stdout"
    STDERR = "stderr"


class Line(NamedTuple):  # a tuple, since there is one for every line of a log
    """A line without its line end; `cut` says that it was longer than `LINE_LIMIT` and its end is missing."""

    data: bytes
    stream: Stream
    cut: bool = False


class LineSplitter:
    """Chunks of bytes to lines; what is kept of a line is bounded."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._cut = False

    def feed(self, chunk: bytes) -> Iterator[tuple[bytes, bool]]:
        """The lines that the chunk completes, without line ends, each with whether its end was dropped."""
        *complete, rest = chunk.split(b"\n")
        for piece in complete:
            if self._kept or self._cut or len(piece) > self._limit:
                self._keep(piece)
                yield self._taken()
            else:
                yield piece.removesuffix(b"\r"), False
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
        line = bytes(self._kept).removesuffix(b"\r"), self._cut
        self._kept.clear()
        self._cut = False
        return line


def drain(pipe: IO[bytes], stream: Stream, take: Callable[[Line], None]) -> None:
    """Read a pipe to its end and close it; every line goes to `take`."""
    lines = LineSplitter()
    with pipe:
        while chunk := os.read(pipe.fileno(), _CHUNK):
            for data, cut in lines.feed(chunk):
                take(Line(data, stream, cut))
    for data, cut in lines.finish():
        take(Line(data, stream, cut))
