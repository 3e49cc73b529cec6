"""Runs, stories and differences to JSON data; the names of fields are those of events."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from imagesmith.events import rfc3339
from imagesmith.journal import Difference, Run, Story


def run_json(run: Run) -> dict[str, Any]:  # JSON data
    """What is known of a run, without the details of its record."""
    return {
        "run_id": run.run_id,
        "state": run.state.value,
        "sub_state": run.sub_state.value if run.sub_state else None,
        "interrupted": run.interrupted,
        "message": run.message,
        "exit_code": run.exit_code,
        "template": run.template,
        "start_time": _plain(run.start_time),
        "end_time": _plain(run.end_time),
        "outputs": _plain(run.outputs),
        "leftovers": list(run.leftovers),
        "retries": run.retries,
        "path": str(run.path),
    }


def story_json(story: Story) -> dict[str, Any]:  # JSON data
    """The whole story of a run, with the details of its record under `record`."""
    return {
        **run_json(story.run),
        "duration_s": story.duration_s,
        "packer": story.packer,
        "planned_steps": story.planned_steps,
        "phases": _plain(story.phases),
        "steps": _plain(story.steps),
        "incidents": [{"kind": found.kind, **_plain(found)} for found in story.incidents],
        "notices": _plain(story.notices),
        "diagnostics": _plain(story.diagnostics),
        "record": _plain(story.run.details),
    }


def difference_json(difference: Difference) -> dict[str, Any]:  # JSON data
    """One difference between two runs."""
    data: dict[str, Any] = _plain(difference)
    return data


def _plain(value: Any) -> Any:  # noqa: PLR0911 - JSON data of any shape, one return a shape
    match value:
        case datetime():
            return rfc3339(value)
        case StrEnum():
            return value.value
        case Path():
            return str(value)
        case Mapping():
            return {name: _plain(item) for name, item in value.items()}
        case tuple() | list():
            return [_plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            return value
