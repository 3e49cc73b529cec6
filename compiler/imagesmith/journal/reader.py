"""A run's record back to what is known of the run, however it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from imagesmith.events import PhaseStarted, RetryScheduled, RunFinished, RunOutput, RunStarted, RunState, RunSubState
from imagesmith.journal import fields
from imagesmith.journal.faults import NO_SUCH_RUN, StateError
from imagesmith.journal.owner import is_owned
from imagesmith.journal.record import UNFINISHED
from imagesmith.journal.requests import is_requested
from imagesmith.journal.state import State
from imagesmith.journal.writer import EVENTS, RECORD

NO_RESULT = "the process that ran it has ended without a result"


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
    retries: int = 0
    interrupted: bool = False
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)  # JSON data under `imagesmith` in run.json

    @property
    def over(self) -> bool:
        """Whether the run has ended, in whatever way."""
        return self.state not in UNFINISHED


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
    record = fields.json_file(path / RECORD)
    from_record = _from_record(path, record)
    if from_record.over:
        return from_record
    owned = is_owned(path)  # before the events are read: a run that ends in between has written its last one by then
    run = _from_events(from_record)
    if not run.over and not owned:
        run = replace(run, state=RunState.FAILED, message=NO_RESULT, interrupted=True)
    elif not run.over and is_requested(path):
        run = replace(run, state=RunState.CANCELING)
    return run if run.over else replace(run, end_time=None)


def list_runs(state: State) -> tuple[Run, ...]:
    """All runs with a record, the newest first."""
    return tuple(run for run_id in state.run_ids() for run in _readable(state, run_id))


def _readable(state: State, run_id: str) -> Iterator[Run]:
    with suppress(StateError):
        yield read_run(state.run(run_id))


def _from_record(path: Path, record: Mapping[str, Any]) -> Run:
    status = fields.mapping(fields.mapping(record.get("properties")).get("lastRunStatus"))
    details = fields.mapping(record.get("imagesmith"))
    return Run(
        run_id=path.name,
        path=path,
        template=fields.text(record.get("name")),
        state=fields.run_state(status.get("runState")),
        message=fields.text(status.get("message")) or "",
        sub_state=fields.sub_state(status.get("runSubState")),
        start_time=fields.time(status.get("startTime")),
        end_time=fields.time(status.get("endTime")),
        exit_code=fields.number(details.get("exitCode")),
        outputs=tuple(
            _output(item.get("name"), fields.mapping(item.get("properties")), ("artifactId", "artifactUri"))
            for item in fields.mappings(record.get("runOutputs"))
        ),
        leftovers=fields.texts(details.get("leftovers")),
        retries=fields.number(details.get("retries")) or 0,
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
                    template = run.template or fields.text(event.get("template"))
                    run = replace(run, template=template, start_time=run.start_time or fields.time(last))
                case PhaseStarted.kind:
                    run = replace(run, sub_state=fields.sub_state(event.get("sub_state")) or run.sub_state)
                case RetryScheduled.kind:
                    run = replace(run, retries=run.retries + 1)
                case RunFinished.kind:
                    run = _finished(run, fields.mapping(event.get("result")))
    return replace(run, end_time=run.end_time or fields.time(last))


def _finished(run: Run, result: Mapping[str, Any]) -> Run:
    return replace(
        run,
        state=fields.run_state(result.get("state")),
        message=fields.text(result.get("message")) or "",
        sub_state=fields.sub_state(result.get("sub_state")) or run.sub_state,
        start_time=fields.time(result.get("start_time")) or run.start_time,
        end_time=fields.time(result.get("end_time")) or run.end_time,
        exit_code=fields.number(result.get("exit_code")),
        outputs=tuple(
            _output(item.get("name"), item, ("artifact_id", "artifact_uri"))
            for item in fields.mappings(result.get("outputs"))
        ),
        leftovers=fields.texts(result.get("leftovers")),
        retries=fields.number(result.get("retries")) or run.retries,
    )


def _output(name: object, data: Mapping[str, Any], keys: tuple[str, str]) -> RunOutput:
    provisioning_state = data.get("provisioningState") or data.get("provisioning_state")
    return RunOutput(
        name=fields.text(name) or "",
        artifact_id=fields.text(data.get(keys[0])),
        artifact_uri=fields.text(data.get(keys[1])),
        provisioning_state=fields.text(provisioning_state) or "Succeeded",
    )
