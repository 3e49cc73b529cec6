"""Files by relative path, written to a private folder: all of them or, as far as a file system lets one, none.

Nothing is followed and nothing foreign is touched: a link in the way is refused, and only files that an earlier
compilation listed in its `plan.json` are removed.
"""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from imagesmith.diagnostics import Diagnostic, Rule, Severity

PLAN = "plan.json"
_DRAFT = ".new"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_HELD = {os.open, os.mkdir, os.unlink, os.rmdir} <= os.supports_dir_fd
"""Whether folders can be held open while files in them are made, which keeps anybody from putting a link in their
place; where they cannot (Windows), each is looked at just before."""


CANNOT_WRITE = Rule(
    code="IMG640",
    severity=Severity.ERROR,
    title="the folder cannot be written",
    cause="Files are written to an empty or new folder, or to that of an earlier compilation; nothing of anybody else's"
    " is touched.",
    fix="choose an empty folder that you may write to",
    source="architecture §4.3",
)


class FolderError(Exception):
    """The folder cannot be written; the message says which and why."""

    @property
    def diagnostic(self) -> Diagnostic:
        """The same for a report."""
        return CANNOT_WRITE.at((), str(self))


def make_private(directory: Path) -> None:
    """Make a folder and the missing ones above it, each for its owner alone; `mkdir` would leave the upper ones to
    whomever the caller's umask lets in. Raises OSError."""
    if not directory.exists():
        make_private(directory.parent)
        directory.mkdir(mode=0o700, exist_ok=True)


def write_folder(directory: str | os.PathLike[str], files: Mapping[str, bytes]) -> None:
    """Write files (0600) below a folder (made 0700 where it is missing), replacing those of an earlier compilation.

    Raises FolderError if the folder holds something else than an earlier compilation, or cannot be written.
    """
    root = Path(directory)
    names = {name: _inside(name) for name in files}
    try:
        before = _files_of(root)
        if not root.exists():
            make_private(root)
            root.chmod(0o700)
        for name, content in files.items():
            _write(root, names[name], content)
        _remove(root, sorted(set(before) - set(files)))
    except OSError as error:
        raise FolderError(f"cannot write to '{root}': {error.strerror or error}") from error


def _inside(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise FolderError(f"'{name}' is not a path inside the folder")
    return path


def _files_of(root: Path) -> Iterable[str]:
    """What an earlier compilation wrote; FolderError if something else is in the folder."""
    if not root.exists() or all(path.name == f".{PLAN}{_DRAFT}" for path in root.iterdir()):
        return []
    try:
        plan = json.loads((root / PLAN).read_text(encoding="utf-8"))
        return list(_planned(plan))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise FolderError(f"'{root}' holds files that are not from a compilation; choose an empty folder") from None


def _planned(plan: Mapping[str, object]) -> Iterator[str]:
    stages = plan["stages"]
    if not isinstance(stages, list):
        raise TypeError("stages")
    yield PLAN
    for stage in stages:
        yield f"{stage['name']}/image.pkr.hcl"
        for step in stage["steps"]:
            yield from (f"{stage['name']}/{name}" for name in step["files"])


class _Folder:
    """A folder below the root, reached without following links."""

    def __init__(self, path: Path, held: int | None) -> None:
        self._path = path
        self._held = held

    def _at(self, name: str) -> str | Path:
        return self._path / name if self._held is None else name

    def open(self, name: str) -> int:
        """Make a file that was not there."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        return os.open(self._at(name), flags, 0o600, dir_fd=self._held)

    def replace(self, old: str, new: str) -> None:
        """Give a file its name, whatever had it before."""
        os.replace(self._at(old), self._at(new), src_dir_fd=self._held, dst_dir_fd=self._held)

    def unlink(self, name: str) -> None:
        """Remove a file or a link."""
        os.unlink(self._at(name), dir_fd=self._held)

    def rmdir(self, name: str) -> None:
        """Remove an empty folder."""
        os.rmdir(self._at(name), dir_fd=self._held)

    @contextmanager
    def inner(self, name: str, *, make: bool) -> Iterator[_Folder]:
        """A folder in this one."""
        if make:
            with suppress(FileExistsError):
                os.mkdir(self._at(name), 0o700, dir_fd=self._held)
        path = self._path / name
        if self._held is None:
            if not stat.S_ISDIR(path.lstat().st_mode):
                raise NotADirectoryError(20, "a file or a link is in the way", str(path))
            yield _Folder(path, None)
            return
        held = os.open(name, _DIRECTORY, dir_fd=self._held)
        try:
            if make:
                os.fchmod(held, 0o700)
            yield _Folder(path, held)
        finally:
            os.close(held)


@contextmanager
def _root(root: Path) -> Iterator[_Folder]:
    if not _HELD:
        yield _Folder(root, None)
        return
    held = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        yield _Folder(root, held)
    finally:
        os.close(held)


@contextmanager
def _parent(root: Path, parts: tuple[str, ...], *, make: bool) -> Iterator[_Folder]:
    """The folder that these parts lead to."""
    if not parts:
        with _root(root) as folder:
            yield folder
        return
    with _parent(root, parts[:-1], make=make) as outer, outer.inner(parts[-1], make=make) as folder:
        yield folder


def _write(root: Path, name: PurePosixPath, content: bytes) -> None:
    with _parent(root, name.parts[:-1], make=True) as folder:
        draft = f".{name.name}{_DRAFT}"
        with suppress(FileNotFoundError):
            folder.unlink(draft)
        try:
            with os.fdopen(folder.open(draft), "wb") as file:
                file.write(content)
            folder.replace(draft, name.name)
        except BaseException:
            with suppress(OSError):
                folder.unlink(draft)
            raise


def _remove(root: Path, names: Iterable[str]) -> None:
    """Remove files that are no longer part of a compilation, and the folders that are empty then."""
    for text in names:
        with suppress(OSError, FolderError):
            name = _inside(text)
            with _parent(root, name.parts[:-1], make=False) as folder:
                folder.unlink(name.name)
    folders = {parent for text in names for parent in PurePosixPath(text).parents if parent.name}
    for path in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError, FolderError), _parent(root, _inside(str(path)).parts[:-1], make=False) as folder:
            folder.rmdir(path.name)


def write_file(path: Path, content: bytes) -> None:
    """Write a file of the user's (0600) in one piece: readers see the old content or the new. Raises OSError."""
    scratch = path.with_name(f".{path.name}{_DRAFT}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(scratch, flags, 0o600), "wb") as file:
            file.write(content)
        scratch.replace(path)
    except OSError:
        with suppress(OSError):
            scratch.unlink()
        raise


def remove_below(parent: int, name: str) -> None:
    """Delete a file or a whole folder by the handle of the folder that it is in; links are deleted, never followed.

    Raises OSError; of a folder that somebody has mounted something in, nothing of the mount is touched.
    """
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode):
        os.unlink(name, dir_fd=parent)
        return
    handle = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        if os.fstat(handle).st_dev == os.fstat(parent).st_dev:
            for entry in os.listdir(handle):  # noqa: PTH208 - a handle has no path
                remove_below(handle, entry)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=parent)


def sync_folder(folder: Path) -> None:
    """Make a new name last over a power cut; Windows has no such call."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
