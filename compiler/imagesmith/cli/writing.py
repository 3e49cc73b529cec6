"""A text to a file that is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click


def write_whole(path: str, text: str, *, option: str) -> None:
    """Write beside the file and put it in its place; what is no ordinary file (a pipe, /dev/stdout) is written to.

    Raises click.BadParameter naming the option whose file cannot be written.
    """
    target = Path(path)
    try:
        if target.exists() and not target.is_file():
            target.write_text(text, encoding="utf-8")
            return
        _replace(target.resolve(), text)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise click.BadParameter(f"'{path}' cannot be written: {why}", param_hint=option) from None


def _replace(target: Path, text: str) -> None:
    handle, beside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123 - an open handle
            file.write(text)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        os.chmod(beside, mode)  # noqa: PTH101 - the name that mkstemp gave
        os.replace(beside, target)  # noqa: PTH105 - the same
    except BaseException:
        os.unlink(beside)  # noqa: PTH108 - the same
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
