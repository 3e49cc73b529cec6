"""The lock file: which content every file of a template had, and which version stood behind `latest` (docs/files.md).

It lies beside the template as `<stem>.lock.json` and is meant to be kept with it. No address in it has a query, so no
signature stands there. Its form is `schemas/lock-1.json`.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from imagesmith.diagnostics import Diagnostic, Rule, Severity, dotted
from imagesmith.plan import Fetch

LOCK_FORMAT = 1
"""Version of the form of lock files."""
_DIGEST = re.compile("[0-9a-f]{64}")

BAD_LOCK = Rule(
    code="IMG645",
    severity=Severity.ERROR,
    title="the lock file cannot be read",
    cause="It is not the JSON that `imagesmith lock` writes, or was written by a newer version.",
    fix="restore it, or make a new one: imagesmith lock FILE --update",
    source="docs/files.md",
)
CANNOT_WRITE_LOCK = Rule(
    code="IMG648",
    severity=Severity.ERROR,
    title="the lock file cannot be written",
    cause="Its folder cannot be written to, or the disk is full.",
    fix="make space, or give the folder of the template to the user that runs imagesmith",
    source="docs/files.md",
)


class LockError(Exception):
    """A lock file that cannot be used; `diagnostic` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedFile:
    """A file as it was: `place` is the property that names it, `uri` its address without query."""

    place: str
    uri: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LockedSource:
    """The version behind `latest`: `image` is ``publisher:offer:sku`` or the id of a gallery's image definition."""

    image: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """All that is pinned of a template."""

    files: tuple[LockedFile, ...] = ()
    source: LockedSource | None = None

    def file(self, fetch: Fetch) -> LockedFile | None:
        """What is pinned for a file: by its address, and by its place where several have the same one."""
        uri, place = plain_uri(fetch.uri), dotted(fetch.path)
        same = [item for item in self.files if item.uri == uri]
        return next((item for item in same if item.place == place), same[0] if len(same) == 1 else None)

    def version_of(self, image: str) -> str | None:
        """The pinned version of an image, None where it is another one than when the lock was made."""
        return self.source.version if self.source and self.source.image.lower() == image.lower() else None


def lock_path(template: str | os.PathLike[str]) -> Path:
    """Where the lock of a template is."""
    return Path(template).with_suffix(".lock.json")


def plain_uri(uri: str) -> str:
    """An address without user, query and fragment; a path with slashes."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri.partition("?")[0]
    if not parts.netloc:
        return uri.replace("\\", "/").removeprefix("./")
    return urlunsplit((parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower(), parts.path, "", ""))


def read_lock(path: Path) -> Lock | None:
    """The lock in a file, None where there is none. Raises LockError."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _parsed(data)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else _reason(error)
        raise LockError(BAD_LOCK.at((), f"{path}: {reason}")) from None


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is no JSON (line {error.lineno})"
    return f"it has no {error}" if isinstance(error, KeyError) else str(error) or "it has not the form of one"


def _parsed(data: Mapping[str, Any]) -> Lock:  # JSON data
    if data["format"] != LOCK_FORMAT:
        raise ValueError(f"its format is {data['format']!r}, and {LOCK_FORMAT} is known")
    files = tuple(
        LockedFile(place=one["place"], uri=one["uri"], sha256=one["sha256"], size_bytes=int(one["size"]))
        for one in data["files"]
    )
    wrong = next((one.place for one in files if not _DIGEST.fullmatch(one.sha256)), None)
    if wrong is not None:
        raise ValueError(f"the digest of {wrong} is none of SHA-256")
    source = data["source"]
    pinned = source and LockedSource(image=str(source["image"]), version=str(source["version"]))
    return Lock(files=files, source=pinned or None)


def lock_text(lock: Lock) -> str:
    """The lock as a file has it: sorted, so that changes are small."""
    files = sorted(lock.files, key=lambda item: (item.uri, item.place))
    data = {
        "format": LOCK_FORMAT,
        "source": {"image": lock.source.image, "version": lock.source.version} if lock.source else None,
        "files": [
            {"place": item.place, "uri": item.uri, "sha256": item.sha256, "size": item.size_bytes} for item in files
        ],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def write_lock(path: Path, lock: Lock) -> None:
    """Replace a lock file in one step. Raises LockError."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        scratch = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(lock_text(lock))
                file.flush()
                os.fsync(file.fileno())
            scratch.chmod(0o644)  # it is meant to be shared, unlike what mkstemp makes
            scratch.replace(path)
        except OSError:
            scratch.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LockError(CANNOT_WRITE_LOCK.at((), f"{path}: {error.strerror or error}")) from None
