"""What a run says while it goes on, and what it ends with: typed events, states in the service's words, exit codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any, ClassVar, TypeAlias

from imagesmith.diagnostics import Diagnostic
from imagesmith.diagnostics import to_json as diagnostic_json
from imagesmith.run_failure import RunFailure

EVENT_FORMAT = 1
"""Version of the events' JSON form; it grows when a field changes its meaning."""


class RunState(StrEnum):
    """`lastRunStatus.runState` of the service (aib-templates.md §1.3)."""

    RUNNING = "Running"
    CANCELING = "Canceling"
    SUCCEEDED = "Succeeded"
    PARTIALLY_SUCCEEDED = "PartiallySucceeded"
    FAILED = "Failed"
    CANCELED = "Canceled"


class RunSubState(StrEnum):
    """`lastRunStatus.runSubState` of the service (aib-templates.md §1.3)."""

    QUEUED = "Queued"
    BUILDING = "Building"
    CUSTOMIZING = "Customizing"
    OPTIMIZING = "Optimizing"
    VALIDATING = "Validating"
    DISTRIBUTING = "Distributing"


class ExitCode(IntEnum):
    """How a command ends; the first cause wins (architecture §5)."""

    OK = 0
    TEMPLATE = 1
    USAGE = 2
    PREFLIGHT = 3
    TOOLCHAIN = 4
    STEP = 5
    VALIDATION = 6
    DISTRIBUTION = 7
    TIMEOUT = 8
    LEFTOVERS = 9
    MACHINE = 10
    BUG = 70
    CANCELLED = 130
    TERMINATED = 143


class StepState(StrEnum):
    """How a step ended."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"
    RECORDED = "Recorded"
    """The machine kept the step and did not run it (a sandbox without a container engine)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutput:
    """A published result, as the service's runOutputs resource shows it."""

    name: str
    artifact_id: str | None = None
    artifact_uri: str | None = None
    provisioning_state: str = "Succeeded"


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """How a run ended: the service's lastRunStatus and runOutputs, and what a script needs to go on."""

    run_id: str
    state: RunState
    exit_code: ExitCode
    message: str
    start_time: datetime
    end_time: datetime
    sub_state: RunSubState | None = None
    outputs: tuple[RunOutput, ...] = ()
    leftovers: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the run found besides the compilation: files that cannot be fetched, what Azure refused."""
    failure: RunFailure | None = None
    """Why a Packer run failed; None where none did."""
    record: str | None = None
    """Folder of the run record."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Something that happened in a run, in order; `time` is UTC."""

    kind: ClassVar[str] = "event"
    time: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RunStarted(Event):
    """A run began."""

    kind: ClassVar[str] = "run-started"
    run_id: str
    template: str
    steps: int
    packer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseStarted(Event):
    """The run went on to its next phase: fetch, preflight, check, build, validate, distribute."""

    kind: ClassVar[str] = "phase-started"
    phase: str
    sub_state: RunSubState


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseFinished(Event):
    """A phase ended."""

    kind: ClassVar[str] = "phase-finished"
    phase: str
    succeeded: bool
    duration_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress(Event):
    """What Packer, Azure or we are doing between steps: "Creating resource group ..."."""

    kind: ClassVar[str] = "progress"
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StepStarted(Event):
    """A step of the template began on the machine."""

    kind: ClassVar[str] = "step-started"
    step: str
    title: str
    number: int
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Output(Event):
    """A line that a step (or Packer, outside of steps) printed; redacted, control characters as they came."""

    kind: ClassVar[str] = "output"
    text: str
    stream: str = "stdout"
    step: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFinished(Event):
    """A step ended."""

    kind: ClassVar[str] = "step-finished"
    step: str
    state: StepState
    duration_s: float
    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice(Event):
    """Something a person should know: a warning, a leftover, a cancel request."""

    kind: ClassVar[str] = "notice"
    severity: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelRequested(Event):
    """Somebody wants the run to stop: `count` is 1 for the polite request, 2 for the one that is asked about, 3 for the
    one that ends Packer at once. `text` says to people what follows."""

    kind: ClassVar[str] = "cancel-requested"
    reason: str
    count: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CleanupProgress(Event):
    """What is being removed since the cancel, and for how long that has taken."""

    kind: ClassVar[str] = "cleanup-progress"
    text: str
    elapsed_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence(Event):
    """Nothing was heard for `quiet_s` seconds; `acts` says that the run is cancelled for it now, at its limit."""

    kind: ClassVar[str] = "silence"
    quiet_s: float
    limit_s: float
    acts: bool
    step: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryScheduled(Event):
    """A stage failed for a reason that passes by itself, before any step ran, and is tried again after `wait_s`."""

    kind: ClassVar[str] = "retry-scheduled"
    stage: str
    attempt: int
    attempts: int
    wait_s: float
    cause: str
    known: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunFinished(Event):
    """The run ended; always the last event."""

    kind: ClassVar[str] = "run-finished"
    result: RunResult


OnEvent: TypeAlias = Callable[[Event], None]


def now() -> datetime:
    """The time, in UTC, that events carry."""
    return datetime.now(UTC)


def to_json(event: Event) -> dict[str, Any]:  # JSON data
    """An event as JSON data: `event` names its kind, times are RFC 3339, enums their values."""
    data = {field.name: _plain(getattr(event, field.name)) for field in dataclasses.fields(event)}
    return {"event": event.kind, **data}


def result_json(result: RunResult) -> dict[str, Any]:  # JSON data
    """A result as JSON data."""
    data: dict[str, Any] = _plain(result)
    return data


def _plain(value: Any) -> Any:  # noqa: PLR0911 - one JSON value of any shape, one return a kind
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case StrEnum() | IntEnum():
            return value.value
        case Diagnostic():
            return diagnostic_json(value)
        case _ if dataclasses.is_dataclass(value):
            return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value
