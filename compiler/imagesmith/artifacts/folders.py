"""A folder beside the template to an archive that is the same wherever and whenever it is packed.

Names are sorted; times, owners and all permissions but the one to execute are left out, so that the digest of an
unchanged folder does not change (the Reproducible Builds project, "Archive metadata"). For the same reason nothing is
compressed: what comes of that depends on who made the library.
"""

from __future__ import annotations

import os
import stat
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from imagesmith.artifacts import zips
from imagesmith.artifacts.faults import NO_SUCH_FILE, FetchError
from imagesmith.artifacts.opening import opened
from imagesmith.artifacts.options import FetchOptions
from imagesmith.artifacts.store import Content, Draft, Store
from imagesmith.diagnostics import Rule, Severity
from imagesmith.plan import FetchKind
from imagesmith.windows_names import name_fault, name_key

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


NOT_FOR_WINDOWS = Rule(
    code="IMG650",
    severity=Severity.ERROR,
    title="a folder holds what Windows cannot have",
    cause="Windows compares names without case, and gives some of them a meaning of its own: devices (CON, NUL, COM1),"
    " what stands behind a colon, dots and blanks at the end. A path has at most 259 letters there.",
    fix="give the files other names, or pack them into a file that the machine unpacks in its own way",
    source="docs/files.md",
)
_SHOWN = 5
"""Faulty names that one message lists."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder in the folder, with its path below it; the parts of `name` are divided by slashes."""

    path: Path
    name: str
    is_folder: bool


def pack(folder: Path, shown: str, kind: FetchKind, options: FetchOptions, store: Store) -> Content:
    """Pack a folder as a `TAR` or a `ZIP`; raises `FetchError`."""
    with store.draft(shown, limit_bytes=options.limit_bytes) as draft:
        try:
            entries = list(_counted(_entries(folder, "", shown), shown))
            if kind is FetchKind.ZIP:
                _refuse(windows_faults(entries), shown)
                zips.write(cast("IO[bytes]", _Writer(draft)), ((one.name, _opener(one, shown)) for one in entries))
            else:
                _write_tar(cast("IO[bytes]", _Writer(draft)), entries, shown)
        except OSError as error:
            raise FetchError(NO_SUCH_FILE, f"{shown}: {error.strerror or 'cannot be read'}") from None
        return store.keep(draft)


def windows_faults(entries: Iterable[Entry]) -> Iterator[str]:
    """What a Windows machine could not have, in words, each with its name."""
    known: dict[tuple[str, str], str] = {}
    for entry in entries:
        above, _, name = entry.name.rpartition("/")
        if fault := name_fault(name):
            yield f"{entry.name!a} {fault}"
        twin = known.setdefault((above, name_key(name)), entry.name)
        if twin != entry.name:
            yield f"{entry.name!a} and {twin!a} differ in nothing but case"


def _refuse(faults: Iterable[str], shown: str) -> None:
    found = list(faults)
    if found:
        more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise FetchError(NOT_FOR_WINDOWS, f"{shown} cannot go to Windows: {'; '.join(found[:_SHOWN])}{more}")


class _Writer:
    """A draft as `tarfile` and `zipfile` write to it: from the start to the end."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft

    def write(self, data: bytes) -> int:
        self._draft.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""


def _counted(entries: Iterator[Entry], shown: str) -> Iterator[Entry]:
    for count, entry in enumerate(entries):
        if count >= _MOST_ENTRIES:
            raise FetchError(BAD_FOLDER, f"{shown} holds more than {_MOST_ENTRIES:,} files")
        yield entry


def _entries(folder: Path, above: str, shown: str) -> Iterator[Entry]:
    """Everything in a folder, in an order that does not depend on the machine."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name.encode("utf-8", "surrogateescape"))
    for entry in entries:
        name = f"{above}{entry.name}"
        if entry.name in _SKIPPED:
            continue
        is_folder = entry.is_dir(follow_symlinks=False)
        if not (is_folder or entry.is_file(follow_symlinks=False)):
            kind = "a link" if entry.is_symlink() else "no file"
            raise FetchError(BAD_FOLDER, f"{shown}{name} is {kind}")
        yield Entry(Path(entry.path), name, is_folder)
        if is_folder:
            yield from _entries(Path(entry.path), f"{name}/", shown)


def _write_tar(target: IO[bytes], entries: Iterable[Entry], shown: str) -> None:
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries:
            info = tarfile.TarInfo(entry.name)
            if entry.is_folder:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(info)
                continue
            with _opened(entry, shown) as file:
                state = os.fstat(file.fileno())
                info.size = state.st_size
                info.mode = 0o755 if state.st_mode & stat.S_IXUSR else 0o644
                archive.addfile(info, file)


def _opened(entry: Entry, shown: str) -> AbstractContextManager[IO[bytes]]:
    return opened(entry.path, FetchError(BAD_FOLDER, f"{shown}{entry.name} is no file"))


def _opener(entry: Entry, shown: str) -> zips.Opener | None:
    return None if entry.is_folder else lambda: _opened(entry, shown)
