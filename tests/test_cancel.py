"""`imagesmith cancel` reaches a run of another process by its folder alone, and nobody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from imagesmith import iter_build
from imagesmith.events import Event, ExitCode, RunFinished, RunState
from imagesmith.journal import Journal, StateError, open_state, read_events, read_run, request_cancel
from imagesmith.journal.requests import CancelRequests, is_requested
from tests.records import RUN, failing_run, write_run
from tests.test_build_run import SUCCESS, built, until
from tests.test_build_stream import HANGING, build
from tests.test_events import problems


def cancel(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in a process of its own."""
    command = [sys.executable, "-m", "imagesmith", "cancel", "last", "--state-dir", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def cancelled_run(folder: Path, scene: Mapping[str, object], *arguments: str) -> tuple[Event, str]:
    """Start a run, cancel it from another process once a step runs: its last event, and what the command printed."""
    open_state(folder)
    events = iter_build(**build(folder, build=scene))
    next(event for event in events if getattr(event, "step", None) == "customize[0]")
    done: list[subprocess.CompletedProcess[str]] = []
    waiting = threading.Thread(target=lambda: done.append(cancel(folder, *arguments)))
    waiting.start()
    last = list(events)[-1]
    waiting.join()
    assert done[0].returncode == 0, done[0].stderr
    return last, done[0].stdout


def test_another_process_ends_a_run_and_waits_for_its_clean_up(tmp_path: Path) -> None:
    last, said = cancelled_run(tmp_path / "state", HANGING)
    assert isinstance(last, RunFinished)
    assert (last.result.state, last.result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert said.startswith("Canceled: ")


def test_kill_ends_a_packer_that_does_not_listen(tmp_path: Path) -> None:
    last, _ = cancelled_run(tmp_path / "state", {**HANGING, "stubborn": True}, "--kill")
    assert isinstance(last, RunFinished)
    assert last.result.state is RunState.CANCELED
    assert last.result.leftovers, "what a killed Packer leaves has to be told"


def test_a_run_that_is_asked_is_shown_as_such(tmp_path: Path) -> None:
    state = open_state(tmp_path / "state")
    with Journal(state.runs / RUN, redact=str) as journal:
        assert read_run(journal.path).state is RunState.RUNNING
        request_cancel(journal.path)
        assert read_run(journal.path).state is RunState.CANCELING
        assert [path.name for path in journal.path.iterdir() if path.name.startswith(".")] == []
    assert read_run(journal.path).interrupted
    with pytest.raises(StateError) as caught:
        request_cancel(journal.path)
    assert caught.value.diagnostic.code == "IMG807"


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 5000, '"kill"'])
def test_what_is_no_request_ends_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "cancel.json").write_text(content)
    assert not is_requested(tmp_path)


def test_a_link_or_a_pipe_in_its_place_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(json.dumps({"kill": True}))
    (tmp_path / "cancel.json").symlink_to(tmp_path / "elsewhere")
    assert not is_requested(tmp_path)
    (tmp_path / "cancel.json").unlink()
    os.mkfifo(tmp_path / "cancel.json")
    assert not is_requested(tmp_path)


def test_each_request_is_passed_on_once(tmp_path: Path) -> None:
    passed: list[bool] = []
    known = threading.Event()

    def take(kill: bool) -> None:
        passed.append(kill)
        if kill:
            known.set()

    with CancelRequests(tmp_path, take):
        (tmp_path / "cancel.json").write_text('{"kill": false}')
        for _ in range(40):
            if passed:
                break
            known.wait(0.1)
        (tmp_path / "cancel.json").write_text('{"kill": true}')
        assert known.wait(10)
    assert passed == [False, True]


def test_a_process_that_only_has_the_number_is_left_alone(tmp_path: Path) -> None:
    """A record of a process that is gone, whose number another one has now: this test's own."""
    path = write_run(open_state(tmp_path / "state"), failing_run()[:5], result=None)
    marker = json.loads((path / "owner.json").read_text())
    (path / "owner.lock").unlink()
    (path / "owner.json").write_text(json.dumps({**marker, "pid": os.getpid(), "start_time": "1"}))
    done = cancel(tmp_path / "state")
    assert (done.returncode, "error[IMG807]" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "scene",
    [built(), {"text": until(SUCCESS, "01-install.sh"), "exit": 1}, {"exit": 2, "errors": "panic: x\n"}],
    ids=["success", "failure", "panic"],
)
def test_every_event_of_a_run_is_as_the_schema_says(scene: Mapping[str, object], tmp_path: Path) -> None:
    given = build(tmp_path, build=scene)
    told = list(iter_build(**given))
    written = list(read_events(given["run_directory"] / "events.ndjson"))
    assert len(written) == len(told) + 1
    assert [problem for event in written for problem in problems(event)] == []
