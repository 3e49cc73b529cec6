"""We are the ones who are interrupted, killed, or given a bad place to work in: the command as a user runs it."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from imagesmith.events import ExitCode, RunState
from imagesmith.journal import Run, list_runs, open_state
from tests.cases import FIXTURES
from tests.faults import fake_packer
from tests.faults.stand import CLEANED, CLEANUP, FAILED_STEP, GOOD, IN_STEP, LOCKED, Stand, polite
from tests.processes import alive
from tests.tables import Tell

pytestmark = pytest.mark.timeout(60)

REPOSITORY = FIXTURES.parent


def until_said(stand: Stand, text: str, *, times: int = 1, name: str = "packer.log", limit_s: float = 30) -> None:
    """Wait until a run's file holds a text so many times."""
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if any(path.read_text().count(text) >= times for path in stand.folder.glob(f"state/runs/*/{name}")):
            return
        time.sleep(0.05)
    raise AssertionError(f"no {name} said '{text}'")


def until_ended(pids: list[int], limit_s: float = 15) -> list[int]:
    """Wait for processes to end; those that did not."""
    deadline = time.monotonic() + limit_s
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive(pids)


def runs(stand: Stand, state: str = "state") -> tuple[Run, ...]:
    """What the state folder knows."""
    return list_runs(open_state(stand.folder / state))


def _ready(stand: Stand, **scenario: Any) -> Path:
    stand.file()
    return stand.packer(**scenario)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=str
)
def test_a_signal_cancels_politely(stand: Stand, number: signal.Signals, code: int, tell: Tell) -> None:
    """Packer cleans up, shows what, and nothing is left."""
    process = stand.start(_ready(stand, build=polite()))
    until_said(stand, "Provisioning with shell script: ")
    time.sleep(0.2)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == code, err
    said = ["cancelling (", "    cancelled (", "Cleanup requested", "-- build cancelled ("]
    assert sorted(said, key=err.index) == said, "the answer to the signal comes first"
    assert "deleting resource group" in err
    assert "Canceled after" in err
    assert out.count("left behind") == 0
    assert alive(stand.pids) == []
    tell(f"{number.name} in a step", f"exit {code}; " + err.strip().splitlines()[-1])


def test_sigint_twice_says_what_a_third_would_do(stand: Stand, tell: Tell) -> None:
    """Without a terminal there is nobody to ask; the clean-up goes on to its end."""
    process = stand.start(_ready(stand, build=polite(cleanup_s=1.5)))
    until_said(stand, "01-install.sh")
    process.send_signal(signal.SIGINT)
    until_said(stand, "Cleanup requested")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.CANCELLED, err
    (line,) = [text for text in err.splitlines() if "A third request ends Packer at once" in text]
    assert line.endswith("leaves the rest there, which ends with the sandbox")
    assert "Resource group has been deleted" in err
    tell("SIGINT twice", line)


def test_the_third_signal_kills_and_says_what_becomes_of_the_rest(stand: Stand, tell: Tell) -> None:
    """And no process of Packer's outlives the command."""
    acts = [{"ignore": 0}, {"print": IN_STEP}, {"daemon": 0}, {"hang": 0}]
    process = stand.start(_ready(stand, build=acts))
    until_said(stand, "01-install.sh")
    for number in (1, 2, 3):
        process.send_signal(signal.SIGINT)
        # Two signals at once may arrive as one.
        until_said(stand, '"event":"cancel-requested"', times=number, name="events.ndjson")
    out, err = process.communicate(timeout=30)
    assert process.returncode == ExitCode.CANCELLED, err
    daemon = int((stand.folder / "bin" / "daemon.pid").read_text())
    assert alive([*stand.pids, daemon]) == []
    (line,) = [text for text in err.splitlines() if "Packer is ended at once" in text]
    assert line.endswith("(interrupted) and leaves the rest in Azure, which ends with the sandbox")
    assert "left behind" not in out, "Azure was asked, and has nothing"
    tell("SIGINT three times, Packer ignores it", line)


DEPLOYING = IN_STEP[: IN_STEP.index("Connected to SSH")] + "\n"
STOPPING = [{"print": CLEANUP}, {"sleep": 0.5}, {"print": CLEANED}, {"manifest": "{}"}, {"exit": 1}]
"""A clean-up to its end; the manifest shows that it came so far."""
LOOKS = "1790000000,,ui,say,Packer looks through the files\n"
PHASES: dict[str, tuple[dict[str, Any], str]] = {
    "check": ({"build": [{"on cancel": STOPPING}, {"print": LOOKS}, {"hang": 0}]}, "looks"),
    "deploy": ({"build": [{"on cancel": STOPPING}, {"print": DEPLOYING}, {"hang": 0}]}, "Running builder"),
    "step": ({"build": [{"on cancel": STOPPING}, {"print": IN_STEP}, {"hang": 0}]}, "01-install.sh"),
    "clean-up": ({"build": [{"on cancel": STOPPING}, {"print": IN_STEP}, {"hang": 0}]}, "01-install.sh"),
}
"""What Packer does in each phase, and the words that show that it is there."""


@pytest.mark.parametrize("phase", PHASES)
def test_kill_9_leaves_no_packer_and_a_record_that_says_so(stand: Stand, phase: str, tell: Tell) -> None:
    """Packer still cleans up; the next commands see a run that was interrupted, and are not disturbed by it."""
    scenario, words = PHASES[phase]
    process = stand.start(_ready(stand, **scenario))
    until_said(stand, words)
    if phase == "clean-up":
        process.send_signal(signal.SIGTERM)
        until_said(stand, "Cleanup requested")
    process.kill()
    process.communicate(timeout=30)
    assert until_ended(stand.pids) == []
    cleaned = list((stand.folder / "state").glob("runs/*/compiled/build/manifest.json"))
    assert len(cleaned) == 1, "Packer was not left the time to clean up"
    (run,) = runs(stand)
    assert (run.state, run.interrupted) == (RunState.FAILED, True)
    if phase == "step":
        after = stand.finish(_ready(stand))
        assert after.returncode == 0, after.stderr
        assert [one.state for one in runs(stand)] == [RunState.SUCCEEDED, RunState.FAILED]
    tell(f"SIGKILL of us during {phase}", f"the record: {run.message}", "nothing: Packer cleaned up")


def test_readers_that_go_away_do_not_end_a_build(stand: Stand, tell: Tell) -> None:
    """`| head -1`, on both outputs."""
    with stand.start(_ready(stand), "--output", "ndjson") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stderr.close()
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=30) == 0
    assert [run.state for run in runs(stand)] == [RunState.SUCCEEDED]
    tell("closed stdout and stderr (| head)", "the build goes on to its end, exit 0")


def test_results_that_cannot_be_written_are_no_success(stand: Stand, tell: Tell) -> None:
    """A full disk under stdout: the build is done and recorded, and the command says that its result is lost."""
    with Path("/dev/full").open("w") as full:
        done = stand.finish(_ready(stand), "--output", "json", stdout=full)
    assert done.returncode == ExitCode.USAGE
    assert "the results could not be written: No space left on device" in done.stderr
    assert [run.state for run in runs(stand)] == [RunState.SUCCEEDED]
    tell("stdout on a full disk", done.stderr.strip().splitlines()[-1])


def _on_terminal(
    stand: Stand,
    program: Path,
    *arguments: str,
    columns: int = 100,
    typed: Sequence[tuple[str, str]] = (),
    **environment: str,
) -> tuple[int, str]:
    """Exit code and all that a terminal of this width got. `typed` is what a person types, each when a text is seen."""
    parent, child = pty.openpty()
    termios.tcsetwinsize(child, (24, columns))
    process = stand.start(
        program, *arguments, stdin=child, stdout=child, stderr=child, start_new_session=True,
        env=stand.environment(TERM="xterm-256color", **environment),
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(child)
    shown, waiting = b"", list(typed)
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:  # how Linux says that the other end is closed
            break
        if not data:
            break
        shown += data
        if waiting and waiting[0][0].encode() in shown:
            os.write(parent, waiting.pop(0)[1].encode())
    os.close(parent)
    assert waiting == [], shown.decode("utf-8", "replace")
    return process.wait(timeout=30), shown.decode("utf-8", "replace")


CTRL_C = "\x03"


@pytest.mark.parametrize(("answer", "ends"), [("n", False), ("y", True)])
def test_the_second_ctrl_c_asks_a_person(stand: Stand, answer: str, *, ends: bool, tell: Tell) -> None:
    """No goes on cleaning up, yes ends Packer at once; either way the run was cancelled."""
    acts = polite(cleanup_s=4.0)
    typed = [("install", CTRL_C), ("removes what it made", CTRL_C), ("End Packer at once", f"{answer}\n")]
    code, shown = _on_terminal(stand, _ready(stand, build=acts), typed=typed)
    assert code == ExitCode.CANCELLED, shown
    log = next(stand.folder.glob("state/runs/*/packer.log")).read_text()
    assert ("Resource group has been deleted" in log) is not ends
    assert alive(stand.pids) == []
    question = shown.index("End Packer at once, and leave what it made in Azure? [y/N]")
    assert shown.index("A third request ends Packer at once") < question
    assert "-- build" not in shown[question : shown.index(f"{answer}\r\n", question)], "it waits for the answer"
    tell(f"Ctrl-C twice on a terminal, answer '{answer}'", "End Packer at once, and leave what it made in Azure? [y/N]")


@pytest.mark.parametrize(("answer", "kept"), [("n", False), ("", True)])
def test_on_error_ask_asks_a_person(stand: Stand, answer: str, *, kept: bool, tell: Tell) -> None:
    """Packer keeps the machine until then; an answer that says nothing loses nothing."""
    failing = [{"print": IN_STEP + FAILED_STEP}, {"exit": 1}]
    typed = [("Keep the machine", f"{answer}\n")]
    code, shown = _on_terminal(stand, _ready(stand, build=failing), "--on-error", "ask", typed=typed)
    assert code == ExitCode.STEP, shown
    assert ("is kept" in shown) is kept
    assert "-on-error=abort" in fake_packer.calls(stand.folder / "bin")[-1]["arguments"]
    tell(f"--on-error ask, answer '{answer}'", "Keep the machine, to look at it? [Y/n]")


def test_ctrl_c_answers_the_question_about_the_machine(stand: Stand, tell: Tell) -> None:
    """What is cancelled is removed, and nobody has to type a line first."""
    failing = [{"print": IN_STEP + FAILED_STEP}, {"exit": 1}]
    typed = [("Keep the machine", CTRL_C)]
    code, shown = _on_terminal(stand, _ready(stand, build=failing), "--on-error", "ask", typed=typed)
    assert code == ExitCode.STEP, shown
    assert "removing resource group" in shown
    assert "is kept" not in shown
    tell("--on-error ask, answer Ctrl-C", "removing resource group ...")


def test_a_failure_is_the_same_in_json(stand: Stand) -> None:
    """Cause, step, line, last words and remedy, for a script."""
    done = stand.finish(
        _ready(stand, build=[{"print": IN_STEP + LOCKED + FAILED_STEP}, {"exit": 1}]), "--output", "json"
    )
    assert done.returncode == ExitCode.STEP
    said = json.loads(done.stdout)
    failure = said["result"]["failure"]
    assert (failure["outcome"], failure["known"], failure["step"]) == ("step-failed", "apt-lock", "customize[0]")
    assert (failure["title"], failure["file"], failure["line"]) == ("install", "web.json", 17)
    assert failure["output"] == ["E: Could not get lock /var/lib/dpkg/lock-frontend."]
    (found,) = [one for one in said["diagnostics"] if one["severity"] == "error"]
    assert (found["code"], found["file"], found["line"]) == ("IMG842", "web.json", 17)
    assert found["hint"] == failure["remedy"]


def test_twenty_columns_are_enough(stand: Stand, tell: Tell) -> None:
    """The live view gets by with what there is."""
    code, shown = _on_terminal(stand, _ready(stand), columns=20)
    assert code == 0, shown
    assert "Traceback" not in shown
    assert "Succeeded" in shown
    tell("a terminal of 20 columns", shown.strip().splitlines()[-1])


def test_no_color_is_kept(stand: Stand, tell: Tell) -> None:
    """On a terminal, too."""
    code, shown = _on_terminal(stand, _ready(stand), columns=80, NO_COLOR="1")
    assert code == 0, shown
    assert "\x1b[3" not in shown
    assert "\x1b[1;" not in shown
    tell("NO_COLOR on a terminal", "no colour sequences, exit 0")


def test_on_error_ask_needs_a_terminal(stand: Stand, tell: Tell) -> None:
    """Else nobody could answer; the remedy is in the message, and nothing is started."""
    done = stand.finish(_ready(stand), "--on-error", "ask")
    assert done.returncode == ExitCode.USAGE
    assert "--on-error ask needs a terminal to ask on; use --on-error abort" in done.stderr
    assert "build" not in stand.commands
    tell("--on-error ask without a terminal", done.stderr.strip().splitlines()[-1])


@pytest.mark.parametrize("where", ["working folder", "state folder"])
def test_a_place_that_cannot_be_written_to_is_told(stand: Stand, where: str, tell: Tell) -> None:
    """/proc takes no files, not even root's."""
    program = _ready(stand)
    command = stand.command(program)
    command[command.index("web.json")] = str(stand.folder / "web.json")
    folder = stand.folder
    at = command.index("--state-dir")
    if where == "working folder":
        del command[at : at + 2]
        folder = Path("/proc")
    else:
        command[at + 1] = "/proc/imagesmith"
    done = subprocess.run(
        command, cwd=folder, env=stand.environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == ExitCode.PREFLIGHT, done.stderr
    assert "IMG803" in done.stderr
    assert "--state-dir DIR" in done.stderr
    assert "build" not in stand.commands
    tell(f"read-only {where}", next(line for line in done.stderr.splitlines() if "IMG803" in line))


def _limited(stand: Stand, limit: int, acts: list[Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("rlimited.py")), str(stand.folder), str(limit), json.dumps(acts)],
        env=stand.environment(PYTHONPATH=str(REPOSITORY), PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_a_full_disk_when_the_files_are_written_is_told_before_packer_starts(stand: Stand, tell: Tell) -> None:
    """Nothing half-written is built."""
    said = _limited(stand, 1024, GOOD)
    assert (said["result"]["state"], said["result"]["exit_code"]) == ("Failed", ExitCode.PREFLIGHT), said
    assert said["commands"] == []
    tell("disk full when HCL is written", said["result"]["message"])


def test_a_full_disk_under_log_and_journal_does_not_stop_the_build(stand: Stand, tell: Tell) -> None:
    """Packer is read on, so that it can clean up; that the record is incomplete is told."""
    said = _limited(stand, 24_000, [{"flood": 2_000}, *GOOD])
    assert (said["result"]["state"], said["result"]["exit_code"]) == ("Succeeded", 0), said
    assert any("Packer's log is incomplete" in note for note in said["notes"]), said["notes"]
    assert any("events.ndjson" in note for note in said["notes"]), said["notes"]
    tell("disk full at log and journal", "; ".join(said["notes"]))


def test_a_temporary_folder_that_is_gone_is_told(stand: Stand, monkeypatch: pytest.MonkeyPatch, tell: Tell) -> None:
    """Between its first use and the build."""
    monkeypatch.setattr(tempfile, "tempdir", str(stand.folder / "gone"))
    result = stand.run()
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.PREFLIGHT)
    assert [found.code for found in result.diagnostics] == ["IMG845"]
    assert "TMPDIR" in result.diagnostics[0].hint
    tell("TMPDIR gone", result.message)


def test_a_clock_that_jumps_back_makes_no_run_of_negative_length(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    """The clock is set back an hour while the run goes on."""
    from datetime import timedelta

    import imagesmith.build as building
    from imagesmith.events import now

    monkeypatch.setattr(building, "now", lambda: now() + timedelta(hours=1))
    result = stand.run()
    assert result.exit_code is ExitCode.OK
    assert 0 <= (result.end_time - result.start_time).total_seconds() < 30
    tell("the clock jumps back an hour", f"the run took {(result.end_time - result.start_time).total_seconds():.0f} s")


def test_two_runs_on_one_state_folder_do_not_meet(stand: Stand, tell: Tell) -> None:
    """At the same time, in the same place."""
    program = _ready(stand)
    both = [stand.start(program) for _ in range(2)]
    ends = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], ends
    assert [run.state for run in runs(stand)] == [RunState.SUCCEEDED] * 2
    tell("two runs on one state folder", "both succeed, with a record each")


BROKEN: dict[str, Callable[[Path], object]] = {
    "a stale lock": lambda run: (run / "owner.lock").write_bytes(b""),
    "a 0-byte journal": lambda run: (run / "events.ndjson").write_bytes(b""),
    "a journal of a newer version": lambda run: (run / "events.ndjson").write_text(
        '{"event":"journal-opened","format":99,"run_id":"x"}\n{"event":"warp","time":"2031-01-01T00:00:00Z","v":[1]}\n'
    ),
}


def test_old_records_that_are_broken_disturb_nobody(stand: Stand, tell: Tell) -> None:
    """They are shown as runs that did not end; the next one is built beside them."""
    state = open_state(stand.folder / "state")
    for number, act in enumerate(BROKEN.values()):
        old = state.runs / f"20260101T000000Z-00000{number}"
        old.mkdir(mode=0o700)
        act(old)
    done = stand.finish(_ready(stand))
    assert done.returncode == 0, done.stderr
    first, *others = runs(stand)
    assert (first.state, first.interrupted) == (RunState.SUCCEEDED, False)
    assert [(run.state, run.interrupted) for run in others] == [(RunState.FAILED, True)] * len(BROKEN)
    for name, run in zip(BROKEN, reversed(others), strict=True):
        tell(name, f"the next build succeeds; the old run: {run.message}")


def test_umask_000_makes_nothing_public_and_no_terminal_gets_plain_lines(stand: Stand, tell: Tell) -> None:
    """Rights are given when a file is made, and not left to the umask; no colours or cursor movements in a log."""
    done = stand.finish(_ready(stand), umask=0)
    assert done.returncode == 0, done.stderr
    state = stand.folder / "state"
    made = [state, *(path for path in (state / "runs").rglob("*") if not path.is_symlink())]
    assert any(path.name == "manifest.json" for path in made), "also what Packer writes"
    assert [str(path) for path in made if path.stat().st_mode & 0o077] == []
    assert "\x1b" not in done.stderr + done.stdout
    tell("no terminal", next(line for line in done.stderr.splitlines() if "customize[0]" in line))
    tell("umask 000", f"{len(made)} files and folders, all of them for their owner alone")


def test_a_packer_of_another_kind_is_told_with_the_version_that_is_needed(stand: Stand, tell: Tell) -> None:
    """1.5 does not read HCL."""
    old = [{"print": "1790000000,,version,1.5.6\n"}]
    done = stand.finish(_ready(stand, version=old))
    assert done.returncode in {ExitCode.TEMPLATE, ExitCode.TOOLCHAIN}
    assert "1.6.6" in done.stderr
    assert stand.commands == ["version"]
    tell("packer of a wrong version", next(line for line in done.stderr.splitlines() if "error" in line))
