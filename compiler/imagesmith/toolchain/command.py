"""A short command to what it printed, within a time limit and with bounded memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_KEPT = 1 << 16
_SETTLE_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Captured:
    """What a command printed (the first 64 KiB) and how it ended; `exit_code` is None if its time was up."""

    output: str
    exit_code: int | None


def capture(
    argv: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str],
    timeout_s: float,
    errors: bool = False,
    given: IO[bytes] | None = None,
) -> Captured:
    """Run a command with closed input, or a file's; with `errors` its stderr is captured as well.

    When the time is up, it and all that it started in its group are killed: it is a question, nothing is lost.
    Raises OSError if it cannot be started.
    """
    process = subprocess.Popen(
        list(argv),
        cwd=cwd,
        env=dict(environment),
        stdin=subprocess.DEVNULL if given is None else given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if errors else subprocess.DEVNULL,
        start_new_session=sys.platform != "win32",
    )
    kept = bytearray()
    reader = threading.Thread(target=_read, args=(process.stdout, kept), daemon=True)
    reader.start()
    exit_code: int | None = None
    try:
        exit_code = process.wait(timeout=timeout_s)
        reader.join(_SETTLE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None or reader.is_alive():
            _kill_group(process)
        process.wait()
        reader.join(_SETTLE_S)
    return Captured(output=bytes(kept).decode("utf-8", "replace"), exit_code=exit_code)


def _read(pipe: IO[bytes], kept: bytearray) -> None:
    with pipe:
        while chunk := os.read(pipe.fileno(), _KEPT):
            kept += chunk[: _KEPT - len(kept)]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
