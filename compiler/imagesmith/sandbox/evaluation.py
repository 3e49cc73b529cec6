"""A deployment's template and parameters to resources: the one place where the sandbox meets `imagesmith.arm`."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

from imagesmith.arm import Surroundings, rehearse
from imagesmith.arm.faults import RUNTIME_VALUE
from imagesmith.diagnostics import SourceText, Span
from imagesmith.sandbox.answers import Json, invalid
from imagesmith.sandbox.store import Resource
from imagesmith.source import Origin, wrap


def evaluate(
    template: dict[str, Json], parameters: dict[str, Json], *, group: Resource, deployment: str, tenant_id: str
) -> list[dict[str, Json]]:
    """The template's resources with every expression replaced by its value and conditions applied.

    `parameters` have the form of a deployment's body: ``{"vmName": {"value": "x"}}``. Nested child resources come out
    as resources of their own, with full types and names. Raises `RefusedError` (InvalidTemplate).
    """
    text = SourceText(deployment, json.dumps(template))
    origin = Origin(Span(text, 0, len(text.text)))
    rehearsal = rehearse(
        wrap(template, origin),
        parameters,
        surroundings=Surroundings(
            resource_group=group.id.group,
            subscription_id=group.id.subscription,
            tenant_id=tenant_id,
            location=group.location,
            deployment_name=deployment,
            now=datetime.now(UTC),
            seed=str(uuid.uuid4()),
        ),
    )
    # What only a running deployment knows (`reference()`) keeps its text: a client that needs it will say so.
    faults = [found for found in rehearsal.diagnostics if found.is_error and found.code != RUNTIME_VALUE.code]
    if faults:
        reasons = "; ".join(fault.message for fault in faults)
        raise invalid("InvalidTemplate", f"Deployment template validation failed: '{reasons}'.")
    return list(rehearsal.resources)
