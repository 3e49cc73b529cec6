"""A process to an event that its end sets, so that nobody has to look for it again and again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress


def told_at_end(process: subprocess.Popen[bytes]) -> threading.Event | None:
    """Set when the process has ended, None where the system does not tell (Windows, macOS).

    The process is only looked at: it is still to be waited for, and until then nobody else gets its number.
    """
    if sys.platform != "linux":
        return None
    over = threading.Event()

    def watch() -> None:
        with suppress(OSError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        over.set()

    threading.Thread(target=watch, daemon=True, name="packer end").start()
    return over
