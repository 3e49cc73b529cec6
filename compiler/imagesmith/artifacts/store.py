"""The cache of fetched files: content by its digest, and which content an address had when it was last fetched.

`sha256/<digest>` holds the content, `index/<sha256 of the address>` the digest: addresses hold secrets (SAS), so they
are not written down. Files appear in one piece; several runs may use one cache at the same time.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from imagesmith.artifacts.faults import CACHE_UNUSABLE, TOO_LARGE, FetchError
from imagesmith.folder import sync_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_STALE_S = 24 * 3600
"""Age from which a half-written file is taken to be left by a run that was killed."""
_OLD_S = 7 * 24 * 3600
"""Age from which the first part of a file is not gone on with."""
_NOTE_LENGTH_BYTES = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A file of the cache."""

    path: Path
    sha256: str
    size_bytes: int


class Draft:
    """A file that is being received; counts, hashes and limits what is written to it."""

    def __init__(self, handle: int, path: Path, limit_bytes: int, shown: str) -> None:
        self._file = os.fdopen(handle, "r+b", buffering=0)
        self._limit = limit_bytes
        self._shown = shown
        self._hash = hashlib.sha256()
        self.path = path
        self.size_bytes = 0

    def write(self, data: bytes, *, counted: bool = True) -> None:
        """Append; raises `FetchError` when the file grows over its limit or the disk is full."""
        self.size_bytes += len(data)
        if counted and self.size_bytes > self._limit:
            raise FetchError(TOO_LARGE, f"{self._shown} is larger than {self._limit:,} bytes")
        self._hash.update(data)
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError as error:
            raise _unusable(self.path.parent, error) from None

    def publish(self, target: Path) -> None:
        """Give the file its name in one step, once its content is on the disk; raises `FetchError`."""
        try:
            os.fsync(self._file.fileno())
            self.close()
            self.path.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            raise _unusable(target.parent, error) from None

    def take_over(self) -> str | None:
        """Read what `Store.leave_part` wrote: the note is taken off; None where the file is not of that form."""
        try:
            size = self._file.seek(-_NOTE_LENGTH_BYTES, os.SEEK_END)
            length = int.from_bytes(self._file.read(_NOTE_LENGTH_BYTES))
            self._file.seek(size - length)
            note = self._file.read(length).decode("ascii")
            self._file.truncate(size - length)
            self._file.seek(0)
            while chunk := self._file.read(_CHUNK):
                self._hash.update(chunk)
                self.size_bytes += len(chunk)
        except (OSError, ValueError):
            return None
        digest, _, rest = note.partition(" ")
        return rest if self.size_bytes <= self._limit and digest == self.sha256 else None

    def reset(self) -> None:
        """Throw away what has been written; raises `FetchError`."""
        if self.size_bytes:
            try:
                self._file.seek(0)
                self._file.truncate()
            except OSError as error:
                raise _unusable(self.path.parent, error) from None
            self._hash = hashlib.sha256()
            self.size_bytes = 0

    def close(self) -> None:
        """Let go of the file; may be repeated."""
        self._file.close()

    @property
    def sha256(self) -> str:
        """The digest of what has been written so far, lower-case hex."""
        return self._hash.hexdigest()


class Store:
    """A cache folder (0700, files 0600)."""

    def __init__(self, path: Path) -> None:
        self._contents = path / "sha256"
        self._index = path / "index"
        self._drafts = path / "drafts"
        self._parts = path / "parts"

    def prepare(self) -> None:
        """Make the folders and remove drafts that a killed run left; raises `FetchError`."""
        try:
            for folder in (self._contents, self._index, self._drafts, self._parts):
                folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.mkdir(mode=0o700, exist_ok=True)
            self._remove_stale()
        except OSError as error:
            raise _unusable(self._contents.parent, error) from None

    def _remove_stale(self) -> None:
        for folder, age_s in ((self._drafts, _STALE_S), (self._parts, _OLD_S)):
            for path in folder.iterdir():
                with suppress(FileNotFoundError):
                    if time.time() - path.lstat().st_mtime > age_s:
                        path.unlink()

    def find(self, sha256: str | None) -> Content | None:
        """The content with this digest, None if it is not there. A damaged file is removed."""
        if sha256 is None or not _DIGEST.fullmatch(sha256):
            return None
        path = self._contents / sha256
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
            if digest == sha256:
                return Content(path=path, sha256=sha256, size_bytes=size)
            path.unlink()
        except OSError:
            return None
        return None

    def remembered(self, url: str) -> Content | None:
        """The content that the address had when it was last fetched."""
        return self.find(self.remembered_digest(url))

    def remembered_digest(self, url: str) -> str | None:
        """The SHA-256 of that content, without a look at the content itself, which may be large."""
        try:
            return self._entry(url).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None

    def remember(self, url: str, sha256: str) -> None:
        """Write down which content an address has."""
        with self.draft("index", limit_bytes=_CHUNK) as draft:
            draft.write(f"{sha256}\n".encode("ascii"))
            draft.publish(self._entry(url))

    @contextmanager
    def draft(self, shown: str, *, limit_bytes: int) -> Iterator[Draft]:
        """A file to receive into; it is gone afterwards unless it was kept. Raises `FetchError`."""
        path = self._drafts / secrets.token_hex(16)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        except OSError as error:
            raise _unusable(self._drafts, error) from None
        draft = Draft(handle, path, limit_bytes, shown)
        try:
            yield draft
        finally:
            self.drop(draft)

    def take_part(self, url: str, shown: str, *, limit_bytes: int) -> tuple[Draft, str] | None:
        """The first part of a file that an earlier run left, with its note, for one taker; raises `FetchError`."""
        path = self._drafts / secrets.token_hex(16)
        try:
            self._named(self._parts, url).rename(path)
            handle = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except OSError:
            return None
        draft = Draft(handle, path, limit_bytes, shown)
        note = draft.take_over()
        if note is None:
            self.drop(draft)
            return None
        return draft, note

    def leave_part(self, url: str, draft: Draft, note: str) -> None:
        """Keep what has come of a file for a later run; a failing disk means that there is nothing to go on with.

        The note stands in the same file, behind the content, so that no other run can see one without the other.
        """
        data = f"{draft.sha256} {note}".encode("ascii")
        with suppress(FetchError, OSError):
            draft.write(data + len(data).to_bytes(_NOTE_LENGTH_BYTES), counted=False)
            draft.publish(self._named(self._parts, url))

    def drop(self, draft: Draft) -> None:
        """Remove a draft that was not kept."""
        draft.close()
        with suppress(OSError):
            draft.path.unlink()

    def keep(self, draft: Draft) -> Content:
        """Make a received file part of the cache."""
        target = self._contents / draft.sha256
        draft.publish(target)
        return Content(path=target, sha256=draft.sha256, size_bytes=draft.size_bytes)

    def _entry(self, url: str) -> Path:
        return self._named(self._index, url)

    def _named(self, folder: Path, url: str) -> Path:
        return folder / hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()


def _unusable(folder: Path, error: OSError) -> FetchError:
    return FetchError(CACHE_UNUSABLE, f"{folder}: {error.strerror or error}")
