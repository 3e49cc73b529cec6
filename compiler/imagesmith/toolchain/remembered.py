"""What was found out about a program file once, kept in the cache for as long as the file stays what it is.

A file is the same while its path, where that leads, its inode, its size and both of its times are: the time of the last
change of its inode cannot be set back by a copy or an unpacking. Only what is Packer itself is remembered: no scripts,
no links to the program of a version manager, both of which may start another Packer tomorrow; and nothing on Windows,
where a program in the place of another finds it in a file beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from imagesmith.folder import make_private, write_file

_FOLDER = "programs"
_NATIVE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How programs of Linux and macOS begin (ELF; Mach-O, also with several architectures)."""
_LARGEST = 4096


def remembered(program: Path, fact: str, cache: Path | None, find_out: Callable[[], str]) -> str:
    """A fact about a program: from `cache`, else found out, and kept there where that is possible and safe.

    Raises whatever `find_out` raises.
    """
    state = None if cache is None else _state(program)
    if cache is None or state is None:
        return find_out()
    name = hashlib.sha256(f"{fact}\0{program}".encode("utf-8", "surrogateescape")).hexdigest()
    place = cache / _FOLDER / f"{name}.json"
    if (known := _read(place, state)) is not None:
        return known
    found = find_out()
    if _state(program) == state:
        with suppress(OSError):
            make_private(place.parent)
            write_file(place, json.dumps({"program": state, "fact": found}).encode())
    return found


def _state(program: Path) -> list[str | int] | None:
    """What changes with the file, None for one that is no program."""
    if sys.platform == "win32":
        return None
    try:
        with program.open("rb") as file:
            status = os.fstat(file.fileno())
            if file.read(4) not in _NATIVE:
                return None
        real = str(program.resolve())
    except OSError:
        return None
    if not Path(real).name.startswith("packer"):
        return None
    return [real, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _read(place: Path, state: list[str | int]) -> str | None:
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        with place.open("rb") as file:
            kept = json.loads(file.read(_LARGEST))
        if kept["program"] == state and isinstance(kept["fact"], str):
            return kept["fact"]
    return None
