"""What asks a program to stop when our own process is gone, however it ended.

Nobody can tell a Packer whose parent was killed to clean up, and at its next line of output it would die of a broken
pipe and leave everything in Azure. A small shell waits for our end of a pipe to close, which the kernel sees to; it
then sends the one SIGTERM, and goes on reading the output, so that the clean-up can speak. Where the Azure to clean up
was our own sandbox and is gone with us, Packer would ask for it again and again, for a quarter of an hour and more: it
is ended after a while.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_SHELL = Path("/bin/sh")
_WATCH = """
read -r word && exit 0
kill -s TERM -- "-$1"
cat "/dev/fd/$2" >/dev/null &
cat "/dev/fd/$3" >/dev/null &
left=$4
while [ -n "$left" ] && kill -s 0 -- "-$1" 2>/dev/null; do
    [ "$left" -gt 0 ] || { kill -s KILL -- "-$1"; break; }
    left=$((left - 1))
    sleep 1
done
wait
"""
"""`$1` is the group of the program, `$2` and `$3` are the descriptors of its output, `$4` is its limit in seconds or
nothing."""


@contextmanager
def leash(process: subprocess.Popen[bytes], *, limit_s: int | None = None) -> Iterator[None]:
    """Keep a program, which leads a group of its own, on a leash until the block is left. After our end it may go on
    for `limit_s`, or as long as it takes.

    Where there is no POSIX shell, nothing is done: the program then lives on, as it would by itself.
    """
    watcher = _watcher(process, limit_s)
    try:
        yield
    finally:
        if watcher is not None:
            _release(watcher)


def _watcher(process: subprocess.Popen[bytes], limit_s: int | None) -> subprocess.Popen[bytes] | None:
    if sys.platform == "win32" or process.stdout is None or process.stderr is None or not _SHELL.exists():
        return None
    output = [_descriptor(process.stdout), _descriptor(process.stderr)]
    limit = "" if limit_s is None else str(limit_s)
    with suppress(OSError):  # no process to be had: the build goes on without
        return subprocess.Popen(
            [str(_SHELL), "-c", _WATCH, "imagesmith-leash", str(process.pid), *map(str, output), limit],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin"},
            cwd="/",
            pass_fds=output,
            start_new_session=True,
        )
    return None


def _descriptor(stream: IO[bytes]) -> int:
    return stream.fileno()


def _release(watcher: subprocess.Popen[bytes]) -> None:
    """Tell it that all is well; it ends at once."""
    with suppress(OSError):
        watcher.communicate(b"done\n")
    watcher.wait()
