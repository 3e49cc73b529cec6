"""`imagesmith runs …` and `imagesmith cancel` as a user calls them: what they print, and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagesmith.events import RunState
from imagesmith.journal import Journal, State, open_state
from tests.records import CANCELLED, HOSTILE, RESULT, RUN, changed, failing_run, troubled_run, write_run

OTHER = "20261125T000000Z-000000"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A fresh state folder where commands look for it."""
    return open_state(tmp_path / ".imagesmith")


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    return done


def document(folder: Path, *arguments: str) -> Any:  # JSON data
    """The JSON document that a command prints."""
    done = cli(folder, *arguments, "--output", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_runs_are_listed(state: State, tmp_path: Path) -> None:
    write_run(state, failing_run())
    write_run(state, failing_run()[:5], run_id=OTHER, result=None)
    lines = cli(tmp_path, "runs", "list").stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [[OTHER, "Interrupted"], [RUN, "Failed"]]
    assert lines[1].endswith("1 min 15 s  web  1 left behind")
    assert cli(tmp_path, "runs", "list", "--limit", "1").stdout.splitlines() == lines[:1]
    listed = document(tmp_path, "runs", "list")["runs"]
    assert [(run["run_id"], run["state"], run["interrupted"]) for run in listed] == [
        (OTHER, "Failed", True),
        (RUN, "Failed", False),
    ]


def test_where_there_are_no_runs_none_are_listed(tmp_path: Path) -> None:
    done = cli(tmp_path, "runs", "list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "no runs in .imagesmith\n")
    assert list(tmp_path.iterdir()) == []


SHOWN = f"""\
run {RUN}: Failed in Building
  customize[1]: Script exited with non-zero exit status: 7
  exit code: 5
  started:   2026-11-24 12:00:00 UTC
  ended:     2026-11-24 12:01:15 UTC, after 1 min 15 s
  template:  web.json (sha256 abababababab)
  versions:  imagesmith 0.1.0, Packer 1.6.6
preflight: done (4.0 s)
build: failed (1 min 11 s)
  [1] customize[0]: install: ok (10.0 s)  (web.json:12)
  [2] customize[1]: harden: FAILED (30.0 s)  (web.json:17)
        status 7
output web: /subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/images/web (Failed)
left behind: the machine's disk pkros1
warning: a disk stays
web.json:6:3: warning[IMG410]: not used
record: {{path}}
"""


def test_a_run_is_shown(state: State, tmp_path: Path) -> None:
    path = write_run(state, failing_run())
    done = cli(tmp_path, "runs", "show", "last")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == SHOWN.format(path=path)
    run = document(tmp_path, "runs", "show", RUN[:9])["run"]
    assert (run["exit_code"], run["duration_s"], run["record"]["world"]) == (5, 75.0, "sandbox")
    assert [(step["id"], step["state"], step["duration_s"]) for step in run["steps"]] == [
        ("customize[0]", "Succeeded", 10.0),
        ("customize[1]", "Failed", 30.0),
    ]
    assert run["start_time"] == "2026-11-24T12:00:00Z"
    assert run["outputs"][0]["provisioning_state"] == "Failed"


TROUBLED = """\
build: cancelled (1 min 11 s)
  12:00:05 try 1 of 3 failed: no machine is free; the next one after 10.0 s
  [1] customize[0]: install: cancelled (41.0 s)  (web.json:12)
  12:00:51 nothing was heard for 30.0 s; the limit is 1 min 00 s
  12:01:00 asked to stop (Ctrl-C); that took 11.0 s
  12:01:05 asked to stop again (SIGTERM or SIGHUP)
  12:01:10 Packer was ended at once (answered yes)
"""


def test_what_a_run_did_not_plan_is_shown_in_its_place(state: State, tmp_path: Path) -> None:
    """Tries, silence and requests to stop: in the story, in the list, in the log and for scripts."""
    write_run(state, troubled_run(), result=CANCELLED)
    assert TROUBLED in cli(tmp_path, "runs", "show", "last").stdout
    assert cli(tmp_path, "runs", "list").stdout.endswith(" 1 min 11 s  web  tried again once\n")
    run = document(tmp_path, "runs", "show", "last")["run"]
    kinds = ["retry-scheduled", "silence", *["cancel-requested"] * 3]
    assert ([incident["kind"] for incident in run["incidents"]], run["retries"]) == (kinds, 1)
    assert run["incidents"][1]["place"] == {"phase": "build", "step": "customize[0]", "steps_begun": 1}
    assert run["phases"][0]["cancelled"] is True
    log = cli(tmp_path, "runs", "logs", "last").stdout.splitlines()
    assert [line for line in log if f"{'':<14} * " in line][:2] == [
        f"12:00:05 {'':<14} * try 1 of 3 failed: no machine is free; the next one after 10.0 s",
        f"12:00:51 {'':<14} * nothing was heard for 30.0 s; the limit is 1 min 00 s",
    ]


def test_tries_are_counted_in_a_run_that_goes_on(state: State, tmp_path: Path) -> None:
    """Its record says nothing of them yet; the events do."""
    write_run(state, troubled_run()[:5], result=None)
    assert "tried again once" in cli(tmp_path, "runs", "list").stdout


def test_a_run_that_was_tried_again_differs_from_one_that_was_not(state: State, tmp_path: Path) -> None:
    write_run(state, failing_run())
    write_run(state, failing_run(), run_id=OTHER, result=replace(RESULT, retries=2))
    assert "outcome:\n  + retries: 2\n" in cli(tmp_path, "runs", "diff", RUN, OTHER).stdout


def test_the_last_lines_of_a_failed_step_are_shown_as_lines(state: State, tmp_path: Path) -> None:
    found = {"severity": "error", "code": "IMG843", "message": "it failed\nits last lines:\n| no \x1b[1mroom"}
    write_run(state, failing_run(), details=changed(diagnostics=[found]))
    shown = cli(tmp_path, "runs", "show", "last").stdout
    assert "error[IMG843]: it failed\n    its last lines:\n    | no \\x1b[1mroom\n" in shown


def test_an_interrupted_run_is_shown_as_far_as_it_went(state: State, tmp_path: Path) -> None:
    write_run(state, failing_run()[:11], result=None)
    shown = cli(tmp_path, "runs", "show", "last").stdout
    assert f"run {RUN}: Interrupted in Building\n  the process that ran it has ended" in shown
    assert "  last seen: 2026-11-24 12:00:31 UTC, after 31.0 s\n" in shown
    assert "build: did not end (-)\n" in shown
    assert "[2] customize[1]: harden: did not end (-)" in shown


def test_a_running_run_is_shown_with_what_it_does(state: State, tmp_path: Path) -> None:
    with Journal(state.runs / RUN, redact=str) as journal:
        for event in failing_run()[:11]:
            journal.append(event)
        shown = cli(tmp_path, "runs", "show", "last").stdout
    assert f"run {RUN}: Running in Building\n" in shown
    assert ": harden\n" in shown
    assert "[2] customize[1]: harden: running (" in shown


def test_the_log_of_a_run_and_of_a_step(state: State, tmp_path: Path) -> None:
    write_run(state, failing_run(text=HOSTILE))
    lines = cli(tmp_path, "runs", "logs", RUN).stdout.splitlines()
    assert lines[0] == "12:00:05                  Creating resource group ..."
    assert lines[1:5] == [
        "12:00:20 customize[0]   * install",
        "12:00:21 customize[0]   | Get:1 http://deb.example.net",
        "12:00:22 customize[0]   ! W: old list",
        "12:00:30 customize[1]   * harden",
    ]
    assert "\\x1b[31mred\\x07" in lines[5]
    one = cli(tmp_path, "runs", "logs", RUN, "--step", "customize[0]").stdout
    assert one == "12:00:20 * install\n12:00:21 | Get:1 http://deb.example.net\n12:00:22 ! W: old list\n"
    events = cli(tmp_path, "runs", "logs", "last", "--step", "customize[1]", "--output", "ndjson").stdout
    assert [json.loads(line)["event"] for line in events.splitlines()] == ["step-started", "output", "step-finished"]
    wrong = cli(tmp_path, "runs", "logs", RUN, "--step", "customize[9]")
    assert wrong.returncode == 2
    assert "it has customize[0], customize[1]" in wrong.stderr


def test_following_prints_until_the_run_ends(state: State, tmp_path: Path) -> None:
    journal = Journal(state.runs / RUN, redact=str)
    for event in failing_run()[:7]:
        journal.append(event)
    command = [sys.executable, "-m", "imagesmith", "runs", "logs", "last", "-f", "--step", "customize[0]"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "12:00:20 * install\n"
        assert process.stdout.readline() == "12:00:21 | Get:1 http://deb.example.net\n"
        for event in failing_run()[7:]:
            journal.append(event)
        assert process.stdout.read() == "12:00:22 ! W: old list\n"
        assert process.wait(timeout=30) == 0
    journal.close()


def test_following_a_run_whose_process_dies_says_so(state: State, tmp_path: Path) -> None:
    """It ends by itself, with what is known of the end."""
    journal = Journal(state.runs / RUN, redact=str)
    for event in failing_run()[:7]:
        journal.append(event)
    command = [sys.executable, "-m", "imagesmith", "runs", "logs", "last", "-f"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().endswith("Creating resource group ...\n")
        journal.close()
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (0, "Interrupted: the process that ran it has ended without a result\n")


def test_two_runs_are_compared(state: State, tmp_path: Path) -> None:
    write_run(state, failing_run())
    write_run(state, failing_run(), run_id=OTHER, result=replace(RESULT, state=RunState.SUCCEEDED))
    done = cli(tmp_path, "runs", "diff", RUN, "last")
    assert done.stdout.startswith(
        "outcome:\n  - state: Failed\n  + state: Succeeded\ndurations:\n  all: 1 min 15 s -> "
    )
    assert "  build customize[1]: 30.0 s -> 30.0 s (the same)\n" in done.stdout
    same = cli(tmp_path, "runs", "diff", RUN, RUN)
    assert same.stderr == "the same template, versions, options, steps and outcome\n"
    assert document(tmp_path, "runs", "diff", RUN, "last")["differences"][0] == {
        "part": "outcome",
        "name": "state",
        "before": "Failed",
        "after": "Succeeded",
    }


def test_old_runs_are_removed_when_it_is_said_which(state: State, tmp_path: Path) -> None:
    write_run(state, failing_run())
    write_run(state, failing_run(), run_id=OTHER)
    said = cli(tmp_path, "runs", "prune")
    assert (said.returncode, "--keep N" in said.stderr) == (2, True)
    dry = cli(tmp_path, "runs", "prune", "--keep", "1", "--dry-run")
    assert dry.stdout == f"{RUN} would be removed (0.0 MB, 1 left behind in Azure)\n"
    assert (state.runs / RUN).exists()
    assert cli(tmp_path, "runs", "prune", "--keep", "0", "--older-than", "36500d").stdout == ""
    assert document(tmp_path, "runs", "prune", "--keep", "1")["runs"][0]["run_id"] == RUN
    assert not (state.runs / RUN).exists()
    assert (state.runs / OTHER).exists()
    wrong = cli(tmp_path, "runs", "prune", "--older-than", "a while")
    assert (wrong.returncode, "is not a duration" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "2030"),
        ("logs", "2030"),
        ("diff", "last", "2030"),
        ("bundle", "2030"),
        ("show", "last", "--html", "no/such/folder/p.html"),
        ("bundle", "last", "--out", "no/such/folder/b.tar.gz"),
    ],
)
def test_what_is_not_there_is_a_clear_mistake(arguments: tuple[str, ...], state: State, tmp_path: Path) -> None:
    write_run(state, failing_run())
    done = cli(tmp_path, "runs", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "error[IMG8" in done.stderr
    assert "hint:" in done.stderr


def test_without_a_state_folder_there_is_nothing_to_show(tmp_path: Path) -> None:
    done = cli(tmp_path, "runs", "show", "last")
    assert (done.returncode, "error[IMG809]" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


# Cancel


def test_a_run_that_is_over_cannot_be_cancelled(state: State, tmp_path: Path) -> None:
    path = write_run(state, failing_run())
    done = cli(tmp_path, "cancel", "last")
    assert (done.returncode, "error[IMG807]" in done.stderr) == (2, True)
    assert not (path / "cancel.json").exists()
