"""Standard streams whose reader may go away (`| head`): what follows goes nowhere, and the command ends as it would."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO


class PatientStream:
    """A text stream that falls silent instead of failing: a build must not end because nobody reads its progress."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost: OSError | None = None
        """Why a part of the text is nowhere: a full disk, a terminal that is gone. A reader that leaves is no loss."""

    def __getattr__(self, name: str) -> Any:  # whatever a stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or not."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._fall_silent(error)
            return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        try:
            self._stream.flush()
        except OSError as error:
            self._fall_silent(error)

    def _fall_silent(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            self.lost = self.lost or error
        # What is still in Python's buffers goes there, too (Python, signal, "Note on SIGPIPE")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def lost_results() -> OSError | None:
    """Why a part of the results on stdout was lost, None if all of it was written or nobody wanted to read it."""
    stream = sys.stdout
    if not isinstance(stream, PatientStream):
        return None
    stream.flush()
    return stream.lost


def make_patient() -> None:
    """Put patient streams in the place of this process's own."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:  # a program without a console has none
            setattr(sys, name, PatientStream(stream))


def can_ask() -> bool:
    """Whether there is somebody to ask: a terminal to read from, and one to write to."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))
