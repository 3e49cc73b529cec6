"""A run's record to a tar.gz for somebody who helps: redacted once more, without the user's own paths and files.

The same record gives the same bytes: names are sorted, times are the run's, owners are nobody (reproducible-builds.org,
"Archive metadata").
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import stat
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from imagesmith.events import rfc3339
from imagesmith.journal.faults import CANNOT_SAVE, StateError, words
from imagesmith.journal.reader import read_run
from imagesmith.journal.suspects import mask_suspects
from imagesmith.redact import Redactor

MANIFEST = "manifest.json"
_FORMAT = 1
_IN_MEMORY = 1 << 23
_LEFT_OUT: Mapping[str, str] = {
    "owner.json": "says which process ran it",
    "owner.lock": "says which process ran it",
    "cancel.json": "a request of this machine's user",
}
_UNMASKED = "a script of a run that was killed before secrets were taken out of it"
_FETCHED = "a file of the template's user; only its digest is told"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A file of the record: in the bundle as `name`, or, with a `reason`, left out of it. Size and digest of what is in
    the bundle; of what is left out, of the file itself."""

    name: str
    size_bytes: int
    sha256: str
    reason: str | None = None


def write_bundle(
    run: Path, target: Path, *, secrets: Iterable[str] = (), places: Mapping[str, str] | None = None
) -> tuple[Entry, ...]:
    """Write the bundle of the run in the folder `run`; nothing is left of one that could not be finished.

    `secrets` are masked as far as they are known, and what looks like one. `places` are paths of this machine with what
    stands for them. Raises `StateError`: no such run (IMG804), the file cannot be written (IMG860).
    """
    found = read_run(run)
    clean = _Cleaner(secrets, {str(run): "<run>", **(places or {})})
    time = int(found.start_time.timestamp()) if found.start_time else 0
    started = rfc3339(found.start_time) if found.start_time else None
    scratch = target.with_name(f".{target.name}.new")
    try:
        with _made(scratch) as raw:
            entries = _write(run, raw, clean, time=time, started=started, interrupted=found.interrupted)
        scratch.replace(target)
    except (OSError, ValueError) as error:
        with suppress(OSError):
            scratch.unlink()
        reason = words(error) if isinstance(error, OSError) else str(error)
        raise StateError(CANNOT_SAVE, f"{target}: {reason}") from None
    return entries


def _made(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _write(
    run: Path, raw: IO[bytes], clean: _Cleaner, *, time: int, started: str | None, interrupted: bool
) -> tuple[Entry, ...]:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=time) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        entries = tuple(
            _add(archive, run, name, clean, time=time, reason=_reason(name, interrupted)) for name in _names(run)
        )
        manifest = {
            "format": _FORMAT,
            "run": run.name,
            "started": started,
            "files": [_told(entry) for entry in entries if entry.reason is None],
            "leftOut": [_told(entry) for entry in entries if entry.reason is not None],
        }
        text = json.dumps(manifest, indent=2).encode() + b"\n"
        archive.addfile(_info(run.name, MANIFEST, len(text), time), io.BytesIO(text))
    return entries


def _told(entry: Entry) -> dict[str, Any]:  # JSON data
    return {name: value for name, value in asdict(entry).items() if value is not None}


def _names(run: Path) -> list[str]:
    """The regular files of the record; links and everything else are not read."""
    found = []
    for folder, _, files in os.walk(run):
        for file in files:
            path = Path(folder, file)
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    found.append(path.relative_to(run).as_posix())
    return sorted(found)


def _reason(name: str, interrupted: bool) -> str | None:
    parts = PurePosixPath(name).parts
    if interrupted and parts[0] == "compiled" and "scripts" in parts[1:-1]:
        return _UNMASKED
    if parts[0] == "cache" or (parts[0] == "compiled" and "files" in parts[1:-1]):
        return _FETCHED
    return _LEFT_OUT.get(name)


def _add(archive: tarfile.TarFile, run: Path, name: str, clean: _Cleaner, *, time: int, reason: str | None) -> Entry:
    path = run / name
    if reason is not None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Entry(name=clean.text(name), size_bytes=path.stat().st_size, sha256=digest, reason=reason)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as content:
        total = hashlib.sha256()
        for line in _lines(path, clean):
            total.update(line)
            content.write(line)
        size = content.tell()
        content.seek(0)
        archive.addfile(_info(run.name, name, size, time), content)
    return Entry(name=name, size_bytes=size, sha256=total.hexdigest())


def _info(run_id: str, name: str, size: int, time: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(f"{run_id}/{name}")
    entry.size, entry.mtime, entry.mode = size, time, 0o600
    return entry


def _lines(path: Path, clean: _Cleaner) -> Iterator[bytes]:
    """A file's lines without secrets. JSON is cleaned value by value: a mark in an escape would break it."""
    if path.suffix == ".json" and path.stem != "template":  # whose lines diagnostics name
        with suppress(ValueError, RecursionError):
            data = json.loads(path.read_text(encoding="utf-8"))
            yield json.dumps(clean.data(data), indent=2).encode() + b"\n"
            return
    with path.open("rb") as file:
        for line in file:
            yield _line(line, clean) if path.suffix == ".ndjson" else clean.line(line)


def _line(line: bytes, clean: _Cleaner) -> bytes:
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return clean.line(line)
    return json.dumps(clean.data(data), separators=(",", ":")).encode() + b"\n"


class _Cleaner:
    """Takes out of a text what does not concern others."""

    def __init__(self, secrets: Iterable[str], places: Mapping[str, str]) -> None:
        self._redact: Callable[[str], str] = Redactor(secrets).redact
        known = {place.rstrip("/\\"): shown for place, shown in places.items() if len(place.rstrip("/\\")) > 1}
        self._shown = known
        longest_first = sorted(known, key=len, reverse=True)
        self._places = re.compile(rf"(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])") if known else None

    def text(self, text: str) -> str:
        """The text of a line, or a value of JSON data."""
        text = mask_suspects(self._redact(text))
        if self._places is not None:
            text = self._places.sub(lambda match: self._shown[match[0]], text)
        return text

    def line(self, line: bytes) -> bytes:
        """A line of a file; bytes that are no UTF-8 stay as they are."""
        end = b"\n" if line.endswith(b"\n") else b""
        text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        return self.text(text).encode("utf-8", "surrogateescape") + end

    def data(self, value: Any) -> Any:  # JSON data of any shape
        """Every text in JSON data."""
        match value:
            case str():
                return "\n".join(map(self.text, value.split("\n")))
            case dict():
                return {self.text(name): self.data(item) for name, item in value.items()}
            case list():
                return [self.data(item) for item in value]
            case _:
                return value
