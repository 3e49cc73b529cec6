"""Runs, stories and differences to JSON data; the names of fields are those of events."""

from __future__ import annotations

from typing import Any

from imagesmith.events import json_data
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
        "start_time": json_data(run.start_time),
        "end_time": json_data(run.end_time),
        "outputs": json_data(run.outputs),
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
        "phases": json_data(story.phases),
        "steps": json_data(story.steps),
        "incidents": [{"kind": found.kind, **json_data(found)} for found in story.incidents],
        "notices": json_data(story.notices),
        "diagnostics": json_data(story.diagnostics),
        "record": json_data(story.run.details),
    }


def difference_json(difference: Difference) -> dict[str, Any]:  # JSON data
    """One difference between two runs."""
    data: dict[str, Any] = json_data(difference)
    return data
