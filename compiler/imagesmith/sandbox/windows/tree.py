"""The drives of a Windows machine as a folder of ours: names compared without case, and none that leads out of it.

A name on Windows becomes a name of the host only if it is harmless there; all others become a digest of theirs. Files
are opened by handles of their folders and without following links, so that nothing but the folder is ever touched.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from imagesmith.sandbox.windows.paths import PathError, WindowsPath
from imagesmith.windows_names import name_key

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST_BYTES = 240
"""File systems take 255 bytes; Windows takes 255 letters of up to three bytes."""
_DIGEST_MARK = "%"


class Tree:
    """Drives by letter, each in a private folder that nobody else writes to. Raises PathError as Windows would."""

    def __init__(self, drives: Mapping[str, Path]) -> None:
        self._drives = dict(drives)
        for folder in self._drives.values():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def is_file(self, path: WindowsPath) -> bool:
        """Whether a file is there."""
        return self._mode(path) == stat.S_IFREG

    def is_folder(self, path: WindowsPath) -> bool:
        """Whether a folder is there; drives are."""
        return self._mode(path) == stat.S_IFDIR

    def make_folder(self, path: WindowsPath) -> None:
        """Make the folder and those above it, unless they are there."""
        with self._folder(path, make=True):
            pass

    def read(self, path: WindowsPath) -> bytes:
        """The content of a file."""
        with self._folder(path.parent) as folder, os.fdopen(self._open(folder, path, os.O_RDONLY), "rb") as file:
            return file.read()

    def write(self, path: WindowsPath, content: bytes) -> None:
        """Write a file in a folder that is there, in place of one that may be there; its first spelling stays."""
        self._put(path, content, os.O_TRUNC)

    def write_all(self, folder: WindowsPath, contents: Mapping[str, bytes]) -> None:
        """Write files by their names into one folder, made if it is missing, with one look at what is there."""
        with self._folder(folder, make=True) as handle:
            there = _Names(os.listdir(handle))  # noqa: PTH208 - pathlib knows no handles
            for name, content in contents.items():
                path = WindowsPath(folder.drive, (*folder.names, name))
                target = self._target(handle, path, there.find(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                with os.fdopen(target, "wb") as file:
                    file.write(content)
                there.add(host_name(name))

    def append(self, path: WindowsPath, content: bytes) -> None:
        """Add to a file, made if it is missing, in a folder that is there."""
        self._put(path, content, os.O_APPEND)

    def remove(self, path: WindowsPath) -> None:
        """Remove a file."""
        with self._folder(path.parent) as folder:
            name = _found(folder, path.names[-1]) if path.names else None
            if name is None or not stat.S_ISREG(_status(folder, name)):
                raise _missing(path)
            os.unlink(name, dir_fd=folder)

    def host_folder(self, drive: str) -> Path:
        """Where the files of a drive are on the host."""
        return self._drives[drive]

    def _put(self, path: WindowsPath, content: bytes, flag: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | flag
        with self._folder(path.parent) as folder, os.fdopen(self._open(folder, path, flags), "wb") as file:
            file.write(content)

    def _open(self, folder: int, path: WindowsPath, flags: int) -> int:
        if not path.names:
            raise PathError(f"Access to the path '{path}' is denied.")
        return self._target(folder, path, _found(folder, path.names[-1]), flags)

    def _target(self, folder: int, path: WindowsPath, name: str | None, flags: int) -> int:
        """A handle of the file, which stands in its folder under `name` if it is there."""
        if name is None and not flags & os.O_CREAT:
            raise _missing(path)
        if name is not None and not stat.S_ISREG(_status(folder, name)):
            raise PathError(f"Access to the path '{path}' is denied.")
        return os.open(name or host_name(path.names[-1]), flags | _FILE, 0o600, dir_fd=folder)

    def _mode(self, path: WindowsPath) -> int | None:
        if not path.names:
            return stat.S_IFDIR
        try:
            with self._folder(path.parent) as folder:
                name = _found(folder, path.names[-1])
                return None if name is None else stat.S_IFMT(_status(folder, name))
        except PathError:
            return None

    @contextmanager
    def _folder(self, path: WindowsPath, *, make: bool = False) -> Iterator[int]:
        """A handle of the folder."""
        handle = os.open(self._drives[path.drive], _FOLDER)
        try:
            for wanted in path.names:
                inner = self._step(handle, wanted, path, make=make)
                os.close(handle)
                handle = inner
            yield handle
        finally:
            os.close(handle)

    def _step(self, folder: int, wanted: str, path: WindowsPath, *, make: bool) -> int:
        name = _found(folder, wanted)
        if name is None and make:
            name = host_name(wanted)
            os.mkdir(name, mode=0o700, dir_fd=folder)
        if name is None:
            raise PathError(f"Could not find a part of the path '{path}'.")
        try:
            return os.open(name, _FOLDER, dir_fd=folder)
        except OSError:  # a file, or a link that is none of ours
            raise PathError(f"Could not find a part of the path '{path}'.") from None


def host_name(name: str) -> str:
    """What a name on Windows is called on the host: itself, or a mark and a digest where that would not do."""
    try:
        harmless = len(name.encode()) <= _LONGEST_BYTES and not name.startswith((_DIGEST_MARK, ".."))
    except UnicodeEncodeError:  # half of a surrogate pair, which NTFS allows
        harmless = False
    if harmless and "/" not in name and "\0" not in name and name != ".":
        return name
    return _digest(name)


def _digest(name: str) -> str:
    return _DIGEST_MARK + hashlib.sha256(name_key(name).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Names:
    """The entries of a folder by what Windows compares."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_key: dict[str, str] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        self._by_key.setdefault(name if name.startswith(_DIGEST_MARK) else name_key(name), name)

    def find(self, wanted: str) -> str | None:
        """The entry that is meant, in the spelling of whoever made it."""
        plain = None if wanted.startswith(_DIGEST_MARK) else self._by_key.get(name_key(wanted))
        return plain or self._by_key.get(_digest(wanted))


def _found(folder: int, wanted: str) -> str | None:
    names = os.listdir(folder)
    host = host_name(wanted)  # most are asked for as they were made
    return host if host in names else _Names(names).find(wanted)


def _status(folder: int, name: str) -> int:
    return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode


def _missing(path: WindowsPath) -> PathError:
    return PathError(f"Could not find file '{path}'.")
