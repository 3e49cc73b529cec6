"""A run's result to `run.json`: the service's words for how it went, and ours for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imagesmith.events import RunOutput, RunResult, RunState, rfc3339

UNFINISHED = frozenset({RunState.RUNNING, RunState.CANCELING})


def run_record(result: RunResult, *, template: str, details: Mapping[str, object]) -> dict[str, Any]:  # JSON data
    """`lastRunStatus` and `runOutputs` as the service's resources show them (aib-templates.md §1.3, §1.10).

    `template` is the template's name. `details` is what only we know (Packer, the template's digest, versions,
    files); it stands under `imagesmith` with the exit code, the leftovers and the retries. A run that goes on has
    neither an end nor an exit code.
    """
    over = result.state not in UNFINISHED
    status = {
        "startTime": rfc3339(result.start_time),
        "endTime": rfc3339(result.end_time) if over else None,
        "runState": result.state.value,
        "runSubState": result.sub_state.value if result.sub_state else None,
        "message": result.message,
    }
    ours = {
        "exitCode": int(result.exit_code) if over else None,
        "leftovers": list(result.leftovers),
        "retries": result.retries,
    }
    return {
        "name": template,
        "id": result.run_id,
        "properties": {"lastRunStatus": {key: value for key, value in status.items() if value is not None}},
        "runOutputs": [_output(output) for output in result.outputs],
        "imagesmith": {**details, **ours},
    }


def _output(output: RunOutput) -> dict[str, Any]:  # JSON data
    properties = {
        "artifactId": output.artifact_id,
        "artifactUri": output.artifact_uri,
        "provisioningState": output.provisioning_state,
    }
    return {"name": output.name, "properties": {key: value for key, value in properties.items() if value is not None}}
