"""Packer misbehaves: whatever it does, the run ends with a cause, and no process of it is left."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagesmith.build import BuildOptions
from imagesmith.events import (
    CancelRequested,
    CleanupProgress,
    Event,
    ExitCode,
    Notice,
    Output,
    RunState,
    Silence,
    StepFinished,
    StepStarted,
)
from imagesmith.packer import CancelToken
from imagesmith.run_failure import Outcome
from tests.faults.stand import CLEANED, CLEANUP, GOOD, IN_STEP, Stand, polite
from tests.processes import alive
from tests.tables import Tell
from tests.test_build_run import MANIFEST, SUCCESS, ended, until

pytestmark = pytest.mark.timeout(60)

RECORDS = "".join(line for line in SUCCESS.splitlines(keepends=True) if ",artifact" in line)
EOF_LINE = "1790000042,,ui,error,Build 'azure-arm.image' errored after 972 milliseconds: unexpected EOF\n"
PANIC = (
    "panic: runtime error: invalid memory address or nil pointer dereference\n\ngoroutine 1 [running]:\nmain.main()\n"
)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What Packer does, and how the run ends for it."""

    name: str
    acts: list[dict[str, Any]]
    code: ExitCode
    words: str = ""
    state: RunState = RunState.FAILED
    left: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


FAULTS = [
    Fault(
        name="exits at once with 127",
        acts=[{"exit": 127}],
        code=ExitCode.TOOLCHAIN,
        words="packer build: exit code 127",
    ),
    Fault(
        name="exits at once with 139",
        acts=[{"exit": 139}],
        code=ExitCode.TOOLCHAIN,
        words="packer build: exit code 139",
    ),
    Fault(
        name="dies of SIGSEGV",
        acts=[{"print": until(SUCCESS, "Deploying deployment")}, {"die": int(signal.SIGSEGV)}],
        code=ExitCode.TOOLCHAIN,
        words="Packer was ended by signal 11",
        left=1,
    ),
    Fault(
        name="panics and leaves a crash.log",
        acts=[{"print": IN_STEP}, {"errors": PANIC}, {"crash.log": PANIC}, {"exit": 2}],
        code=ExitCode.TOOLCHAIN,
        words="Packer or its plugin has crashed, and could not clean up",
        left=1,
    ),
    Fault(
        name="the plugin goes away (unexpected EOF)",
        acts=[{"print": until(SUCCESS, "Deploying deployment") + EOF_LINE}, {"exit": 1}],
        code=ExitCode.TOOLCHAIN,
        words="Packer or its plugin has crashed",
        left=1,
    ),
    Fault(
        name="closes its output and lives on",
        acts=[{"print": until(SUCCESS, "Deploying deployment")}, {"close": 0}, {"sleep": 0.4}, {"exit": 5}],
        code=ExitCode.MACHINE,
        words="Packer ended with exit code 5",
    ),
    Fault(
        name="one line of 10 MB",
        acts=[{"line of": 10 << 20}, *GOOD],
        code=ExitCode.OK,
        state=RunState.SUCCEEDED,
    ),
    Fault(
        name="half a line at the end",
        acts=[{"print": until(SUCCESS, "Deploying") + "1790000042,azure-arm.image,error,Quota"}, {"exit": 1}],
        code=ExitCode.MACHINE,
        words="Quota",
    ),
    Fault(
        name="NUL and invalid UTF-8",
        acts=[{"hex": "000a00ff0a" + b"1790000001,,ui,say,".hex() + "c328fe00ff0a"}, *GOOD],
        code=ExitCode.OK,
        state=RunState.SUCCEEDED,
    ),
    Fault(
        name="unknown and out-of-order records",
        acts=[
            {"print": "1790000001,azure-arm.image,artifact,0,end\n1790000001,x,progress,7\n,,,\n1,2,telemetry,{}\n"},
            {"print": "1790000001,azure-arm.image,artifact,9999999999,id,x\n1790000001,,ui\n1,,error-count,\n"},
            *GOOD,
        ],
        code=ExitCode.OK,
        state=RunState.SUCCEEDED,
    ),
    Fault(
        name="timestamps that go back",
        acts=[{"print": SUCCESS.replace("17900000", "16000000", 12)}, {"manifest": MANIFEST}],
        code=ExitCode.OK,
        state=RunState.SUCCEEDED,
    ),
    Fault(
        name="error-count without an error",
        acts=[{"print": until(SUCCESS, "Connected to SSH") + "1790000045,,error-count,1\n"}, {"exit": 1}],
        code=ExitCode.MACHINE,
        words="Packer ended with exit code 1 and without an image",
    ),
    Fault(
        name="artifact records after an error",
        acts=[{"print": ended("Running post-processor", "1 error(s): disk full") + RECORDS}, {"exit": 1}],
        code=ExitCode.DISTRIBUTION,
        state=RunState.PARTIALLY_SUCCEEDED,
        words="the image was made, but Packer failed after it",
    ),
    Fault(
        name="a process stays in its group",
        acts=[{"child": 0}, *GOOD],
        code=ExitCode.OK,
        state=RunState.SUCCEEDED,
    ),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_packer_misbehaves(stand: Stand, fault: Fault, tell: Tell) -> None:
    """State, exit code, cause, leftovers, and no process."""
    result = stand.run(build=fault.acts, options=BuildOptions(**fault.options))
    assert (result.state, result.exit_code) == (fault.state, fault.code), result.message
    assert fault.words in result.message
    assert len(result.leftovers) == fault.left, result.leftovers
    assert all("imagesmith sweep r-0001" in text for text in result.leftovers)
    assert alive(stand.pids) == []
    assert all(event.duration_s >= 0 for event in stand.of(StepFinished))
    if fault.code is not ExitCode.OK:
        assert result.diagnostics[0].is_error
        assert result.diagnostics[0].hint
        assert (result.failure is None) == (result.diagnostics[0].code == "IMG820"), "Packer had not begun"
    tell(f"packer {fault.name}", result.message, "; ".join(result.leftovers) or "nothing")


@pytest.mark.parametrize("fault", ["missing", "not executable", "not a program"])
def test_packer_cannot_be_started(stand: Stand, fault: str, tell: Tell) -> None:
    """Told before anything costs money."""
    program = stand.packer()
    if fault == "missing":
        program.unlink()
    elif fault == "not executable":
        program.chmod(0o644)
    else:
        program.write_bytes(b"\0\1\2")
    result = stand.run(program=program)
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TOOLCHAIN)
    assert [found.code for found in result.diagnostics] == ["IMG840"]
    assert "could not be started" in result.message
    tell(f"packer is {fault}", result.message)


def test_a_flood_is_read_whole_and_kept(stand: Stand, tell: Tell) -> None:
    """Every line is in the log and in the journal; memory is measured by the benchmark (`bench/flood.py`)."""
    rest = {"print": SUCCESS[len(IN_STEP) :]}
    result = stand.run(build=[{"print": IN_STEP}, {"flood": 20_000}, rest, {"manifest": MANIFEST}])
    assert result.exit_code is ExitCode.OK
    log = (stand.folder / "runs" / "r-0001" / "packer.log").read_text()
    assert log.count("image: line ") == 20_000
    journal = (stand.folder / "runs" / "r-0001" / "events.ndjson").read_text()
    assert journal.count('"text":"line ') == 20_000
    assert sum(event.text.startswith("line ") for event in stand.of(Output)) == 20_000
    tell("packer floods its output", result.message)


def test_a_daemon_that_packer_leaves_is_ended(stand: Stand, tell: Tell) -> None:
    """Also one that left the session and ignores requests to end."""
    result = stand.run(build=[{"daemon": 0}, *GOOD])
    pid = int((stand.folder / "bin" / "daemon.pid").read_text())
    assert result.exit_code is ExitCode.OK
    assert alive([pid]) == []
    said = [event.text for event in stand.of(Notice) if "outlived Packer" in event.text]
    assert len(said) == 1
    tell("packer forks a daemon", said[0])


def test_silence_is_reported_and_then_ends_the_run(stand: Stand, tell: Tell) -> None:
    """Half of the limit is told, the whole of it cancels; the step and its last lines are in the result."""
    result = stand.run(build=polite(), options=BuildOptions(silence_timeout_s=1.0))
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TIMEOUT)
    reports = stand.of(Silence)
    assert [event.acts for event in reports] == [False, True]
    assert reports[0].quiet_s < 1.0 <= reports[1].quiet_s
    assert {event.step for event in reports} == {"customize[0]"}
    assert result.failure is not None
    assert (result.failure.outcome, result.failure.step) == (Outcome.SILENT, "customize[0]")
    assert "nothing was heard for 1 seconds" in result.message
    assert stand.steps() == {"place-deprovisioning": "Succeeded", "customize[0]": "Canceled"}
    assert alive(stand.pids) == []
    tell("packer hangs silently", result.message)


def test_output_now_and_then_is_no_silence(stand: Stand) -> None:
    """The limit is for one silence, not for all of them together."""
    lines = "".join(f"1790000010,,ui,message,    azure-arm.image: {number}\n" for number in range(8))
    result = stand.run(
        build=[{"print": IN_STEP}, {"slowly": [0.2, lines]}, *GOOD], options=BuildOptions(silence_timeout_s=1.2)
    )
    assert result.exit_code is ExitCode.OK
    assert stand.of(Silence) == []


def test_cancel_shows_what_is_cleaned_up_and_for_how_long(stand: Stand, tell: Tell) -> None:
    """One signal; what Packer says that it removes comes with the seconds that it has taken."""
    cancel = CancelToken()
    result = stand.run(build=polite(cleanup_s=0.6), cancel=cancel, on_event=_at_first_step(cancel))
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert [event.count for event in stand.of(CancelRequested)] == [1]
    shown = stand.of(CleanupProgress)
    assert shown, "nothing of the clean-up was shown"
    assert "deleting resource group" in shown[0].text
    assert shown[0].elapsed_s >= 0
    assert result.leftovers == ()
    assert alive(stand.pids) == []
    tell("cancel in a step", f"{shown[0].text} ({shown[0].elapsed_s} s); {result.message}")


def test_a_clean_up_without_end_is_ended_where_that_was_asked_for(stand: Stand, tell: Tell) -> None:
    """Nobody is there to ask a third time; what is left is named with the command that finds it."""
    cancel = CancelToken()
    options = BuildOptions(cleanup_timeout_s=0.5)
    result = stand.run(build=polite(cleanup_s=60), cancel=cancel, options=options, on_event=_at_first_step(cancel))
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert [event.count for event in stand.of(CancelRequested)] == [1, 3]
    assert "sweep" in stand.of(CancelRequested)[-1].text
    assert any("could not clean up" in text for text in result.leftovers)
    assert alive(stand.pids) == []
    tell("clean-up without end, with a limit", result.leftovers[0])


def test_a_second_request_is_told_and_changes_nothing(stand: Stand, tell: Tell) -> None:
    """What a third one would do is said with the command that finds the rest."""
    cancel = CancelToken()

    def twice(event: Event) -> None:
        if isinstance(event, CleanupProgress) and cancel.count == 1:
            cancel.request("interrupted")
        _at_first_step(cancel)(event)

    result = stand.run(build=polite(cleanup_s=0.8), cancel=cancel, on_event=twice)
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    first, second = stand.of(CancelRequested)
    assert (first.count, second.count) == (1, 2)
    assert "imagesmith sweep r-0001" in second.text
    assert CLEANED.splitlines()[-1] in (stand.folder / "runs" / "r-0001" / "packer.log").read_text()
    assert result.leftovers == ()
    tell("a second request to cancel", second.text)


def test_a_packer_that_ignores_requests_is_killed_by_the_third(stand: Stand, tell: Tell) -> None:
    """What may be left is in the result, with the command that removes it."""
    cancel = CancelToken()

    def thrice() -> None:
        for _ in range(2):
            cancel.request("interrupted")
            time.sleep(0.3)
        cancel.kill()

    def at_step(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "customize[0]":
            threading.Thread(target=thrice).start()

    acts = [{"ignore": 0}, {"print": IN_STEP}, {"child": 0}, {"hang": True}]
    result = stand.run(build=acts, cancel=cancel, on_event=at_step)
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert [event.count for event in stand.of(CancelRequested)] == [1, 2, 3]
    (left,) = result.leftovers
    assert "imagesmith sweep r-0001 --yes" in left
    assert "az group delete --name IT_" in left
    assert alive(stand.pids) == []
    tell("packer ignores SIGTERM", stand.of(CancelRequested)[-1].text, left)


@pytest.mark.parametrize("code", [0, 1])
def test_finished_after_a_cancel_is_no_success(stand: Stand, code: int, tell: Tell) -> None:
    """New Packers say "finished" and end with 0 now and then, also with an image in the manifest."""
    cancel = CancelToken()
    finished = "1790000042,,ui,say,Build 'azure-arm.image' finished after 2 seconds.\n"
    acts = [{"on cancel": [{"print": CLEANUP + finished}, {"manifest": MANIFEST}, {"exit": code}]},
            {"print": IN_STEP}, {"hang": True}]  # fmt: skip
    result = stand.run(build=acts, cancel=cancel, on_event=_at_first_step(cancel))
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    tell(f"'finished' after a cancel, exit code {code}", result.message)


def test_a_cancelled_run_that_keeps_its_machine_says_so(stand: Stand) -> None:
    """With abort Packer cleans nothing up, also after a cancel."""
    cancel = CancelToken()
    handling = {"errorHandling": {"onCustomizerError": "abort"}}
    result = stand.run(properties=handling, build=polite(), cancel=cancel, on_event=_at_first_step(cancel))
    assert result.state is RunState.CANCELED
    (left,) = result.leftovers
    assert "is kept" in left
    assert "imagesmith sweep r-0001" in left


def _at_first_step(cancel: CancelToken) -> Any:  # a callback of events
    """Asks for a cancel when the first customizer begins."""

    def act(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step == "customize[0]" and not cancel.requested:
            cancel.request("interrupted")

    return act
