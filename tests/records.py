"""Records of runs as a run writes them, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from imagesmith.events import (
    CancelRequested,
    CleanupProgress,
    Event,
    ExitCode,
    Notice,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RetryScheduled,
    RunFinished,
    RunOutput,
    RunResult,
    RunStarted,
    RunState,
    RunSubState,
    Silence,
    StepFinished,
    StepStarted,
    StepState,
)
from imagesmith.journal import Journal, State, run_record

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
RUN = "20261124T120000Z-4f2a9c"
IMAGE = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/images/web"
TEMPLATE = "\n".join(f'{{"line": {number}}}' for number in range(1, 40))

HOSTILE = (
    '</pre></script><img src=x onerror="document.title=1"><script>document.title=2</script>&amp;\'"`\x1b[31mred\x07'
)
"""Text that would take over a page or a terminal that believed it."""

DETAILS: Mapping[str, object] = {
    "template": {"file": "web.json", "sha256": "ab" * 32},
    "options": {"location": "westeurope"},
    "world": "sandbox",
    "worldFacts": {"engine": "podman 4.3.1"},
    "packer": {"path": "/usr/bin/packer", "version": "1.6.6", "sha256": "cd" * 32, "plugins": {}},
    "imagesmith": "0.1.0",
    "python": "CPython 3.11.7",
    "platform": "Linux",
    "steps": [
        {"stage": "build", "id": "customize[0]", "kind": "Shell", "title": "install", "sha256": "11" * 32},
        {"stage": "build", "id": "customize[1]", "kind": "Shell", "title": "harden", "sha256": "22" * 32},
    ],
    "diagnostics": [
        {
            "code": "IMG410", "severity": "warning", "message": "not used", "hint": "nothing to do",
            "file": "web.json", "line": 6, "column": 3, "path": "identity",
        }
    ],
}  # fmt: skip
RESULT = RunResult(
    run_id=RUN,
    state=RunState.FAILED,
    exit_code=ExitCode.STEP,
    message="customize[1]: Script exited with non-zero exit status: 7",
    start_time=NOON,
    end_time=NOON + timedelta(seconds=75),
    sub_state=RunSubState.BUILDING,
    outputs=(RunOutput(name="web", artifact_id=IMAGE, provisioning_state="Failed"),),
    leftovers=("the machine's disk pkros1",),
)

CANCELLED = replace(
    RESULT, state=RunState.CANCELED, exit_code=ExitCode.CANCELLED, message="the run was cancelled (interrupted)",
    end_time=NOON + timedelta(seconds=71), outputs=(), leftovers=(), retries=1,
)  # fmt: skip


def at(seconds: float) -> datetime:
    """A time of the run."""
    return NOON + timedelta(seconds=seconds)


def failing_run(text: str = "E: no such package", result: RunResult = RESULT) -> list[Event]:
    """A run whose second step fails, and says `text` before."""
    return [
        RunStarted(time=at(0), run_id=RUN, template="web.json", steps=2, packer="1.6.6"),
        PhaseStarted(time=at(0), phase="preflight", sub_state=RunSubState.QUEUED),
        PhaseFinished(time=at(4), phase="preflight", succeeded=True, duration_s=4.0),
        PhaseStarted(time=at(4), phase="build", sub_state=RunSubState.BUILDING),
        Progress(time=at(5), text="Creating resource group ..."),
        StepStarted(time=at(20), step="customize[0]", title="install", number=1, file="web.json", line=12),
        Output(time=at(21), text="Get:1 http://deb.example.net", step="customize[0]"),
        Output(time=at(22), text="W: old list", stream="stderr", step="customize[0]"),
        StepFinished(time=at(30), step="customize[0]", state=StepState.SUCCEEDED, duration_s=10.0),
        StepStarted(time=at(30), step="customize[1]", title="harden", number=2, file="web.json", line=17),
        Output(time=at(31), text=text, stream="stderr", step="customize[1]"),
        StepFinished(time=at(60), step="customize[1]", state=StepState.FAILED, duration_s=30.0, message="status 7"),
        Progress(time=at(61), text="Deleting resource group ..."),
        Notice(time=at(70), severity="warning", text="a disk stays"),
        PhaseFinished(time=at(75), phase="build", succeeded=False, duration_s=71.0),
        RunFinished(time=at(75), result=result),
    ]


def troubled_run(result: RunResult = CANCELLED) -> list[Event]:
    """A run that is tried again, falls silent, and is cancelled by somebody who cannot wait for its clean-up."""
    return [
        RunStarted(time=at(0), run_id=RUN, template="web.json", steps=2, packer="1.6.6"),
        PhaseStarted(time=at(0), phase="build", sub_state=RunSubState.BUILDING),
        Progress(time=at(1), text="Creating resource group ..."),
        RetryScheduled(
            time=at(5), stage="build", attempt=2, attempts=3, wait_s=10, cause="no machine is free", known="allocation"
        ),
        Progress(time=at(15), text="Creating resource group ..."),
        StepStarted(time=at(20), step="customize[0]", title="install", number=1, file="web.json", line=12),
        Output(time=at(21), text="Get:1 http://deb.example.net", step="customize[0]"),
        Silence(time=at(51), quiet_s=30, limit_s=60, acts=False, step="customize[0]"),
        CancelRequested(time=at(60), reason="interrupted", count=1, text="cancelling (interrupted)"),
        StepFinished(time=at(61), step="customize[0]", state=StepState.CANCELED, duration_s=41.0),
        CleanupProgress(time=at(62), text="Deleting resource group ...", elapsed_s=2.0),
        CancelRequested(time=at(65), reason="terminated", count=2, text="still removing"),
        CancelRequested(time=at(70), reason="answered yes", count=3, text="Packer is ended at once"),
        PhaseFinished(time=at(71), phase="build", succeeded=False, duration_s=71.0),
        RunFinished(time=at(71), result=result),
    ]


def write_run(
    state: State,
    events: Iterable[Event],
    *,
    run_id: str = RUN,
    result: RunResult | None = RESULT,
    details: Mapping[str, object] = DETAILS,
    redact: Callable[[str], str] = str,
    template: str = TEMPLATE,
) -> Path:
    """Write a record as a run does; without a result it is one that was interrupted."""
    with Journal(state.runs / run_id, redact=redact) as journal:
        shown = result or replace(RESULT, state=RunState.RUNNING, outputs=(), leftovers=())
        begun = run_record(replace(shown, state=RunState.RUNNING), template="web", details=details)
        journal.write_text("template.json", template)
        journal.write_record(begun)
        for event in events:
            journal.append(event)
        if result is not None:
            journal.write_record(run_record(shown, template="web", details=details))
    (journal.path / "compiled" / "build" / "files").mkdir(parents=True)
    (journal.path / "compiled" / "build" / "scripts").mkdir()
    (journal.path / "compiled" / "plan.json").write_text('{"format": 1, "name": "web"}\n')
    (journal.path / "compiled" / "build" / "scripts" / "01-install.sh").write_bytes(b"echo \xff\n")
    (journal.path / "compiled" / "build" / "files" / "02-agent.conf").write_text("theirs\n")
    return journal.path


def changed(**more: Any) -> dict[str, object]:  # JSON data
    """The details of the record with some of them changed."""
    return {**DETAILS, **more}
