"""Events to a run's record on the disk, in such a way that it can be read whenever the process ends."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from imagesmith.diagnostics import Diagnostic
from imagesmith.events import (
    EVENT_FORMAT,
    Event,
    JournalOpened,
    Output,
    PhaseFinished,
    RunFinished,
    now,
    rfc3339,
    to_json,
)
from imagesmith.folder import make_private, sync_folder
from imagesmith.journal.faults import CANNOT_WRITE, RECORD_INCOMPLETE, RUN_EXISTS, StateError, words
from imagesmith.journal.owner import claim
from imagesmith.listening import OutputLines

EVENTS = "events.ndjson"
RECORD = "run.json"

Redact = Callable[[str], str]

_OURS = frozenset(
    {"event", "time", "run_id", "id", "state", "sub_state", "start_time", "end_time", "provisioning_state"}
    | {"startTime", "endTime", "runState", "runSubState", "provisioningState", "stream"}
)
"""Fields whose values are never anybody else's text."""


class Journal:
    """The record of one run: its folder (named for the run), its events, its result. Safe to share between threads.

    Raises `StateError` while it is made. Afterwards no failing disk stops the run: the first failure is kept in
    `failure`, and later events are still tried.
    """

    def __init__(self, path: Path, *, redact: Redact) -> None:
        self.path = path
        self._redact = redact
        self._lock = threading.Lock()
        self._torn = False
        self._failure: Diagnostic | None = None
        try:
            make_private(self.path.parent)
            self.path.mkdir(mode=0o700)
            self._claim = claim(self.path)
            try:
                self._events = os.fdopen(os.open(self.events_path, _NEW | os.O_APPEND, 0o600), "ab", buffering=0)
            except OSError:
                self._claim.close()
                raise
        except FileExistsError:
            raise StateError(RUN_EXISTS, f"there is a record of the run {path.name} in {path.parent}") from None
        except OSError as error:
            raise StateError(CANNOT_WRITE, f"{self.path}: {words(error)}") from None
        self._write_line(to_json(JournalOpened(time=now(), format=EVENT_FORMAT, run_id=path.name)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def events_path(self) -> Path:
        """One event a line, as JSON; only ever appended to."""
        return self.path / EVENTS

    @property
    def record_path(self) -> Path:
        """How the run stands, or how it ended."""
        return self.path / RECORD

    @property
    def failure(self) -> Diagnostic | None:
        """Why the record is incomplete, None while it is complete."""
        return self._failure

    def append(self, event: Event) -> None:
        """Write an event; it is on the disk for certain after the end of a phase and of the run."""
        if type(event) is Output:  # nearly all events are
            # Its text first: a redactor knows again what it has just given back.
            texts = (self._redact(event.text),)
            self._write_bytes(_output(texts, event.time, event.stream, event.step, self._redact))
            return
        self._write_line(to_json(event))
        if isinstance(event, PhaseFinished | RunFinished):
            self._sync()

    def append_lines(self, spoken: Iterable[OutputLines]) -> None:
        """Write what stands for many `Output` events, all of it at once."""
        self._write_bytes(
            b"".join(_output(lines.texts, lines.time, lines.stream, lines.step, self._redact) for lines in spoken)
        )

    def write_record(self, run: Mapping[str, Any]) -> None:  # JSON data, as `run_record` makes it
        """Replace `run.json` in one step: readers see the old one or the new one."""
        self._replace(self.record_path, json.dumps(_record_redacted(run, self._redact), indent=2) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Put a text that is redacted already beside the events."""
        self._replace(self.path / name, text)

    def _replace(self, path: Path, text: str) -> None:
        scratch = path.with_name(f"{path.name}.new")
        with self._lock:
            try:
                with os.fdopen(os.open(scratch, _NEW & ~os.O_EXCL | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(text.encode("utf-8", "surrogatepass"))
                    file.flush()
                    os.fsync(file.fileno())
                scratch.replace(path)
                sync_folder(self.path)
            except OSError as error:
                self._fail(path, error)

    def close(self) -> None:
        """End the record. A run without a `RunFinished` is from now on one that was interrupted; may be repeated."""
        if not self._events.closed:
            self._sync()
            self._events.close()
            self._claim.close()

    def _write_line(self, data: Mapping[str, Any]) -> None:  # JSON data
        self._write_bytes(json.dumps(_redacted(data, self._redact), separators=(",", ":")).encode("ascii") + b"\n")

    def _write_bytes(self, line: bytes) -> None:
        with self._lock:
            try:
                # A line that was cut by a full disk must not swallow the next one
                text = b"\n" + line if self._torn else line
                written = self._events.write(text) or 0
                self._torn = written < len(text)
                if self._torn:
                    self._fail(self.events_path, OSError(0, "only a part of an event could be written"))
            except OSError as error:
                self._fail(self.events_path, error)

    def _sync(self) -> None:
        with self._lock:
            try:
                os.fsync(self._events.fileno())
            except OSError as error:
                self._fail(self.events_path, error)

    def _fail(self, path: Path, error: OSError) -> None:
        if self._failure is None:
            self._failure = RECORD_INCOMPLETE.at((), f"{path}: {words(error)}")


_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def _output(texts: Sequence[str], time: datetime, stream: str, step: str | None, redact: Redact) -> bytes:
    """`Output` events as `to_json` writes them, in a small part of the time; only their texts differ."""
    named = "null" if step is None else _quoted(redact(step))
    before = f'{{"event":"{Output.kind}","time":"{rfc3339(time)}","text":'
    after = f',"stream":{_quoted(stream)},"step":{named}}}\n'
    return f"{before}{f'{after}{before}'.join(map(_quoted, texts))}{after}".encode("ascii")


_quoted = json.encoder.encode_basestring_ascii


def _redacted(value: Any, redact: Redact, *, free: bool = False) -> Any:  # JSON data of any shape
    """Every text in JSON data without secrets. The parts and not the line: in the line, a secret that begins with `n`
    would be found in the escape of a line end, and what is left would be no JSON.

    Names of fields and the values in `_OURS` stay, or a secret like `text` would make the record unreadable; in `free`
    data names are anybody's, too.
    """
    match value:
        case str():
            return redact(value)
        case Mapping() if free:
            return {redact(key): _redacted(item, redact, free=True) for key, item in value.items()}
        case Mapping():
            return {key: item if key in _OURS else _redacted(item, redact) for key, item in value.items()}
        case list() | tuple():
            return [_redacted(item, redact, free=free) for item in value]
        case _:
            return value


def _record_redacted(run: Mapping[str, Any], redact: Redact) -> dict[str, Any]:  # JSON data
    details = {key: _redacted(item, redact, free=True) for key, item in run.get("imagesmith", {}).items()}
    return {**_redacted(run, redact), "imagesmith": details}
