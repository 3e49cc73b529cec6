"""Old runs to nothing: which folders may go, and their removal by handle."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from imagesmith.diagnostics import Diagnostic
from imagesmith.events import JournalOpened
from imagesmith.folder import remove_below
from imagesmith.journal.faults import CANNOT_PRUNE, words
from imagesmith.journal.owner import held
from imagesmith.journal.reader import Run, list_runs
from imagesmith.journal.state import RUN_ID, State
from imagesmith.journal.writer import EVENTS

_GOING = ".removed"
"""Ending of a folder whose removal has begun, so that one that was cut short is known for what it is."""
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_HEADER_BYTES = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Prunable:
    """A run that may go. `size_bytes` is what its files take."""

    run: Run
    size_bytes: int


def prunable(
    state: State, *, keep: int | None = None, older_than: timedelta | None = None, now: datetime
) -> tuple[Prunable, ...]:
    """The runs that may go, the newest first: over, recorded by us, not among the newest `keep` and started longer ago
    than `older_than`. What is not given sets no condition; without both nothing may go.
    """
    if keep is None and older_than is None:
        return ()
    candidates = list_runs(state)[keep or 0 :]
    return tuple(
        Prunable(run=run, size_bytes=_size(run.path))
        for run in candidates
        if run.over and _is_older(run, older_than, now) and _is_record(run.path)
    )


def prune(state: State, runs: Iterable[Run]) -> Iterator[Diagnostic | None]:
    """Remove the folders of runs: None for one that is gone, a diagnostic (IMG861) for one that is not. Also removes
    what an earlier removal that was cut short has left.
    """
    for run in runs:
        yield _attempt(state, run.run_id)
    for name in _remnants(state):
        if (problem := _remove(state, name)) is not None:
            yield problem


def _is_older(run: Run, than: timedelta | None, now: datetime) -> bool:
    if than is None:
        return True
    start = run.start_time or datetime.strptime(run.run_id[:16], "%Y%m%dT%H%M%S%z")
    return now - start > than


def _is_record(path: Path) -> bool:
    """Whether a folder is the record of the run that it is named for: its journal says so, or, where that is empty
    still, the lock that every run takes before all else is there."""
    try:
        if sys.platform != "win32" and path.lstat().st_uid != os.geteuid():
            return False
        with (path / EVENTS).open("rb") as file:
            first = file.readline(_HEADER_BYTES)
    except OSError:
        first = b""
    if not first.endswith(b"\n"):
        return (path / "owner.lock").is_file() and (path / "owner.json").is_file()
    with suppress(ValueError):
        header = json.loads(first)
        return isinstance(header, dict) and (header.get("event"), header.get("run_id")) == (
            JournalOpened.kind,
            path.name,
        )
    return False


def _attempt(state: State, run_id: str) -> Diagnostic | None:
    with held(state.runs / run_id) as ours:
        if not ours:  # somebody began to use it since it was looked at
            return CANNOT_PRUNE.at((), f"{state.runs / run_id} is in use")
        try:
            (state.runs / run_id).rename(state.runs / f"{run_id}{_GOING}")
        except OSError as error:
            return CANNOT_PRUNE.at((), f"{state.runs / run_id}: {words(error)}")
        return _remove(state, f"{run_id}{_GOING}")


def _remove(state: State, name: str) -> Diagnostic | None:
    try:
        if os.unlink in os.supports_dir_fd:
            with _opened(state.runs) as handle:
                remove_below(handle, name)
        else:
            shutil.rmtree(state.runs / name)
    except OSError as error:
        return CANNOT_PRUNE.at((), f"{state.runs / name}: {words(error)}")
    return None


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, _FOLDER)
    try:
        yield handle
    finally:
        os.close(handle)


def _remnants(state: State) -> list[str]:
    names = []
    with suppress(OSError), os.scandir(state.runs) as entries:
        for entry in entries:
            base = entry.name.removesuffix(_GOING)
            if base != entry.name and RUN_ID.fullmatch(base) and entry.is_dir(follow_symlinks=False):
                names.append(entry.name)
    return sorted(names)


def _size(path: Path) -> int:
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                total += os.lstat(Path(folder, name)).st_size
    return total
