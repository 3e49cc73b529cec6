"""A folder beside the template to an archive that is the same wherever and whenever it is packed.

Names are sorted; times, owners and all permissions but the one to execute are left out, so that the digest of an
unchanged folder does not change (the Reproducible Builds project, "Archive metadata").
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from imagesmith.artifacts.faults import NO_SUCH_FILE, FetchError
from imagesmith.artifacts.options import FetchOptions
from imagesmith.artifacts.store import Content, Draft, Store
from imagesmith.diagnostics import Rule, Severity

_MOST_ENTRIES = 20_000
_SKIPPED = frozenset({".git", ".DS_Store"})
"""What is never meant, and differs from machine to machine."""

BAD_FOLDER = Rule(
    code="IMG649",
    severity=Severity.ERROR,
    title="a folder holds what cannot be copied",
    cause="Links lead elsewhere on every machine, and devices and pipes are no files; very many files are a sign of the"
    " wrong folder.",
    fix="replace links by what they lead to, or name a smaller folder",
    source="docs/files.md",
)


def pack(folder: Path, shown: str, options: FetchOptions, store: Store) -> Content:
    """Pack a folder; raises `FetchError`."""
    with store.draft(shown, limit_bytes=options.limit_bytes) as draft:
        writer = cast("IO[bytes]", _Writer(draft))
        try:
            with tarfile.open(fileobj=writer, mode="w|", format=tarfile.PAX_FORMAT) as archive:
                for count, (path, name) in enumerate(_entries(folder, "", shown)):
                    if count >= _MOST_ENTRIES:
                        raise FetchError(BAD_FOLDER, f"{shown} holds more than {_MOST_ENTRIES:,} files")
                    _add(archive, path, name, shown)
        except OSError as error:
            raise FetchError(NO_SUCH_FILE, f"{shown}: {error.strerror or 'cannot be read'}") from None
        return store.keep(draft)


class _Writer:
    """A draft as `tarfile` writes to it."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def write(self, data: bytes) -> int:
        self._draft.write(data)
        return len(data)


def _entries(folder: Path, above: str, shown: str) -> Iterator[tuple[Path, str]]:
    """Everything in a folder, in an order that does not depend on the machine."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name.encode("utf-8", "surrogateescape"))
    for entry in entries:
        name = f"{above}{entry.name}"
        if entry.name in _SKIPPED:
            continue
        if not (entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)):
            kind = "a link" if entry.is_symlink() else "no file"
            raise FetchError(BAD_FOLDER, f"{shown}{name} is {kind}")
        yield Path(entry.path), name
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path), f"{name}/", shown)


def _add(archive: tarfile.TarFile, path: Path, name: str, shown: str) -> None:
    info = tarfile.TarInfo(name)
    if path.is_dir():
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
        return
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise FetchError(BAD_FOLDER, f"{shown}{name} is no file")
        info.size = state.st_size
        info.mode = 0o755 if state.st_mode & stat.S_IXUSR else 0o644
        archive.addfile(info, file)
