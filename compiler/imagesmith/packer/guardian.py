"""If we die, Packer is not left alone: a little shell that waits for our end, and then ends Packer's group.

Nobody can catch a SIGKILL. The shell reads from a pipe whose other end only we hold: a line means that all is well, the
end of the pipe without one that we are gone. It then asks the group to end, as we would have done, and kills what is
left. Packer cannot tell anybody of its clean-up any more (its output is closed), so the run's tag finds the rest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_SCRIPT = (
    "if read -r _; then exit 0; fi; "
    'kill -s TERM -- "-$1" 2>/dev/null; '
    'n=0; while [ $n -lt "$2" ] && kill -s 0 -- "-$1" 2>/dev/null; do sleep 0.2; n=$((n+1)); done; '
    'kill -s KILL -- "-$1" 2>/dev/null; :'
)
_STEPS = 25
"""Fifths of a second that the group gets between the two."""
_SHELL = "/bin/sh"


@contextmanager
def guarded(leader: int) -> Iterator[None]:
    """While the block runs, the group that `leader` leads does not outlive this process. Where there is no shell of
    POSIX (on Windows) there is no guard, and nothing is said: it is only for the worst case.
    """
    shell = _start(leader)
    try:
        yield
    finally:
        if shell is not None:
            with suppress(OSError):
                shell.communicate(b"done\n")


def _start(leader: int) -> subprocess.Popen[bytes] | None:
    if sys.platform == "win32":
        return None
    with suppress(OSError):
        return subprocess.Popen(
            [_SHELL, "-c", _SCRIPT, "imagesmith-guardian", str(leader), str(_STEPS)],
            env={"PATH": os.defpath},
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Ctrl-C of a terminal and a hang-up reach the session that we are in, and must not reach it.
            start_new_session=True,
        )
    return None
