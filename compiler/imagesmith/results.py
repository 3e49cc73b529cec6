"""How runs and steps stand and end: states in the service's words, exit codes, outputs, the result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum

from imagesmith.diagnostics import Diagnostic
from imagesmith.run_failure import RunFailure


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
    PASSED_OVER = "PassedOver"
    """The step failed, and the build goes on because the caller wants it so (`--continue`)."""
    RECORDED = "Recorded"
    """The machine kept the step and did not run it (a sandbox without a container engine)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunOutput:
    """A published result, as the service's runOutputs resource shows it."""

    name: str
    """`runOutputName` of the distributor."""
    artifact_id: str | None = None
    """ARM id of an image or of a gallery version."""
    artifact_uri: str | None = None
    """Address of a VHD."""
    provisioning_state: str = "Succeeded"
    """`Succeeded`, or `Failed` for what was made and does not count."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunResult:
    """How a run ended: the service's lastRunStatus and runOutputs, and what a script needs to go on."""

    run_id: str
    """The run's id; empty if no run began."""
    state: RunState
    """The service's word for how it ended (`lastRunStatus.runState`)."""
    exit_code: ExitCode
    """What the command ends with; the first cause decides it."""
    message: str
    """The cause in a sentence, empty where there is nothing to say."""
    start_time: datetime
    """When it began, in UTC."""
    end_time: datetime
    """When it ended, in UTC."""
    sub_state: RunSubState | None = None
    """Where it ended, if it did not succeed."""
    outputs: tuple[RunOutput, ...] = ()
    """What was published."""
    leftovers: tuple[str, ...] = ()
    """What should be gone and is not, with how to remove it."""
    retries: int = 0
    """How often a stage was tried again after a failure that passes by itself."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the run found besides the compilation: files that cannot be fetched, what Azure refused."""
    record: str | None = None
    """Folder of the run record."""
    failure: RunFailure | None = None
    """Why a Packer run failed; null where none did."""
