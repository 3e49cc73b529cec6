"""The `bicep` program at work: a file to what it printed, within a time limit and with bounded memory."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from imagesmith.source.bicep_program import Bicep
from imagesmith.source.file_rules import MAX_BYTES

_KEPT_VARIABLES = re.compile(
    r"PATH|HOME|USERPROFILE|LOCALAPPDATA|APPDATA|SYSTEMROOT|WINDIR|TMPDIR|TEMP|TMP|LANG|LC_\w+|XDG_\w+|DOTNET_\w+",
    re.IGNORECASE,
)
"""What bicep needs to start and to find the modules that were restored before; no login, no secret, no setting of its
own reaches it, so that the same file gives the same JSON."""

_SETTLE_S = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """What the program printed and how it ended; `exit_code` is None if its time was up."""

    output: bytes
    errors: bytes
    exit_code: int | None


def run_bicep(bicep: Bicep, command: str, path: str) -> Printed:
    """Run `bicep COMMAND FILE --stdout --no-restore`: nothing is written and nothing is fetched.

    When the time is up, it and all that it started are killed: a compiler leaves nothing behind. Raises OSError if it
    cannot be started.
    """
    process = subprocess.Popen(
        [bicep.program, command, os.path.abspath(path), "--stdout", "--no-restore"],  # noqa: PTH100
        env={name: value for name, value in bicep.environment.items() if _KEPT_VARIABLES.fullmatch(name)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=sys.platform != "win32",
    )
    output, errors = bytearray(), bytearray()
    readers = [
        threading.Thread(target=_read, args=(pipe, kept), daemon=True)
        for pipe, kept in ((process.stdout, output), (process.stderr, errors))
    ]
    for reader in readers:
        reader.start()
    exit_code: int | None = None
    try:
        exit_code = process.wait(timeout=bicep.time_limit_s)
        for reader in readers:
            reader.join(_SETTLE_S)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if process.poll() is None or any(reader.is_alive() for reader in readers):
            _kill_group(process)
        process.wait()
        for reader in readers:
            reader.join(_SETTLE_S)
    return Printed(output=bytes(output), errors=bytes(errors), exit_code=exit_code)


def _read(pipe: IO[bytes], kept: bytearray) -> None:
    """Read to the end; beyond what is taken for a file the rest is dropped."""
    with pipe:
        while chunk := os.read(pipe.fileno(), 1 << 16):
            kept += chunk[: MAX_BYTES + 1 - len(kept)]


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
