"""Packer's output to the run's `packer.log`, without secrets."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from imagesmith.packer.lines import Batch
from imagesmith.redact import LineRedactor

_CUT_TAIL = 8192
"""Characters left out at the end of a line that was cut: they may hold half a secret, which no redactor finds."""
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)


class PackerLog:
    """One Packer run's part of a file that only its owner can read; parts follow one another.

    A part begins with a record of ours in the form of Packer's own: ``timestamp,,imagesmith,<part>``. A full disk stops
    the log and not the reading: a Packer that nobody reads does not clean up. `error` says why the log stops, None
    while it is whole. For one thread at a time.
    """

    def __init__(self, path: Path, redact: LineRedactor, *, part: str) -> None:
        self._redact = redact
        self._file: IO[str] | None = None
        self.error: str | None = None
        self._guarded(lambda: self._open(path, f"{int(time.time())},,imagesmith,{part}"))

    def _open(self, path: Path, heading: str) -> None:
        descriptor = os.open(path, _APPEND, 0o600)
        self._file = os.fdopen(descriptor, "a", buffering=1, encoding="utf-8", errors="replace", newline="\n")
        self._file.write(f"{heading}\n")

    def take(self, batch: Batch) -> Batch:
        """Write the lines; the same batch with its suspects, the only lines that were looked at one by one."""
        redact, suspects = self._redact, self._redact.suspects(batch.lines)
        lines = batch.lines
        if suspects or not redact.settled:
            lines = [
                redact(line) if number in suspects or not redact.settled else line for number, line in enumerate(lines)
            ]
        text = "\n".join(lines)
        self._write(f"{text[:-_CUT_TAIL]} [cut]" if batch.cut else text)
        return replace(batch, suspects=suspects)

    def _write(self, text: str) -> None:
        """All lines of a batch at once: they are with the system before the next ones are read."""
        if (file := self._file) is not None:
            self._guarded(lambda: file.write(f"{text}\n"))

    def close(self) -> None:
        """End this part."""
        if (file := self._file) is not None:
            self._guarded(file.close)
            self._file = None

    def _guarded(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            self.error = self.error or str(error)
            file, self._file = self._file, None
            if file is not None:
                with suppress(OSError):
                    file.close()
