"""What a run says while it goes on: typed events, and their JSON form (`schemas/events-1.json` is made from them)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, TypeAlias

from imagesmith.diagnostics import Diagnostic
from imagesmith.diagnostics import to_json as diagnostic_json
from imagesmith.results import ExitCode as ExitCode  # noqa: PLC0414 - events and results are one vocabulary to callers
from imagesmith.results import RunOutput as RunOutput  # noqa: PLC0414
from imagesmith.results import RunResult as RunResult  # noqa: PLC0414
from imagesmith.results import RunState as RunState  # noqa: PLC0414
from imagesmith.results import RunSubState as RunSubState  # noqa: PLC0414
from imagesmith.results import StepState as StepState  # noqa: PLC0414

EVENT_FORMAT = 1
"""Version of the events' JSON form; it grows when a field changes its meaning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened in a run, in order. A subclass is a kind; what its fields mean stands below each."""

    kind: ClassVar[str] = "event"
    time: datetime
    """When it happened, in UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JournalOpened(Event):
    """The first line of a run's `events.ndjson`; it is not sent to callers."""

    kind: ClassVar[str] = "journal-opened"
    format: int
    """Version of the events' JSON form (`EVENT_FORMAT`)."""
    run_id: str
    """The run's id, which is the name of its folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted(Event):
    """A run began."""

    kind: ClassVar[str] = "run-started"
    run_id: str
    """The run's id, which is the name of its folder."""
    template: str
    """The template's file as it was given."""
    steps: int
    """How many steps all stages have together, ours among them."""
    packer: str
    """Packer's version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseStarted(Event):
    """The run went on to its next phase: fetch, preflight, check, build, validate, distribute. In `check`, Packer looks
    through all files: by itself before it builds the first stage, or in `packer validate` (a dry run)."""

    kind: ClassVar[str] = "phase-started"
    phase: str
    """The phase's name."""
    sub_state: RunSubState
    """The service's word for it (`lastRunStatus.runSubState`)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseFinished(Event):
    """A phase ended."""

    kind: ClassVar[str] = "phase-finished"
    phase: str
    """The phase's name."""
    succeeded: bool
    """Whether the run goes on."""
    duration_s: float
    """How long it took, in seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress(Event):
    """What Packer, Azure or we are doing between steps: "Creating resource group ..."."""

    kind: ClassVar[str] = "progress"
    text: str
    """What is being done, in a sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepStarted(Event):
    """A step of the template began on the machine."""

    kind: ClassVar[str] = "step-started"
    step: str
    """The step's id: `customize[3]`, `validate[0]`, `deprovision`."""
    title: str
    """Its name in the template, or what it does where the template names none."""
    number: int
    """Its place in its stage, counted from 1."""
    file: str | None = None
    """The template's file where it stands there, null for our own steps."""
    line: int | None = None
    """The line in that file, counted from 1."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output(Event):
    """A line that a step (or Packer, outside of steps) printed; redacted, control characters as they came."""

    kind: ClassVar[str] = "output"
    text: str
    """The line without its line end."""
    stream: str = "stdout"
    """`stdout` or `stderr`, as far as Packer tells them apart."""
    step: str | None = None
    """The step that printed it, null for Packer outside of steps."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFinished(Event):
    """A step ended."""

    kind: ClassVar[str] = "step-finished"
    step: str
    """The step's id."""
    state: StepState
    """How it ended."""
    duration_s: float
    """How long it took, in seconds."""
    message: str = ""
    """Why it failed, in Packer's words; empty if it did not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice(Event):
    """Something a person should know: a warning, a leftover."""

    kind: ClassVar[str] = "notice"
    severity: str
    """`error`, `warning` or `note`."""
    text: str
    """What is to be known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelRequested(Event):
    """Somebody, or a limit, wants the run to stop."""

    kind: ClassVar[str] = "cancel-requested"
    reason: str
    """Who or what: `interrupted` (Ctrl-C), `terminated` (SIGTERM or SIGHUP), `time limit`, `silence`, `clean-up limit`,
    the command `imagesmith cancel`, or the library caller's words."""
    count: int
    """1 for the polite request, 2 for a second one, which has no effect, 3 for the one that ends Packer at once."""
    text: str
    """What follows from it, for people."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanupProgress(Event):
    """Packer is removing what it made, after a request to stop."""

    kind: ClassVar[str] = "cleanup-progress"
    text: str
    """What it is doing, in its own words."""
    elapsed_s: float
    """Seconds since the request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence(Event):
    """Nothing was heard of Packer or a step for half of the limit of silence, or for all of it."""

    kind: ClassVar[str] = "silence"
    quiet_s: float
    """Seconds since the last line."""
    limit_s: float
    """Seconds of silence at which the run is cancelled."""
    acts: bool
    """Whether that is now."""
    step: str | None = None
    """Id of the step that is running, if one is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryScheduled(Event):
    """A stage failed for a reason that passes by itself, before any step ran, and is tried again."""

    kind: ClassVar[str] = "retry-scheduled"
    stage: str
    """`build` or `validate`."""
    attempt: int
    """Number of the next try; the first one was 1."""
    attempts: int
    """How many tries there may be."""
    wait_s: float
    """Seconds until then."""
    cause: str
    """Why the last try failed."""
    known: str
    """The id of the known error that it was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFinished(Event):
    """The run ended; always the last event."""

    kind: ClassVar[str] = "run-finished"
    result: RunResult
    """How it ended, with outputs and leftovers; its `exit_code` is the command's."""


OnEvent: TypeAlias = Callable[[Event], None]


def now() -> datetime:
    """The time, in UTC, that events carry."""
    return datetime.now(UTC)


def to_json(event: Event) -> dict[str, Any]:  # JSON data
    """An event as JSON data: `event` names its kind, times are RFC 3339, enums their values."""
    if type(event) is Output:  # nearly all events are; this is the way that a log takes
        return {
            "event": Output.kind,
            "time": rfc3339(event.time),
            "text": event.text,
            "stream": str(event.stream),
            "step": event.step,
        }
    data = {field.name: json_data(getattr(event, field.name)) for field in dataclasses.fields(event)}
    return {"event": event.kind, **data}


def rfc3339(time: datetime) -> str:
    """A time as records and events write it: RFC 3339, `Z` for UTC."""
    return time.isoformat().replace("+00:00", "Z")


def result_json(result: RunResult) -> dict[str, Any]:  # JSON data
    """A result as JSON data."""
    data: dict[str, Any] = json_data(result)
    return data


def json_data(value: Any) -> Any:  # noqa: PLR0911 - one JSON value of any shape, one return a kind
    """Any value of events, results and records as JSON data: times are RFC 3339, enums their values."""
    match value:
        case datetime():
            return rfc3339(value)
        case StrEnum() | IntEnum():
            return value.value
        case Diagnostic():
            return diagnostic_json(value)
        case _ if dataclasses.is_dataclass(value):
            return {field.name: json_data(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case tuple() | list():
            return [json_data(item) for item in value]
        case Mapping():
            return {key: json_data(item) for key, item in value.items()}
        case _:
            return value
