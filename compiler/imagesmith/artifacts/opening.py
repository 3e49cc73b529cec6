"""A file beside the template, opened as what it was when its path was checked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from imagesmith.artifacts.faults import FetchError


@contextmanager
def opened(path: Path, no_file: FetchError) -> Iterator[IO[bytes]]:
    """The file, for reading; raises OSError, and `no_file` where something else stands there.

    No link in the place that was checked is followed, nobody waits for a pipe's other end, and no text mode (Windows)
    changes anything.
    """
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, os.O_RDONLY | flags)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise no_file
        yield file
