"""A deployment's template and parameters to resources: the one place where the sandbox meets `imagesmith.arm`."""

from __future__ import annotations

from imagesmith.sandbox.answers import Json
from imagesmith.sandbox.store import Resource


def evaluate(
    template: dict[str, Json], parameters: dict[str, Json], *, group: Resource, deployment: str, tenant_id: str
) -> list[dict[str, Json]]:
    """The template's resources with every expression replaced by its value and conditions applied.

    `parameters` have the form of a deployment's body: ``{"vmName": {"value": "x"}}``. Nested child resources come out
    as resources of their own, with full types and names. Raises `RefusedError` (InvalidTemplate).
    """
    raise NotImplementedError
