"""Records read back: the story of a run, however it ended; which run is meant; what differs; what may go."""

from __future__ import annotations

import fcntl
import random
import shutil
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from imagesmith.events import Output, RunState, StepState
from imagesmith.journal import (
    Journal,
    LogLine,
    Part,
    State,
    StateError,
    choose_run,
    compare,
    find_state,
    log_lines,
    open_state,
    prunable,
    prune,
    read_story,
)
from imagesmith.journal.follow import follow_events
from imagesmith.journal.writer import EVENTS
from imagesmith.report.page.marks import MARKS, RUN_MARKS
from imagesmith.report.words import STEP_WORDS
from tests.records import NOON, RESULT, RUN, at, changed, failing_run, write_run


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A fresh state folder."""
    return open_state(tmp_path / ".imagesmith")


# The story


def test_a_story_tells_phases_and_steps_with_their_ends(state: State) -> None:
    story = read_story(write_run(state, failing_run()))
    assert [(phase.name, phase.succeeded, phase.duration_s) for phase in story.phases] == [
        ("preflight", True, 4.0),
        ("build", False, 71.0),
    ]
    assert [(step.id, step.phase, step.state, step.duration_s, step.output_lines) for step in story.steps] == [
        ("customize[0]", "build", StepState.SUCCEEDED, 10.0, 2),
        ("customize[1]", "build", StepState.FAILED, 30.0, 1),
    ]
    assert (story.steps[1].file, story.steps[1].line, story.steps[1].message) == ("web.json", 17, "status 7")
    assert [notice.text for notice in story.notices] == ["a disk stays"]
    assert [found["code"] for found in story.diagnostics] == ["IMG410"]
    assert (story.over, story.duration_s, story.planned_steps, story.packer) == (True, 75.0, 2, "1.6.6")


def test_a_story_can_be_told_whatever_byte_the_events_end_at(state: State) -> None:
    """What is told grows with what is there, and a run that was cut off is one that was interrupted."""
    path = write_run(state, failing_run(), result=None)
    data = (path / EVENTS).read_bytes()
    told = 0
    for end in range(len(data) + 1):
        (path / EVENTS).write_bytes(data[:end])
        story = read_story(path)
        now = len(story.phases) + len(story.steps) + len(story.notices)
        assert now >= told
        told = now
        whole = story.run.state is RunState.FAILED and not story.run.interrupted
        assert whole == (end >= len(data) - 1), end
        assert story.over
        assert story.run.details["template"]["file"] == "web.json"
    assert told == 5


def test_a_long_record_can_be_read_whatever_byte_it_ends_at(state: State) -> None:
    """Ten thousand lines, cut at random bytes; the seed is fixed."""
    lines = [Output(time=at(31), text=f"line {n} zażółć \x1b[0m", step="customize[1]") for n in range(10_000)]
    events = failing_run()
    path = write_run(state, [*events[:10], *lines, *events[10:]])
    data = (path / EVENTS).read_bytes()
    (path / "run.json").unlink()
    numbers = random.Random(5)  # noqa: S311 - places to cut, nothing secret
    for _ in range(40):
        end = numbers.randrange(len(data))
        (path / EVENTS).write_bytes(data[:end])
        story = read_story(path)
        assert story.run.interrupted
        complete = data[: end + 1].count(b"\n")
        if 12 <= complete <= 10_000:
            assert story.steps[1].output_lines == complete - 11
            assert (story.steps[1].state, story.doing) == (None, "harden")


def test_a_damaged_or_newer_record_is_told_as_far_as_it_goes(state: State) -> None:
    path = write_run(state, failing_run())
    (path / "run.json").write_text('{"imagesmith": {"diagnostics": [7, {"code": []}], "template": 3}}')
    events = (path / EVENTS).read_bytes().splitlines()
    odd = b'{"event":"step-started","step":7,"number":"x","time":[]}\n{"event":"step-finished","state":"Sang"}\n'
    (path / EVENTS).write_bytes(b"\n".join([*events[:5], odd, b'{"event":"sang","song":{}}', *events[5:]]) + b"\n")
    story = read_story(path)
    assert [step.id for step in story.steps] == ["", "customize[0]", "customize[1]"]
    assert story.run.state is RunState.FAILED


@pytest.mark.parametrize("leave", [(), ("events.ndjson",), ("run.json",)])
def test_a_record_without_its_files_is_still_a_run(leave: tuple[str, ...], state: State) -> None:
    path = write_run(state, failing_run())
    for name in ("events.ndjson", "run.json"):
        if name not in leave:
            (path / name).write_bytes(b"")
    story = read_story(path)
    assert story.over
    assert story.run.interrupted == (leave == ())


# Which run


def test_a_run_is_named_by_the_beginning_of_its_id_or_as_the_last(state: State) -> None:
    other = "20261125T000000Z-000000"
    for run_id in (RUN, other):
        write_run(state, failing_run(), run_id=run_id)
    (state.runs / "20261126T000000Z-nothex").mkdir()
    assert choose_run(state, RUN).name == RUN
    assert choose_run(state, "20261124").name == RUN
    assert choose_run(state, "last").name == other
    with pytest.raises(StateError) as several:
        choose_run(state, "202611")
    assert several.value.diagnostic.code == "IMG808"
    assert RUN in str(several.value)
    for name in ("2027", "", "..", "/", "20261126"):
        with pytest.raises(StateError) as none:
            choose_run(state, name)
        assert none.value.diagnostic.code == "IMG804", name


def test_reading_makes_and_changes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StateError) as caught:
        find_state(tmp_path / "none")
    assert caught.value.diagnostic.code == "IMG809"
    assert not (tmp_path / "none").exists()
    state = open_state(tmp_path / "there")
    state.path.chmod(0o750)
    assert find_state(state.path) == state
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o750
    state.path.chmod(0o770)
    with pytest.raises(StateError) as open_to_others:
        find_state(state.path)
    assert open_to_others.value.diagnostic.code == "IMG802"


# The log


def test_a_log_has_what_was_printed_and_what_was_done(state: State) -> None:
    path = write_run(state, failing_run())
    lines = list(log_lines(follow_events(path, wait=False)))
    assert [
        (line.step, line.stream, line.spoken, line.text)
        for line in lines
        if isinstance(line, LogLine) and not line.begins
    ] == [
        ("", "stdout", True, "Creating resource group ..."),
        ("customize[0]", "stdout", False, "Get:1 http://deb.example.net"),
        ("customize[0]", "stderr", False, "W: old list"),
        ("customize[1]", "stderr", False, "E: no such package"),
        ("", "stdout", True, "Deleting resource group ..."),
    ]
    begun = [(line.step, line.text) for line in lines if isinstance(line, LogLine) and line.begins]
    assert begun == [("customize[0]", "install"), ("customize[1]", "harden")]


def test_following_ends_with_the_run(state: State) -> None:
    """It gives what is written while it waits, and half a line only once it is whole."""
    with Journal(state.runs / RUN, redact=str) as journal:
        events = iter(follow_events(journal.path))
        assert next(events)["event"] == "journal-opened"
        journal.append(failing_run()[6])
        assert next(events)["text"] == "Get:1 http://deb.example.net"
        with journal.events_path.open("ab") as file:
            file.write(b'{"event":"progress",')
            file.flush()
            journal._events.write(b'"text":"whole"}\n')
        assert next(events)["text"] == "whole"
    assert list(events) == []


# Differences


def test_the_same_run_differs_in_nothing_but_time(state: State) -> None:
    story = read_story(write_run(state, failing_run()))
    assert {item.part for item in compare(story, story)} == {Part.DURATION}


def test_everything_that_differs_is_told(state: State) -> None:
    other = "20261125T000000Z-000000"
    before = read_story(write_run(state, failing_run()))
    details = changed(
        template={"file": "web.json", "sha256": "ff" * 32},
        options={"location": "northeurope", "strict": True},
        imagesmith="0.2.0",
        packer={"path": "/elsewhere", "version": "1.16.0", "sha256": None, "plugins": {"a/b": {"version": "2.6.3"}}},
        steps=[{"stage": "build", "id": "customize[0]", "title": "install", "sha256": "33" * 32}],
    )
    result = replace(RESULT, state=RunState.SUCCEEDED, message="done", leftovers=())
    after = read_story(write_run(state, failing_run(), run_id=other, details=details, result=result))
    told = {(item.part.value, item.name): (item.before, item.after) for item in compare(before, after)}
    assert told[("template", "sha256")] == ("ab" * 32, "ff" * 32)
    assert told[("option", "location")] == ("westeurope", "northeurope")
    assert told[("option", "strict")] == (None, "True")
    assert told[("version", "imagesmith")] == ("0.1.0", "0.2.0")
    assert told[("version", "packer.plugins.a/b.version")] == (None, "2.6.3")
    assert ("version", "packer.path") not in told
    assert told[("step", "build customize[0]")] == ("install (111111111111)", "install (333333333333)")
    assert told[("step", "build customize[1]")] == ("harden (222222222222)", None)
    assert told[("outcome", "state")] == ("Failed", "Succeeded")
    assert told[("outcome", "left behind")] == ("1", None)
    assert told[("duration", "build customize[1]")] == (30.0, 30.0)


# What may go


def ids(state: State) -> list[str]:
    """The folders that are there."""
    return sorted(path.name for path in state.runs.iterdir())


def runs_of(count: int, state: State) -> list[str]:
    """Records a day apart, the oldest first."""
    made = []
    for number in range(count):
        start = NOON + timedelta(days=number)
        run_id = f"{start:%Y%m%dT%H%M%SZ}-00000{number}"
        write_run(state, failing_run(), run_id=run_id, result=replace(RESULT, start_time=start, run_id=run_id))
        made.append(run_id)
    return made


def chosen(state: State, **conditions: object) -> list[str]:
    """What may go at the end of the fifth day."""
    now = NOON + timedelta(days=5)
    return [item.run.run_id for item in prunable(state, now=now, **conditions)]  # type: ignore[arg-type]


def test_runs_go_by_number_and_by_age(state: State) -> None:
    made = runs_of(5, state)
    assert chosen(state) == []
    assert chosen(state, keep=2) == [made[2], made[1], made[0]]
    assert chosen(state, older_than=timedelta(days=3, hours=1)) == [made[1], made[0]]
    assert chosen(state, keep=4, older_than=timedelta(days=3)) == [made[0]]
    assert chosen(state, keep=5) == []


def test_what_is_removed_is_gone_and_the_rest_is_untouched(state: State, tmp_path: Path) -> None:
    """Links in a record are removed, not followed."""
    made = runs_of(3, state)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("mine")
    (state.runs / made[0] / "compiled" / "link").symlink_to(precious)
    (state.runs / made[0] / "file-link").symlink_to(precious / "thesis.txt")
    found = prunable(state, keep=1, now=NOON + timedelta(days=9))
    assert all(item.size_bytes > 1000 for item in found)
    assert list(prune(state, (item.run for item in found))) == [None, None]
    assert ids(state) == [made[2]]
    assert (precious / "thesis.txt").read_text() == "mine"


def test_what_is_not_ours_or_goes_on_stays(state: State, tmp_path: Path) -> None:
    (made,) = runs_of(1, state)
    foreign = "20200101T000000Z-aaaaaa"
    (state.runs / foreign).mkdir()
    (state.runs / foreign / EVENTS).write_text('{"event":"journal-opened","run_id":"another"}\n')
    bare = "20200101T000000Z-bbbbbb"
    (state.runs / bare).mkdir()
    linked = "20200101T000000Z-cccccc"
    (state.runs / linked).symlink_to(state.runs / made)
    (state.runs / "notes").mkdir()
    with Journal(state.runs / RUN.replace("2026", "2020"), redact=str) as running:
        assert chosen(state, keep=0) == [made]
        for item in prunable(state, keep=0, now=at(0)):
            assert list(prune(state, [item.run])) == [None]
        assert ids(state) == sorted([foreign, bare, linked, "notes", running.path.name])
    assert chosen(state, keep=0) == [running.path.name]


def test_a_run_that_began_to_be_used_meanwhile_stays(state: State) -> None:
    (made,) = runs_of(1, state)
    (item,) = prunable(state, keep=0, now=at(0))
    with (state.runs / made / "owner.lock").open("r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (problem,) = prune(state, [item.run])
    assert problem
    assert problem.code == "IMG861"
    assert ids(state) == [made]


def test_a_removal_that_was_cut_short_is_finished(state: State) -> None:
    (made,) = runs_of(1, state)
    (state.runs / made).rename(state.runs / f"{made}.removed")
    (state.runs / f"{made}.removed" / EVENTS).unlink()
    (state.runs / "mine.removed").mkdir()
    assert list(prune(state, [])) == []
    assert ids(state) == ["mine.removed"]


def test_a_killed_run_without_an_event_may_go(state: State) -> None:
    """Zero bytes of journal: the lock and the marker still say whose it is."""
    (made,) = runs_of(1, state)
    (state.runs / made / EVENTS).write_bytes(b"")
    (state.runs / made / "run.json").unlink()
    assert chosen(state, keep=0) == [made]


def test_a_folder_that_is_gone_already_is_told(state: State) -> None:
    made = runs_of(2, state)
    found = prunable(state, keep=0, now=NOON + timedelta(days=9))
    shutil.rmtree(state.runs / made[1])
    problems = list(prune(state, (item.run for item in found)))
    assert [problem.code if problem else None for problem in problems] == ["IMG861", None]
    assert ids(state) == []


def test_every_end_of_a_step_has_a_word_and_a_colour() -> None:
    assert set(STEP_WORDS) == set(MARKS) == {*StepState, None}
    assert set(RUN_MARKS) == set(RunState)
