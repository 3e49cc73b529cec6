"""Files by relative path, written to a private folder: all of them or, as far as a file system lets one, none.

Nothing is followed and nothing foreign is touched: a link in the way is refused, and only files that an earlier
compilation listed in its `plan.json` are removed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

PLAN = "plan.json"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)


class FolderError(Exception):
    """The folder cannot be written; the message says which and why."""


def write_folder(directory: str | os.PathLike[str], files: Mapping[str, bytes]) -> None:
    """Write files (0600) below a folder (made 0700 where it is missing), replacing those of an earlier compilation.

    Raises FolderError if the folder holds something else than an earlier compilation, or cannot be written.
    """
    root = Path(directory)
    try:
        before = _files_of(root)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, content in files.items():
            _write(root, PurePosixPath(name), content)
        _remove(root, sorted(set(before) - set(files)))
    except OSError as error:
        raise FolderError(f"cannot write to '{root}': {error.strerror or error}") from error


def _files_of(root: Path) -> Iterable[str]:
    """What an earlier compilation wrote; FolderError if something else is in the folder."""
    if not root.exists() or not any(root.iterdir()):
        return []
    try:
        plan = json.loads((root / PLAN).read_text(encoding="utf-8"))
        return list(_planned(plan))
    except (OSError, ValueError, KeyError, TypeError):
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


@contextmanager
def _parent(root: Path, name: PurePosixPath, *, make: bool) -> Iterator[int]:
    """The open folder that a file stands in, reached without following links."""
    if name.is_absolute() or ".." in name.parts:
        raise FolderError(f"'{name}' is not a path inside the folder")
    here = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
    try:
        for part in name.parts[:-1]:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, 0o700, dir_fd=here)
            inner = os.open(part, _DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


def _write(root: Path, name: PurePosixPath, content: bytes) -> None:
    with _parent(root, name, make=True) as folder:
        draft = f".{name.name}.new"
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        try:
            with os.fdopen(os.open(draft, flags, 0o600, dir_fd=folder), "wb") as file:
                file.write(content)
            os.replace(draft, name.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with suppress(OSError):
                os.unlink(draft, dir_fd=folder)
            raise


def _remove(root: Path, names: Iterable[str]) -> None:
    for text in names:
        name = PurePosixPath(text)
        with suppress(FileNotFoundError, NotADirectoryError, FolderError), _parent(root, name, make=False) as folder:
            os.unlink(name.name, dir_fd=folder)
        if len(name.parts) > 1:
            with suppress(OSError):  # folders that still hold something stay
                (root / name.parent).rmdir()
