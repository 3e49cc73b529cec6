"""Whatever a program does, it is read to its end, stopped politely, and leaves nothing running."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.events import Event, Output, StepFinished, StepState
from imagesmith.packer.cancel import CancelToken
from imagesmith.packer.ended import told_at_end
from imagesmith.packer.environment import packer_environment, temporary_folder
from imagesmith.packer.errors import PackerError
from imagesmith.packer.lines import LINE_LIMIT, Batch, LineSplitter, Stream
from imagesmith.packer.log import PackerLog
from imagesmith.packer.marks import StepMark
from imagesmith.packer.process import ProcessOutcome, run_packer
from imagesmith.packer.reading import LineReader
from imagesmith.packer.steps import StepTracker
from imagesmith.redact import MARK, Redactor
from tests.processes import alive

pytestmark = pytest.mark.timeout(60)

ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath)}


class Lines:
    """Keeps what it is given, and lets a test wait for a certain line."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self._arrived = threading.Condition()

    def __call__(self, batch: Batch) -> None:
        with self._arrived:
            self.batches.append(batch)
            self._arrived.notify_all()

    @property
    def all(self) -> list[str]:
        return [line for batch in self.batches for line in batch.lines]

    def of(self, stream: Stream) -> list[str]:
        return [line for batch in self.batches if batch.stream is stream for line in batch.lines]

    def wait_for(self, text: str) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(text in line for line in self.all), timeout=20)


def _sh(tmp_path: Path, script: str) -> Path:
    return _program(tmp_path, f"#!/bin/sh\n{script}\n")


def _python(tmp_path: Path, script: str) -> Path:
    return _program(tmp_path, f"#!{sys.executable} -SE\nimport os, signal, sys, time\n{script}\n")


def _program(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "packer"
    path.write_text(text)
    path.chmod(0o755)
    return path


def _run(program: Path, lines: Callable[[Batch], None], **options: object) -> ProcessOutcome:
    given: dict[str, object] = {"environment": ENVIRONMENT, "cwd": program.parent, "grace_s": 0.5, **options}
    return run_packer([str(program), "build"], on_lines=lines, **given)  # type: ignore[arg-type] # options of one call


@contextlib.contextmanager
def _later(act: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


def test_both_outputs_are_handed_over_line_by_line(tmp_path: Path) -> None:
    lines = Lines()
    outcome = _run(_sh(tmp_path, 'echo one; echo "two " >&2; printf "a\\r\\n\\n"; printf half; exit 3'), lines)
    assert lines.of(Stream.STDOUT) == ["one", "a", "", "half"]
    assert lines.of(Stream.STDERR) == ["two "]
    assert (outcome.exit_code, outcome.signalled, outcome.cancelled, outcome.survivors) == (3, None, False, ())
    assert outcome.drained


def test_standard_input_is_empty_and_the_environment_is_the_one_given(tmp_path: Path) -> None:
    lines = Lines()
    _run(_sh(tmp_path, 'cat; echo "$1 $ONLY $HOME"; pwd'), lines, environment={**ENVIRONMENT, "ONLY": "this"})
    assert lines.of(Stream.STDOUT) == ["build this ", str(tmp_path)]


def test_a_flood_is_read_whole(tmp_path: Path) -> None:
    counts = {Stream.STDOUT: 0, Stream.STDERR: 0}

    def count(batch: Batch) -> None:
        counts[batch.stream] += len(batch.lines)

    script = "for _ in range(300): os.write(1, b'x' * 99 + b'\\n' + b'line\\n' * 999); os.write(2, b'err\\n' * 1000)"
    outcome = _run(_python(tmp_path, script), count)
    assert counts == {Stream.STDOUT: 300_000, Stream.STDERR: 300_000}
    assert outcome.exit_code == 0


def test_a_line_without_end_takes_no_more_memory_than_the_limit(tmp_path: Path) -> None:
    lines = Lines()
    _run(_python(tmp_path, "for _ in range(64): os.write(1, b'y' * (1 << 18))\nos.write(1, b'\\nnext')"), lines)
    first, second = lines.batches
    assert (len(first.lines[0]), first.cut) == (LINE_LIMIT, True)
    assert (second.lines, second.cut) == (["next"], False)


def test_lines_that_arrive_together_stay_together() -> None:
    splitter = LineSplitter()
    assert list(splitter.feed(b"a")) == []
    assert list(splitter.feed(b"b\nc\r\n\nd\r")) == [(b"ab\nc\n", False)]
    assert list(splitter.feed(b"\n")) == [(b"d", False)]
    assert list(splitter.feed(b"\n")) == [(b"", False)]
    assert list(splitter.finish()) == []


@given(st.lists(st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"\n")), max_size=12), st.integers(1, 9))
def test_lines_do_not_depend_on_how_they_arrive(chunks: list[bytes], limit: int) -> None:
    splitter = LineSplitter(limit)
    given = [one for chunk in chunks for one in splitter.feed(chunk)] + list(splitter.finish())
    told = [line for data, _cut in given for line in data.split(b"\n")]
    whole = b"".join(chunks)
    lines = whole.split(b"\n")
    expected = lines if lines[-1] else lines[:-1]
    assert told == [line[:limit].removesuffix(b"\r") for line in expected]
    assert [data for data, cut in given if cut] == [
        line[:limit].removesuffix(b"\r") for line in expected if len(line) > limit
    ]


def test_a_line_of_exactly_the_limit_is_whole() -> None:
    splitter = LineSplitter(4)
    assert list(splitter.feed(b"abcd\nabcde\nab")) == [(b"abcd", False), (b"abcd", True)]
    assert list(splitter.feed(b"cdef")) == []
    assert list(splitter.finish()) == [(b"abcd", True)]
    assert list(splitter.finish()) == []


def test_a_death_by_signal_is_told_from_an_exit_code(tmp_path: Path) -> None:
    outcome = _run(_sh(tmp_path, "kill -SEGV $$"), Lines())
    assert (outcome.exit_code, outcome.signalled) == (None, signal.SIGSEGV)


@pytest.mark.parametrize("code", [127, 139])
def test_a_program_that_ends_at_once_is_no_trouble(tmp_path: Path, code: int) -> None:
    lines = Lines()
    assert _run(_sh(tmp_path, f"exit {code}"), lines).exit_code == code
    assert lines.all == []


def test_a_program_that_closes_its_output_is_still_waited_for(tmp_path: Path) -> None:
    outcome = _run(_sh(tmp_path, "echo bye; exec >&- 2>&-; sleep 0.4; exit 5"), Lines())
    assert outcome.exit_code == 5
    assert outcome.duration_s > 0.3


@pytest.mark.parametrize("fault", ["missing", "not executable", "not a program", "no folder"])
def test_a_program_that_cannot_be_started_is_a_diagnostic(tmp_path: Path, fault: str) -> None:
    program = _program(tmp_path, "\0\1\2")
    folder = tmp_path
    if fault == "missing":
        program.unlink()
    elif fault == "not executable":
        program.chmod(0o644)
    elif fault == "no folder":
        folder = tmp_path / "nowhere"
    with pytest.raises(PackerError, match="could not be started") as caught:
        _run(program, Lines(), cwd=folder)
    assert caught.value.diagnostic.code == "IMG840"


def test_cancelling_is_one_polite_signal_to_the_whole_group(tmp_path: Path) -> None:
    program = _python(
        tmp_path,
        """
def note(number, frame):
    global seen
    seen += 1
    print("signal", flush=True)
    time.sleep(0.4)
    print("cleaned up", flush=True)
seen = 0
signal.signal(signal.SIGTERM, note)
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    print("ready", flush=True)
    time.sleep(60)
os.wait()
print("child ended; signals:", seen, flush=True)
sys.exit(1)
""",
    )
    lines, cancel, told = Lines(), CancelToken(), list[str]()

    def stop() -> None:
        lines.wait_for("ready")
        for reason in ("first", "second", "third"):
            cancel.request(reason)
            time.sleep(0.1)

    with _later(stop):
        outcome = _run(program, lines, cancel=cancel, on_cancelling=told.append)
    assert lines.of(Stream.STDOUT) == ["ready", "signal", "cleaned up", "child ended; signals: 1"]
    assert (outcome.exit_code, outcome.cancelled, outcome.killed, outcome.survivors) == (1, True, False, ())
    assert told == ["first"]


def test_a_program_that_ignores_the_signal_is_waited_for_until_somebody_kills_it(tmp_path: Path) -> None:
    program = _sh(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.05; echo on; done")
    lines, cancel = Lines(), CancelToken()

    def stop() -> None:
        lines.wait_for("ready")
        cancel.request("stop")
        time.sleep(0.5)
        before = len(lines.all)
        time.sleep(0.3)
        assert len(lines.all) > before, "it was not left alone"
        cancel.kill()

    with _later(stop):
        outcome = _run(program, lines, cancel=cancel)
    assert (outcome.signalled, outcome.cancelled, outcome.killed) == (signal.SIGKILL, True, True)


def test_a_request_from_before_the_start_counts(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.request("early")
    outcome = _run(_sh(tmp_path, "sleep 30"), Lines(), cancel=cancel)
    assert outcome.signalled == signal.SIGTERM
    assert cancel.reason == "early"


def _survivor_pid(path: Path) -> int:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError):
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the program did not say its number")


def test_what_stays_in_the_group_is_ended(tmp_path: Path) -> None:
    program = _sh(tmp_path, "sleep 60 & echo $! > pid; echo done; exit 0")
    lines = Lines()
    outcome = _run(program, lines)
    pid = int((tmp_path / "pid").read_text())
    assert [one.pid for one in outcome.survivors] == [pid]
    assert [one.name for one in outcome.survivors] == ["sleep"]
    assert str(outcome.survivors[0]) == f"sleep (pid {pid})"
    assert not alive([pid])
    assert outcome.drained


def test_a_daemon_that_left_the_session_and_ignores_signals_is_ended_too(tmp_path: Path) -> None:
    program = _python(
        tmp_path,
        """
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open("pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid.new", "pid")
    os.execv("/bin/sleep", ["sleep", "60"])
while not os.path.exists("pid"):
    time.sleep(0.01)
""",
    )
    outcome = _run(program, Lines())
    pid = _survivor_pid(tmp_path / "pid")
    assert [(one.pid, one.killed) for one in outcome.survivors] == [(pid, True)]
    assert not alive([pid])
    assert outcome.drained


def test_nothing_outlives_a_killed_program(tmp_path: Path) -> None:
    program = _sh(tmp_path, "sleep 60 & echo $! > pid; echo ready; trap '' TERM; while :; do sleep 0.1; done")
    lines, cancel = Lines(), CancelToken()

    def stop() -> None:
        lines.wait_for("ready")
        cancel.kill()

    with _later(stop):
        _run(program, lines, cancel=cancel)
    assert not alive([int((tmp_path / "pid").read_text())])


def test_processes_of_others_are_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen(["sleep", "60"], env=ENVIRONMENT)
    try:
        outcome = _run(_sh(tmp_path, "sleep 60 & exit 0"), Lines())
        assert len(outcome.survivors) == 1
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_caller_that_fails_stops_the_program_and_hears_of_it(tmp_path: Path) -> None:
    def fail(batch: Batch) -> None:
        raise LookupError("no such step")

    with pytest.raises(LookupError, match="no such step"):
        _run(_sh(tmp_path, "echo $$ > pid; while :; do echo x; done"), fail)
    assert not alive([int((tmp_path / "pid").read_text())])


def test_a_failing_cancel_callback_does_not_leave_the_program_running(tmp_path: Path) -> None:
    cancel = CancelToken()
    cancel.request("stop")

    def fail(reason: str) -> None:
        raise LookupError(reason)

    with pytest.raises(LookupError, match="stop"):
        _run(_sh(tmp_path, "echo $$ > pid; sleep 30"), Lines(), cancel=cancel, on_cancelling=fail)


def test_interrupting_the_caller_cancels_and_waits(tmp_path: Path) -> None:
    program = _sh(
        tmp_path, "trap 'sleep 0.3; echo cleaned > done; exit 1' TERM; echo ready; while :; do sleep 0.05; done"
    )
    lines = Lines()

    def interrupt() -> None:
        lines.wait_for("ready")
        os.kill(os.getpid(), signal.SIGINT)

    with _later(interrupt), pytest.raises(KeyboardInterrupt):
        _run(program, lines)
    assert (tmp_path / "done").read_text() == "cleaned\n"


def _log(path: Path) -> PackerLog:
    return PackerLog(path, Redactor(["hunter2"]).line_redactor(), part="build,1")


def test_parts_of_a_log_follow_one_another(tmp_path: Path) -> None:
    log, redact = tmp_path / "packer.log", Redactor().line_redactor()
    for part in ("build,1", "build,2"):
        _run(_sh(tmp_path, "echo said"), Lines(), log=PackerLog(log, redact, part=part))
    lines = [line.partition(",")[2] or line for line in log.read_text().splitlines()]
    assert lines == [",imagesmith,build,1", "said", ",imagesmith,build,2", "said"]


def test_a_line_is_in_the_log_as_soon_as_it_was_printed(tmp_path: Path) -> None:
    """Nothing is held back until more has come."""
    log, lines, seen = tmp_path / "packer.log", Lines(), []

    def look() -> None:
        lines.wait_for("first")
        seen.append(log.read_text().splitlines()[1:])
        (tmp_path / "seen").touch()

    with _later(look):
        _run(_sh(tmp_path, "echo first; until [ -e seen ]; do sleep 0.02; done; echo last"), lines, log=_log(log))
    assert seen == [["first"]]
    assert lines.all == ["first", "last"]


def test_the_log_is_redacted_and_private(tmp_path: Path) -> None:
    log = tmp_path / "packer.log"
    outcome = _run(
        _sh(tmp_path, "echo the hunter2 word; echo oh >&2"),
        Lines(),
        log=_log(log),
    )
    heading, *lines = log.read_text().splitlines()
    assert heading.endswith(",,imagesmith,build,1")
    assert sorted(lines) == ["oh", f"the {MARK} word"]
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert outcome.log_error is None


def test_half_a_secret_at_the_end_of_a_cut_line_does_not_reach_the_log(tmp_path: Path) -> None:
    log = tmp_path / "packer.log"
    program = _python(tmp_path, f"os.write(1, b'z' * {LINE_LIMIT - 5} + b'hunter2')")
    _run(program, Lines(), log=_log(log))
    assert "h" not in log.read_text().partition("\n")[2]
    assert log.read_text().endswith("z [cut]\n")


@pytest.mark.parametrize("place", ["/dev/full", "missing/folder/packer.log"])
def test_a_log_that_cannot_be_written_does_not_stop_the_run(tmp_path: Path, place: str) -> None:
    lines = Lines()
    outcome = _run(_sh(tmp_path, "seq 100000; exit 0"), lines, log=_log(tmp_path / place))
    assert len(lines.all) == 100_000
    assert outcome.exit_code == 0
    assert outcome.log_error


def test_two_runs_in_two_threads_do_not_meet(tmp_path: Path) -> None:
    outcomes: dict[int, ProcessOutcome] = {}

    def run(code: int) -> None:
        folder = tmp_path / str(code)
        folder.mkdir()
        outcomes[code] = _run(_sh(folder, f"sleep 0.3; exit {code}"), Lines())

    threads = [threading.Thread(target=run, args=(code,)) for code in (3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {code: outcome.exit_code for code, outcome in outcomes.items()} == {3: 3, 4: 4}
    assert all(outcome.survivors == () for outcome in outcomes.values())


# With the real Packer


def _packer() -> str:
    found = os.environ.get("IMAGESMITH_PACKER") or shutil.which("packer")
    assert found, "these tests need a Packer: set IMAGESMITH_PACKER or put one on PATH"
    return found


BUILD = """
source "null" "machine" {
  communicator = "none"
}

build {
  sources = ["source.null.machine"]

  provisioner "shell-local" {
    inline = [%s]
  }
}
"""


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with temporary_folder(tmp_path / "private") as temporary:
        yield packer_environment(ENVIRONMENT, private=tmp_path / "private", temporary=temporary, variables={})


def _build(
    tmp_path: Path, environment: dict[str, str], lines: Lines, commands: str, cancel: CancelToken
) -> ProcessOutcome:
    (tmp_path / "build.pkr.hcl").write_text(BUILD % commands)
    argv = [_packer(), "build", "-machine-readable", "-color=false", "build.pkr.hcl"]
    return run_packer(argv, environment=environment, cwd=tmp_path, on_lines=lines, cancel=cancel)


def test_the_real_packer_builds_and_leaves_nothing(tmp_path: Path, environment: dict[str, str]) -> None:
    lines = Lines()
    outcome = _build(tmp_path, environment, lines, '"echo hello; pwd"', CancelToken())
    assert outcome.exit_code == 0, lines.all
    assert outcome.survivors == ()
    assert any("hello" in line for line in lines.all)


STEPS = """
build {
  sources = ["source.null.machine"]

  provisioner "shell-local" {
    script = "01-first.sh"
  }

  provisioner "shell-local" {
    script = "02-second.sh"
  }
}
"""


def test_the_real_packers_output_is_mapped_to_steps(tmp_path: Path, environment: dict[str, str]) -> None:
    source = BUILD.partition("build {")[0]
    (tmp_path / "build.pkr.hcl").write_text(source + STEPS)
    (tmp_path / "01-first.sh").write_text("#!/bin/sh\necho 'one, two'\necho oh >&2\n")
    (tmp_path / "02-second.sh").write_text("#!/bin/sh\nprintf '%s\\n' 'C:\\new'\nexit 9\n")
    marks = [
        StepMark(id=f"customize[{index}]", title=name, number=index + 1, kinds=("shell-local",), marker=name)
        for index, name in enumerate(["01-first.sh", "02-second.sh"])
    ]
    events: list[Event] = []
    tracker = StepTracker(marks, events.append)
    argv = [_packer(), "build", "-machine-readable", "-color=false", "build.pkr.hcl"]
    for name in ("01-first.sh", "02-second.sh"):
        (tmp_path / name).chmod(0o755)
    outcome = run_packer(
        argv,
        environment=environment,
        cwd=tmp_path,
        on_lines=LineReader(
            tracker,
            take_item=lambda _item, _stream: None,
            take_lines=lambda spoken: events.extend(event for lines in spoken for event in lines.events()),
            redact=Redactor().line_redactor(),
        ).take,
    )
    tracker.close(succeeded=outcome.exit_code == 0)
    output = {(event.step, event.text, event.stream) for event in events if isinstance(event, Output)}
    assert {
        ("customize[0]", "one, two", "stdout"),
        ("customize[0]", "oh", "stderr"),
        ("customize[1]", "C:\\new", "stdout"),
    } <= output
    states = [event.state for event in events if isinstance(event, StepFinished)]
    assert states == [StepState.SUCCEEDED, StepState.FAILED]
    assert tracker.failure is not None
    assert (tracker.failure.step, tracker.failure.exit_status) == ("customize[1]", 9)


def test_cancelling_the_real_packer_leaves_no_process(tmp_path: Path, environment: dict[str, str]) -> None:
    lines, cancel = Lines(), CancelToken()

    def stop() -> None:
        lines.wait_for("started")
        cancel.request("enough")

    with _later(stop):
        outcome = _build(tmp_path, environment, lines, '"echo $$ > pid; echo started; sleep 60"', cancel)
    assert outcome.signalled is None
    assert outcome.cancelled
    assert outcome.survivors == ()
    assert "Cleanly cancelled builds after being interrupted." in lines.all[-1]
    assert not alive([int((tmp_path / "pid").read_text())])


def test_killing_the_real_packer_leaves_no_process_either(tmp_path: Path, environment: dict[str, str]) -> None:
    lines, cancel = Lines(), CancelToken()

    def stop() -> None:
        lines.wait_for("started")
        cancel.kill("third time")

    with _later(stop):
        outcome = _build(tmp_path, environment, lines, '"trap : TERM; echo $$ > pid; echo started; sleep 60"', cancel)
    assert outcome.killed
    assert not alive([int((tmp_path / "pid").read_text())])


def test_the_real_packer_writes_only_into_the_private_folder(tmp_path: Path, environment: dict[str, str]) -> None:
    scratch = tmp_path / "work"
    scratch.mkdir()
    command = '"echo $TMPDIR $HOME"'
    lines = Lines()
    _build(scratch, environment, lines, command, CancelToken())
    assert sorted(path.name for path in scratch.iterdir()) == ["build.pkr.hcl"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["private", "work"]
    said = f"{environment['TMPDIR']} {environment['HOME']}"
    assert any(line.endswith(said) for line in lines.all)


def test_the_end_of_a_process_is_told_and_leaves_it_to_be_waited_for() -> None:
    """Its number stays its own until then."""
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(7)"], stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    over = told_at_end(process)
    assert over is not None
    assert not over.wait(0.2)
    process.stdin.close()
    assert over.wait(30)
    assert Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    assert process.wait(0) == 7
