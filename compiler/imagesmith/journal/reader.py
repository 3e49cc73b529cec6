"""A run's record back to what is known of the run, however it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from imagesmith.events import PhaseStarted, RunFinished, RunOutput, RunStarted, RunState, RunSubState
from imagesmith.journal.faults import NO_SUCH_RUN, StateError
from imagesmith.journal.owner import is_owned
from imagesmith.journal.record import UNFINISHED
from imagesmith.journal.state import RUN_ID, State
from imagesmith.journal.writer import EVENTS, RECORD

INTERRUPTED = "interrupted: the process that ran it has ended without a result"


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """What is known of a run. What is None was not written down before the run ended, or while it goes on."""

    run_id: str
    path: Path
    state: RunState
    message: str = ""
    template: str | None = None
    sub_state: RunSubState | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    exit_code: int | None = None
    outputs: tuple[RunOutput, ...] = ()
    leftovers: tuple[str, ...] = ()
    interrupted: bool = False
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)  # JSON data under `imagesmith` in run.json


def read_events(path: Path) -> Iterator[dict[str, Any]]:  # JSON data
    """The events in a file, oldest first; raises `OSError` if it cannot be read.

    Lines that are no JSON object are passed over: a process or a machine that ends can leave half a line, or NULs in
    its place. Kinds and fields that are not known (of a newer version) come as they are.
    """
    with path.open("rb") as file:
        for line in file:
            with suppress(ValueError, RecursionError):
                event = json.loads(line.strip(b"\0 \t\r\n").decode("utf-8"))
                if isinstance(event, dict):
                    yield event


def read_run(path: Path) -> Run:
    """What is known of the run in a folder; raises `StateError` (IMG804) if it is no folder.

    `run.json` counts if it tells an end; else the events do; and a run that neither ended nor has a living process
    has failed.
    """
    if not path.is_dir():
        raise StateError(NO_SUCH_RUN, f"{path} is not the folder of a run")
    record = _json(path / RECORD)
    from_record = _from_record(path, record)
    if from_record.state not in UNFINISHED:
        return from_record
    owned = is_owned(path)  # before the events are read: a run that ends in between has written its last one by then
    run = _from_events(from_record)
    if run.state in UNFINISHED and not owned:
        run = replace(run, state=RunState.FAILED, message=INTERRUPTED, interrupted=True)
    return replace(run, end_time=None) if run.state in UNFINISHED else run


def list_runs(state: State) -> tuple[Run, ...]:
    """All runs with a record, the newest first."""
    with suppress(OSError):
        names = sorted((entry.name for entry in state.runs.iterdir() if RUN_ID.fullmatch(entry.name)), reverse=True)
        return tuple(run for name in names for run in _readable(state, name))
    return ()


def _readable(state: State, run_id: str) -> Iterator[Run]:
    with suppress(StateError):
        yield read_run(state.run(run_id))


def _from_record(path: Path, record: Mapping[str, Any]) -> Run:
    status = _mapping(_mapping(record.get("properties")).get("lastRunStatus"))
    details = _mapping(record.get("imagesmith"))
    return Run(
        run_id=path.name,
        path=path,
        template=_text(record.get("name")),
        state=_state(status.get("runState")),
        message=_text(status.get("message")) or "",
        sub_state=_sub_state(status.get("runSubState")),
        start_time=_time(status.get("startTime")),
        end_time=_time(status.get("endTime")),
        exit_code=_number(details.get("exitCode")),
        outputs=tuple(
            _output(item.get("name"), _mapping(item.get("properties")), ("artifactId", "artifactUri"))
            for item in _mappings(record.get("runOutputs"))
        ),
        leftovers=_texts(details.get("leftovers")),
        details=details,
    )


def _from_events(run: Run) -> Run:
    """What the events add to a record without an end; the end, if they have it."""
    last: object = None
    with suppress(OSError):
        for event in read_events(run.path / EVENTS):
            last = event.get("time", last)
            match event.get("event"):
                case RunStarted.kind:
                    template = run.template or _text(event.get("template"))
                    run = replace(run, template=template, start_time=run.start_time or _time(last))
                case PhaseStarted.kind:
                    run = replace(run, sub_state=_sub_state(event.get("sub_state")) or run.sub_state)
                case RunFinished.kind:
                    run = _finished(run, _mapping(event.get("result")))
    return replace(run, end_time=run.end_time or _time(last))


def _finished(run: Run, result: Mapping[str, Any]) -> Run:
    return replace(
        run,
        state=_state(result.get("state")),
        message=_text(result.get("message")) or "",
        sub_state=_sub_state(result.get("sub_state")) or run.sub_state,
        start_time=_time(result.get("start_time")) or run.start_time,
        end_time=_time(result.get("end_time")) or run.end_time,
        exit_code=_number(result.get("exit_code")),
        outputs=tuple(
            _output(item.get("name"), item, ("artifact_id", "artifact_uri"))
            for item in _mappings(result.get("outputs"))
        ),
        leftovers=_texts(result.get("leftovers")),
    )


def _output(name: object, data: Mapping[str, Any], keys: tuple[str, str]) -> RunOutput:
    provisioning_state = data.get("provisioningState") or data.get("provisioning_state")
    return RunOutput(
        name=_text(name) or "",
        artifact_id=_text(data.get(keys[0])),
        artifact_uri=_text(data.get(keys[1])),
        provisioning_state=_text(provisioning_state) or "Succeeded",
    )


def _json(path: Path) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}


def _state(value: object) -> RunState:
    """A state; one that is missing or not known tells no end."""
    with suppress(ValueError):
        return RunState(str(value))
    return RunState.RUNNING


def _sub_state(value: object) -> RunSubState | None:
    with suppress(ValueError):
        return RunSubState(str(value))
    return None


def _time(value: object) -> datetime | None:
    with suppress(ValueError):
        time = datetime.fromisoformat(str(value))
        return time if time.tzinfo else None
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
