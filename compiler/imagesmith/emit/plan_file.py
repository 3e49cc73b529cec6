"""`plan.json`: the plan for people and scripts. It holds no secret: addresses stand in it without their query."""

from __future__ import annotations

import json
from typing import Any

from imagesmith.diagnostics import dotted
from imagesmith.plan import BuildPlan, Fetch, Publication, Stage, Variable
from imagesmith.redact import redact_url

PLAN_FORMAT = 1
"""Version of the form of `plan.json`."""


def plan_json(plan: BuildPlan) -> str:
    """The plan as JSON text."""
    data = {
        "format": PLAN_FORMAT,
        "name": plan.name,
        "osType": plan.os_type.value,
        "location": plan.location,
        "timeoutInSeconds": plan.timeout_s,
        "stages": [_stage(stage) for stage in plan.stages],
        "publications": [_publication(item) for item in plan.publications],
        "needs": [{"kind": need.kind.value, "id": need.id, "path": dotted(need.path)} for need in plan.needs],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _stage(stage: Stage) -> dict[str, Any]:  # JSON data
    return {
        "name": stage.name.value,
        "onError": stage.on_error.value,
        "variables": {variable.name: _variable(variable) for variable in stage.variables},
        "steps": [
            {
                "id": step.id,
                "kind": step.kind,
                "title": step.title,
                "path": dotted(step.path) if step.path is not None else None,
                "files": [file.name for file in step.files],
                **({"secrets": list(step.secrets)} if step.secrets else {}),
                "digest": step.digest,
            }
            for step in stage.steps
        ],
        "fetches": [_fetch(fetch) for fetch in stage.fetches],
    }


def _variable(variable: Variable) -> dict[str, Any]:  # JSON data
    return {
        "type": variable.type,
        "sensitive": variable.sensitive,
        "required": variable.required,
        "value": variable.value if variable.value is not None else variable.default,
    }


def _fetch(fetch: Fetch) -> dict[str, Any]:  # JSON data
    return {
        "uri": redact_url(fetch.uri),
        "kind": fetch.kind.value,
        "file": fetch.file,
        "path": dotted(fetch.path),
        "sha256": fetch.sha256,
    }


def _publication(item: Publication) -> dict[str, Any]:  # JSON data
    return {
        "kind": item.kind.value,
        "runOutputName": item.run_output_name,
        "path": dotted(item.path),
        "artifactId": item.artifact_id,
        "artifactTags": dict(item.artifact_tags),
        "excludeFromLatest": item.exclude_from_latest,
        "intermediate": item.intermediate,
    }
