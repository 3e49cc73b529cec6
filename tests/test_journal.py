"""A run's record can be read whenever the run ends, and nobody else's folder is used for it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from imagesmith.events import (
    EVENT_FORMAT,
    Event,
    ExitCode,
    Output,
    PhaseFinished,
    PhaseStarted,
    RunFinished,
    RunOutput,
    RunResult,
    RunStarted,
    RunState,
    RunSubState,
    StepFinished,
    StepState,
    to_json,
)
from imagesmith.journal import (
    Journal,
    State,
    StateError,
    list_runs,
    new_run_id,
    open_state,
    read_events,
    read_run,
    run_record,
)
from imagesmith.journal.owner import _LOCK, _MARKER, is_owned, this_process
from imagesmith.listening import OutputLines
from imagesmith.redact import MARK, Redactor

NOON = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
RUN = "20261124T120000Z-4f2a9c"
IMAGE = "/subscriptions/0/resourceGroups/rg/providers/Microsoft.Compute/images/web"

RESULT = RunResult(
    run_id=RUN,
    state=RunState.SUCCEEDED,
    exit_code=ExitCode.OK,
    message="",
    start_time=NOON,
    end_time=NOON + timedelta(seconds=9),
    sub_state=RunSubState.DISTRIBUTING,
    outputs=(
        RunOutput(name="web", artifact_id=IMAGE),
        RunOutput(name="disk", artifact_uri="https://contoso.example/d"),
    ),
    leftovers=("pkr-os-1",),
)
EVENTS: tuple[Event, ...] = (
    RunStarted(time=NOON, run_id=RUN, template="web", steps=1, packer="1.6.6"),
    PhaseStarted(time=NOON, phase="build", sub_state=RunSubState.CUSTOMIZING),
    Output(time=NOON + timedelta(seconds=1), text='zażółć "gęślą" \x1b[31m\0\n', step="customize[0]"),
    StepFinished(time=NOON + timedelta(seconds=2), step="customize[0]", state=StepState.SUCCEEDED, duration_s=1.5),
    PhaseFinished(time=NOON + timedelta(seconds=8), phase="build", succeeded=True, duration_s=8.0),
    RunFinished(time=NOON + timedelta(seconds=9), result=RESULT),
)


def plain(text: str) -> str:
    return text


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(tmp_path / ".imagesmith")


def write(state: State, *events: Event, run_id: str = RUN) -> Path:
    with Journal(state.runs / run_id, redact=plain) as journal:
        for event in events:
            journal.append(event)
    return journal.path


@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=5), st.sampled_from(["stdout", "stderr"]), st.text(max_size=10)
)
def test_many_lines_of_output_are_written_as_the_events_that_they_are(
    shared_state: State, texts: list[str], stream: str, step: str
) -> None:
    lines = OutputLines(time=NOON, texts=texts, stream=stream, step=step)
    written: list[bytes] = []
    for _ in ("lines", "events"):
        shutil.rmtree(shared_state.runs / RUN, ignore_errors=True)
        with Journal(shared_state.runs / RUN, redact=plain) as journal:
            if written:
                for event in lines.events():
                    journal.append(event)
            else:
                journal.append_lines((lines,))
        written.append(journal.events_path.read_bytes().partition(b"\n")[2])
    assert written[0] == written[1]
    assert written[0].count(b"\n") == len(texts)


def refused(path: Path) -> str:
    with pytest.raises(StateError) as caught:
        open_state(path)
    assert str(path) in caught.value.diagnostic.message
    assert caught.value.diagnostic.hint
    return caught.value.diagnostic.code


# The state folder


def test_the_state_folder_is_private_and_not_for_git(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        state = open_state(tmp_path / "new" / ".imagesmith")
        write(state, *EVENTS)
    finally:
        os.umask(old)
    assert (state.path / ".gitignore").read_text() == "*\n"
    for path in (state.path, *state.path.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_state_folder_is_opened_again(state: State) -> None:
    (state.path / ".gitignore").write_text("# mine\n")
    state.path.chmod(0o755)
    assert open_state(state.path) == state
    assert (state.path / ".gitignore").read_text() == "# mine\n"
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert refused(tmp_path / "link") == "IMG800"
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file") == "IMG800"
    assert list((tmp_path / "real").iterdir()) == []


def test_a_link_inside_is_refused_too(state: State, tmp_path: Path) -> None:
    state.runs.rmdir()
    state.runs.symlink_to(tmp_path)
    assert refused(state.path) == "IMG800"


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        path = tmp_path / "theirs"
        path.mkdir()
        os.chown(path, 12345, 12345)
    else:
        path = Path("/usr")
    assert refused(path) == "IMG801"


@pytest.mark.parametrize("mode", [0o777, 0o702, 0o770, 0o1777])
def test_a_folder_that_others_may_write_to_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "shared"
    path.mkdir()
    path.chmod(mode)
    assert refused(path) == "IMG802"


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refused(tmp_path / "file" / ".imagesmith") == "IMG803"


# Ids and folders


def test_ids_sort_by_time_in_any_zone() -> None:
    west = NOON.astimezone(datetime.strptime("-0800", "%z").tzinfo)
    assert new_run_id(NOON, b"\x4f\x2a\x9c\xff") == new_run_id(west, b"\x4f\x2a\x9c") == RUN
    assert new_run_id(NOON, b"\xff" * 3) < new_run_id(NOON + timedelta(seconds=1), bytes(3))


@pytest.mark.parametrize("run_id", ["", "..", "../..", "x", RUN + "/..", "20261124T120000Z-000000"])
def test_only_runs_are_runs(run_id: str, state: State) -> None:
    write(state, *EVENTS)
    assert state.run(RUN) == state.runs / RUN
    with pytest.raises(StateError) as caught:
        state.run(run_id)
    assert caught.value.diagnostic.code == "IMG804"


def test_two_runs_never_share_a_folder(state: State) -> None:
    with Journal(state.runs / RUN, redact=plain) as journal:
        with pytest.raises(StateError) as caught:
            Journal(state.runs / RUN, redact=plain)
        journal.append(EVENTS[0])
    assert caught.value.diagnostic.code == "IMG805"
    assert len(list(read_events(journal.events_path))) == 2


def test_two_runs_at_once_do_not_meet(state: State) -> None:
    other = RUN[:-6] + "000000"
    with Journal(state.runs / RUN, redact=plain) as one, Journal(state.runs / other, redact=plain) as two:
        for event in EVENTS[:-1]:
            one.append(event)
        two.append(EVENTS[0])
        assert {run.run_id: run.state for run in list_runs(state)} == {RUN: RunState.RUNNING, other: RunState.RUNNING}
    assert len(list(read_events(one.events_path))) == len(EVENTS)
    assert len(list(read_events(two.events_path))) == 2


# Events


def test_events_come_back_as_they_were(state: State) -> None:
    header, *events = read_events(write(state, *EVENTS) / "events.ndjson")
    assert header | {"time": ""} == {"event": "journal-opened", "time": "", "format": EVENT_FORMAT, "run_id": RUN}
    assert events == [to_json(event) for event in EVENTS]


def test_a_journal_reads_whatever_byte_it_ends_at(state: State, tmp_path: Path) -> None:
    data = (write(state, *EVENTS) / "events.ndjson").read_bytes()
    whole = [json.loads(line) for line in data.splitlines()]
    cut = tmp_path / "cut"
    for end in range(len(data) + 1):
        cut.write_bytes(data[:end])
        complete = data[: end + 1].count(b"\n")  # a line is complete without its line end, too
        assert list(read_events(cut)) == whole[:complete], end


def test_a_run_reads_whatever_byte_its_events_end_at(state: State) -> None:
    path = write(state, *EVENTS)
    data = (path / "events.ndjson").read_bytes()
    states = set()
    for end in range(len(data) + 1):
        (path / "events.ndjson").write_bytes(data[:end])
        states.add((read_run(path).state, read_run(path).interrupted))
    assert states == {(RunState.FAILED, True), (RunState.SUCCEEDED, False)}


def test_what_is_no_event_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    good = b'{"event":"progress","text":"a"}\n'
    newer = b'{"event":"sang","song":{"verses":99},"format":7}\n'
    junk = [bytes(512), b"\xff\xfe\n", b"[1]\n", b"null\n", b"\n", b'{"event":"pro', b"\n", b"[" * 5000 + b"\n"]
    file.write_bytes(good + b"".join(junk) + newer + bytes(4096) + good)
    assert [event["event"] for event in read_events(file)] == ["progress", "sang", "progress"]


def test_an_empty_journal_has_no_events(tmp_path: Path) -> None:
    (tmp_path / "events.ndjson").write_bytes(b"")
    assert list(read_events(tmp_path / "events.ndjson")) == []


def test_threads_do_not_mix_their_lines(state: State) -> None:
    with Journal(state.runs / RUN, redact=plain) as journal:

        def talk(name: str) -> None:
            for number in range(200):
                journal.append(Output(time=NOON, text=f"{name} {number} " + name * 300))

        threads = [threading.Thread(target=talk, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    texts = [event["text"] for event in read_events(journal.events_path) if event["event"] == "output"]
    for name in "abcd":
        assert [text.split()[1] for text in texts if text.startswith(name)] == [str(number) for number in range(200)]
    assert journal.failure is None


# Secrets


@pytest.fixture(scope="module")
def shared_state(tmp_path_factory: pytest.TempPathFactory) -> State:
    """One folder for all examples of a property."""
    return open_state(tmp_path_factory.mktemp("state"))


@given(
    st.text(min_size=6, max_size=40).filter(lambda text: text.strip() and text.splitlines() == [text]),
    st.text(max_size=5),
    st.text(max_size=5),
)
@example("nailed", "line\n", "")
@example('quo"te', "\\", "\\")
def test_no_secret_is_written_and_every_line_stays_json(
    shared_state: State, secret: str, before: str, after: str
) -> None:
    assume(secret not in MARK)
    redactor = Redactor([secret])
    state = shared_state
    shutil.rmtree(state.runs / RUN, ignore_errors=True)
    with Journal(state.runs / RUN, redact=redactor.redact) as journal:
        journal.append(Output(time=NOON, text=before + secret + after))
        result = replace(RESULT, message=secret)
        journal.append(RunFinished(time=NOON, result=result))
        journal.write_record(run_record(result, template="web", details={"note": [{secret: secret}]}))
    lines = journal.events_path.read_bytes().splitlines()
    assert len([json.loads(line) for line in lines]) == 3
    output, finished = list(read_events(journal.events_path))[1:]
    assert secret not in output["text"]
    assert finished["result"]["message"] == "<redacted>"
    assert json.loads(journal.record_path.read_text())["imagesmith"]["note"] == [{"<redacted>": "<redacted>"}]


@pytest.mark.parametrize("secret", ["text", "event", "output", "2026", "Succeeded", "result", "imagesmith", "packer"])
def test_a_secret_that_is_one_of_our_words_leaves_the_record_readable(secret: str, state: State) -> None:
    with Journal(state.runs / RUN, redact=Redactor([secret]).redact) as journal:
        for event in EVENTS:
            journal.append(event)
        run = read_run(journal.path)
        journal.write_record(run_record(RESULT, template="web", details={"packer": secret}))
    assert read_run(journal.path) == replace(run, details=read_run(journal.path).details)
    assert (run.state, run.end_time, run.exit_code) == (RunState.SUCCEEDED, RESULT.end_time, 0)
    assert read_run(journal.path).details["packer"] == MARK


# Records


def test_the_record_speaks_the_services_words(state: State) -> None:
    with Journal(state.runs / RUN, redact=plain) as journal:
        journal.write_record(run_record(RESULT, template="web", details={"packer": "1.6.6"}))
    assert json.loads(journal.record_path.read_text()) == {
        "name": "web",
        "id": RUN,
        "properties": {
            "lastRunStatus": {
                "startTime": "2026-11-24T12:00:00Z",
                "endTime": "2026-11-24T12:00:09Z",
                "runState": "Succeeded",
                "runSubState": "Distributing",
                "message": "",
            }
        },
        "runOutputs": [
            {"name": "web", "properties": {"artifactId": IMAGE, "provisioningState": "Succeeded"}},
            {
                "name": "disk",
                "properties": {"artifactUri": "https://contoso.example/d", "provisioningState": "Succeeded"},
            },
        ],
        "imagesmith": {"packer": "1.6.6", "exitCode": 0, "leftovers": ["pkr-os-1"], "retries": 0},
    }
    assert sorted(path.name for path in journal.path.iterdir()) == [
        "events.ndjson",
        "owner.json",
        "owner.lock",
        "run.json",
    ]


def running(template: str = "web") -> Mapping[str, Any]:
    return run_record(replace(RESULT, state=RunState.RUNNING, outputs=()), template=template, details={"packer": "x"})


def test_a_record_of_a_run_that_goes_on_tells_no_end() -> None:
    assert "endTime" not in running()["properties"]["lastRunStatus"]
    assert running()["imagesmith"]["exitCode"] is None


@pytest.mark.parametrize("source", ["run.json", "events.ndjson"])
def test_record_and_events_tell_the_same(source: str, state: State) -> None:
    with Journal(state.runs / RUN, redact=plain) as journal:
        for event in EVENTS:
            journal.append(event)
        journal.write_record(run_record(RESULT, template="web", details={}))
    for path in journal.path.iterdir():
        if path.name != source:
            path.unlink()
    run = read_run(journal.path)
    assert (run.run_id, run.template, run.state, run.exit_code) == (RUN, "web", RunState.SUCCEEDED, 0)
    assert (run.start_time, run.end_time) == (RESULT.start_time, RESULT.end_time)
    assert (run.sub_state, run.outputs, run.leftovers) == (RESULT.sub_state, RESULT.outputs, RESULT.leftovers)
    assert not run.interrupted


def test_a_run_is_running_while_its_journal_is_open(state: State) -> None:
    with Journal(state.runs / RUN, redact=plain) as journal:
        journal.write_record(running())
        journal.append(EVENTS[0])
        journal.append(EVENTS[1])
        run = read_run(journal.path)
        assert (run.state, run.sub_state, run.end_time) == (RunState.RUNNING, RunSubState.CUSTOMIZING, None)
    run = read_run(journal.path)
    assert (run.state, run.interrupted, run.exit_code) == (RunState.FAILED, True, None)
    assert run.message == "the process that ran it has ended without a result"
    assert (run.template, run.details["packer"]) == ("web", "x")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"properties":{"lastRunStatus":{"runState":"Sang"}}}', "[" * 5000])
def test_a_broken_record_leaves_the_events(text: str, state: State) -> None:
    path = write(state, *EVENTS)
    (path / "run.json").write_text(text)
    assert read_run(path).state is RunState.SUCCEEDED


def test_runs_are_listed_newest_first_and_nothing_else_is(state: State) -> None:
    ids = [new_run_id(NOON + timedelta(seconds=n), bytes(3)) for n in range(3)]
    for run_id in ids:
        write(state, *EVENTS, run_id=run_id)
    (state.runs / "notes").mkdir()
    (state.runs / RUN).write_text("no folder")
    (state.runs / (RUN[:-1] + "0")).symlink_to(ids[0])
    (state.runs / (RUN[:-1] + "1")).mkdir()
    assert [run.run_id for run in list_runs(state)] == [*reversed(ids[1:]), RUN[:-1] + "1", ids[0]]
    shutil.rmtree(state.runs)
    assert list_runs(state) == ()


# Ends of all kinds

CHILD = """
import os, sys, resource
from pathlib import Path
from datetime import UTC, datetime
from imagesmith.events import Output, PhaseStarted, RunSubState
from imagesmith.journal import Journal, open_state, run_record
journal = Journal(open_state(Path(sys.argv[1])).runs / sys.argv[2], redact=str)
def say(text):
    journal.append(Output(time=datetime(2026, 11, 24, tzinfo=UTC), text=text))
"""


def child(code: str, state: State, **options: Any) -> subprocess.Popen[bytes]:  # what Popen takes
    return subprocess.Popen([sys.executable, "-c", CHILD + code, str(state.path), RUN], **options)


def test_a_killed_run_has_failed(state: State) -> None:
    code = "say('on my way')\nprint(flush=True)\nsys.stdin.read()"
    with child(code, state, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        assert read_run(state.run(RUN)).state is RunState.RUNNING
        process.send_signal(signal.SIGKILL)
    run = read_run(state.run(RUN))
    assert (run.state, run.interrupted) == (RunState.FAILED, True)
    assert [event["event"] for event in read_events(run.path / "events.ndjson")] == ["journal-opened", "output"]


def test_a_program_that_the_run_started_does_not_keep_it_alive(state: State) -> None:
    code = "import subprocess\nprint(subprocess.Popen(['sleep', '30'], stdout=subprocess.DEVNULL).pid)"
    with child(code, state, stdout=subprocess.PIPE) as process:
        assert process.stdout
        sleeper = int(process.stdout.readline())
    try:
        assert read_run(state.run(RUN)).interrupted
    finally:
        os.kill(sleeper, signal.SIGKILL)


def test_a_full_disk_is_noted_and_stops_nothing(state: State) -> None:
    """A limit on the size of files stands for the disk: the write that meets it is cut, the next ones fail."""
    code = """
say('before')
size = os.path.getsize(journal.events_path)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 40, resource.RLIM_INFINITY))
say('lost ' * 100)
first = journal.failure
say('lost, too')
journal.write_record({'text': 'x' * 10000})
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
say('after')
assert journal.failure is first and first.code == 'IMG806', journal.failure
journal.close()
"""
    with child(code, state) as process:
        pass
    assert process.returncode == 0
    events = list(read_events(state.run(RUN) / "events.ndjson"))
    assert [event.get("text") for event in events] == [None, "before", "after"]


def test_a_vanished_folder_is_noted(state: State) -> None:
    with Journal(state.runs / RUN, redact=plain) as journal:
        shutil.rmtree(journal.path)
        for event in EVENTS:
            journal.append(event)
        journal.write_record(running())
    assert journal.failure
    assert journal.failure.code == "IMG806"
    assert not journal.failure.is_error
    assert "run.json" in journal.failure.message


def test_a_journal_that_cannot_be_begun_says_so(state: State) -> None:
    state.runs.rmdir()
    state.runs.write_text("")
    with pytest.raises(StateError) as caught:
        Journal(state.runs / RUN, redact=plain)
    assert caught.value.diagnostic.code == "IMG803"


@pytest.mark.parametrize(
    ("change", "alive"),
    [({}, True), ({"start_time": "1"}, False), ({"boot_id": "0"}, False), ({"pid": 0}, False)],
)
def test_without_locks_the_process_is_looked_for(change: Mapping[str, object], alive: bool, state: State) -> None:
    """No lock file stands for a file system without locks."""
    path = write(state, *EVENTS[:2])
    (path / _LOCK).unlink()
    owner = this_process()
    marker = {"pid": owner.pid, "start_time": owner.start_time, "boot_id": owner.boot_id}
    (path / _MARKER).write_text(json.dumps(marker | dict(change)))
    assert is_owned(path) is alive
    assert read_run(path).interrupted is not alive
