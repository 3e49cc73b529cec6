"""The live view: what it says at any width, that a build cannot write to the terminal, and that it keeps up."""

from __future__ import annotations

import io
import re
import time
from dataclasses import replace

import pytest

from imagesmith.events import (
    CancelRequested,
    CleanupProgress,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunStarted,
    RunSubState,
    StepFinished,
    StepStarted,
    StepState,
)
from imagesmith.listening import OutputLines
from imagesmith.report.live import LiveView, PlainView, _short
from tests.records import HOSTILE, at, failing_run

STARTED = RunStarted(time=at(0), run_id="r", template="web.json", steps=5, packer="1.6.6")
BUILD = PhaseStarted(time=at(4), phase="build", sub_state=RunSubState.BUILDING)
STEP = StepStarted(
    time=at(20), step="customize[0]", title="Install the web server and its modules", number=2, file="web.json", line=12
)


def rows(width: int, *, quiet_s: float = 0.0, said: tuple[str, ...] = ("one", "two")) -> list[str]:
    """What is at the bottom of a terminal of some width, four minutes and five seconds into a step."""
    view = LiveView(io.StringIO())
    for event in (STARTED, BUILD, STEP):
        view(event)
    for text in said:
        view(Output(time=at(21), text=text, step="customize[0]"))
    now = time.monotonic()
    view._since, view._heard = now - 245, now - quiet_s
    return view._rows(now, width)


def test_a_wide_terminal_shows_phase_place_title_and_times() -> None:
    assert rows(100) == ["build 1/5 Install the web server and its modules  4:05", "  | one", "  | two"]
    assert rows(100, quiet_s=90)[0] == "build 1/5 Install the web server and its modules  4:05, quiet 1:30"


@pytest.mark.parametrize("width", [40, 20, 8, 1])
def test_a_narrow_one_keeps_the_times_as_long_as_it_can(width: int) -> None:
    shown = rows(width, quiet_s=90, said=("x" * 5000,))
    assert all(len(row) <= width for row in shown)
    if width == 40:
        assert shown[0] == "build 1/5 Install t...  4:05, quiet 1:30"
    if width >= 20:
        assert shown[0].startswith("build 1/5 ")


def test_nothing_of_a_build_acts_on_the_terminal() -> None:
    """Not in the rows, not in what scrolls by; titles, messages and lines are all somebody else's."""
    assert "\x1b" not in "".join(rows(200, said=(HOSTILE, "\x9b31m\r\x07")))
    stream = io.StringIO()
    view = LiveView(stream)
    lines: list[str] = []
    plain = PlainView(lines.append)
    for event in failing_run(text=HOSTILE):
        changed = replace(event, title=HOSTILE, file=HOSTILE) if isinstance(event, StepStarted) else event
        view(changed)
        plain(changed)
    for text in (stream.getvalue(), "\n".join(lines)):
        assert not set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text))
        assert "\\x1b[31mred\\x07" in text.replace("\n", "")  # a terminal breaks it anywhere


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_many_lines_are_printed_as_the_events_that_they_are(stream: str) -> None:
    lines = OutputLines(time=at(1), texts=["one", "two\x1b[2J", "::error::three"], stream=stream, step="customize[0]")
    at_once: list[str] = []
    PlainView(at_once.append).take_lines(lines)
    one_by_one: list[str] = []
    for event in lines.events():
        PlainView(one_by_one.append)(event)
    assert at_once == ["\n".join(one_by_one)]


def test_a_step_that_fails_shows_its_last_lines() -> None:
    stream = io.StringIO()
    view = LiveView(stream)
    for event in failing_run(text="E: no such package"):
        view(event)
    assert "    | E: no such package" in stream.getvalue()


def test_a_flood_of_output_is_not_drawn_line_by_line() -> None:
    """A hundred thousand lines leave nothing on the terminal and eight in memory."""
    stream = io.StringIO()
    view = LiveView(stream)
    view(STEP)
    for number in range(100_000):
        view(Output(time=at(21), text=f"line {number}", step="customize[0]"))
    assert stream.getvalue() == ""
    assert list(view._last) == [f"line {number}" for number in range(99_992, 100_000)]


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0 s"), (59.9, "59 s"), (60, "1:00"), (3729, "1:02:09")])
def test_times_are_short(seconds: float, text: str) -> None:
    assert _short(seconds) == text


def test_a_warning_is_there_in_full_and_after_the_step_that_it_is_about() -> None:
    """At any width; a name of a picture stays one."""
    stream = io.StringIO()
    view = LiveView(stream)
    text = "cancelling (interrupted): Packer removes what it made in Azure; this can take minutes :warning:"
    for event in (BUILD, STEP, CancelRequested(time=at(30), reason="interrupted", count=1, text=text)):
        view(event)
    view(StepFinished(time=at(31), step="customize[0]", state=StepState.CANCELED, duration_s=11))
    view(PhaseFinished(time=at(32), phase="build", succeeded=False, duration_s=28))
    shown = " ".join(stream.getvalue().split())
    said = ["[2] customize[0]: Install", f"warning: {text}", "cancelled (11.0 s)", "-- build cancelled (28.0 s)"]
    assert sorted(said, key=shown.index) == said


def test_plain_lines_tell_once_what_is_cleaned_up() -> None:
    """Packer's own line is enough until it takes longer."""
    lines: list[str] = []
    plain = PlainView(lines.append)
    plain(Progress(time=at(30), text="Deleting resource group ..."))
    for elapsed_s in (0.1, 15.2):
        plain(CleanupProgress(time=at(30 + elapsed_s), text="Deleting resource group ...", elapsed_s=elapsed_s))
    assert [line[9:] for line in lines] == [
        "  Deleting resource group ...",
        "  cleaning up for 15 s: Deleting resource group ...",
    ]
