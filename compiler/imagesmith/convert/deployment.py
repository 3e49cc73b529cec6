"""A resource to an ARM deployment file that deploys exactly it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from imagesmith.arm.structure import IMAGE_TEMPLATE

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


class Expression(str):
    """An expression of ours, which is not escaped."""

    __slots__ = ()


def deployment(resource: Mapping[str, Any], api_version: str, parameters: Iterable[str]) -> dict[str, Any]:  # JSON data
    """The deployment file; `parameters` are the names of secure ones, which have no values in it."""
    first = {"type": IMAGE_TEMPLATE, "apiVersion": api_version}
    rest = {key: value for key, value in resource.items() if key not in first}
    secure = {"type": "securestring"}
    file: dict[str, Any] = {"$schema": _SCHEMA, "contentVersion": "1.0.0.0"}
    declared = dict.fromkeys(parameters, secure)
    if declared:
        file["parameters"] = declared
    return {**file, "resources": [_escaped({**first, **rest})]}


def _escaped(data: Any) -> Any:  # JSON data
    """The data with every literal that ARM would take for an expression, or for an escape, escaped.

    Source: ARM documentation, "Syntax and expressions in ARM templates", escape characters: a text from `[` to `]` is
    an expression, and `[[` at its start stands for one bracket.
    """
    if isinstance(data, dict):
        return {_escaped(key): _escaped(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_escaped(item) for item in data]
    if isinstance(data, str) and not isinstance(data, Expression) and data.startswith("[") and data.endswith("]"):
        return f"[{data}"
    return data
