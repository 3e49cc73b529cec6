"""Standard streams whose reader may go away (`| head`): what follows goes nowhere, and the command ends as it would."""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO


class PatientStream:
    """A text stream that falls silent instead of failing: a build must not end because nobody reads its progress."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:  # whatever a stream has
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or not."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._fall_silent()
            return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        # What is still in Python's buffers goes there, too (Python, signal, "Note on SIGPIPE")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def make_patient() -> None:
    """Put patient streams in the place of this process's own."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None:  # a program without a console has none
            setattr(sys, name, PatientStream(stream))
