"""The schema of events says what runs say: made from the dataclasses, true of every event, and kept in the package."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from imagesmith.diagnostics import Rule, Severity, SourceText, Span
from imagesmith.events import (
    EVENT_FORMAT,
    Event,
    ExitCode,
    JournalOpened,
    Notice,
    Output,
    PhaseFinished,
    PhaseStarted,
    Progress,
    RunFinished,
    RunOutput,
    RunResult,
    RunStarted,
    RunState,
    RunSubState,
    StepFinished,
    StepStarted,
    StepState,
    to_json,
)

NOON = datetime(2026, 11, 24, 12, 0, 0, 250000, tzinfo=UTC)
RULE = Rule(code="IMG999", severity=Severity.ERROR, title="t", cause="c", fix="f")
RESULT = RunResult(
    run_id="r",
    state=RunState.PARTIALLY_SUCCEEDED,
    exit_code=ExitCode.DISTRIBUTION,
    message="m",
    start_time=NOON,
    end_time=NOON,
    sub_state=RunSubState.DISTRIBUTING,
    outputs=(RunOutput(name="a", artifact_id="/subscriptions/0"), RunOutput(name="b", artifact_uri="https://x")),
    leftovers=("disk",),
    diagnostics=(RULE.at(("properties", 0)), RULE.at((), span=Span(SourceText("t.json", "{}"), 0, 1))),
    record="/r",
)
EVENTS: tuple[Event, ...] = (
    JournalOpened(time=NOON, format=EVENT_FORMAT, run_id="r"),
    RunStarted(time=NOON, run_id="r", template="web.json", steps=2, packer="1.6.6"),
    PhaseStarted(time=NOON, phase="build", sub_state=RunSubState.BUILDING),
    PhaseFinished(time=NOON, phase="build", succeeded=False, duration_s=1.5),
    Progress(time=NOON, text="Creating"),
    StepStarted(time=NOON, step="customize[0]", title="a", number=1, file="web.json", line=3),
    StepStarted(time=NOON, step="deprovision", title="b", number=2),
    Output(time=NOON, text="\x1b[31m", stream="stderr", step="customize[0]"),
    Output(time=NOON, text=""),
    StepFinished(time=NOON, step="customize[0]", state=StepState.FAILED, duration_s=0.1, message="exit 7"),
    Notice(time=NOON, severity="warning", text="disk stays"),
    RunFinished(time=NOON, result=RESULT),
)


def schema() -> dict[str, Any]:
    """The schema as the package has it."""
    text = files("imagesmith.schemas").joinpath(f"events-{EVENT_FORMAT}.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def closed_schema() -> dict[str, Any]:
    """The schema with no field allowed that it does not name: what this version writes, and nothing else."""
    found = copy.deepcopy(schema())
    for part in found["$defs"].values():
        if "properties" in part:
            part["additionalProperties"] = False
    found["properties"]["event"]["enum"] = [part["if"]["properties"]["event"]["const"] for part in found["allOf"]]
    return found


def problems(event: Mapping[str, Any]) -> list[str]:
    """What the schema has against an event in its JSON form, no unknown kinds and fields allowed."""
    validator = jsonschema.Draft202012Validator(
        closed_schema(), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [f"{event.get('event')}: {error.json_path}: {error.message}" for error in validator.iter_errors(event)]


def kinds(parent: type[Event] = Event) -> Iterator[str]:
    """The names of all kinds."""
    for kind in parent.__subclasses__():
        yield kind.kind
        yield from kinds(kind)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_every_kind_of_event_is_as_its_schema_says(event: Event) -> None:
    assert problems(json.loads(json.dumps(to_json(event)))) == []


def test_the_schema_knows_every_kind() -> None:
    known = {part["if"]["properties"]["event"]["const"] for part in schema()["allOf"]}
    assert known == set(kinds())


def test_the_command_line_prints_the_schema() -> None:
    command = [sys.executable, "-m", "imagesmith", "schema", "--events"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout) == schema()


def test_the_schema_is_one_and_refuses_what_is_wrong() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    event = to_json(EVENTS[4])
    for wrong in ({"text": 1}, {"time": None}, {"event": "step-finished"}, {"more": 1}):
        assert problems({**event, **wrong}), wrong


def test_readers_of_another_version_may_pass_over_what_is_new() -> None:
    """The published schema is open: a new kind or field breaks nobody."""
    validator = jsonschema.Draft202012Validator(schema())
    assert validator.is_valid({"event": "sang", "verses": 99})
    assert validator.is_valid({**to_json(EVENTS[4]), "more": 1})


def test_output_takes_a_short_way_to_the_same_form() -> None:
    """Nearly all events are output, so they have a path of their own; a subclass takes the long one."""

    class Other(Output):
        pass

    event = EVENTS[7]
    assert isinstance(event, Output)
    other = Other(time=event.time, text=event.text, stream=event.stream, step=event.step)
    assert to_json(other) == to_json(event)
