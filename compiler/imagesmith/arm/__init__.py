"""The ARM template language: a file in any of its forms to the image template in it, resolved, with origins.

What evaluates expressions is loaded when it is first asked for: a bare resource has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagesmith.arm.choosing import NO_IMAGE_TEMPLATE
from imagesmith.arm.deployment import Deployment, Resolution, split_answer
from imagesmith.arm.resolve import resolve
from imagesmith.arm.surroundings import Surroundings

if TYPE_CHECKING:
    from imagesmith.arm.evaluate import evaluate
    from imagesmith.arm.rehearsal import Rehearsal, evaluate_template, rehearse
    from imagesmith.arm.scope import Environment, Scope

__all__ = [
    "NO_IMAGE_TEMPLATE",
    "Deployment",
    "Environment",
    "Rehearsal",
    "Resolution",
    "Scope",
    "Surroundings",
    "evaluate",
    "evaluate_template",
    "rehearse",
    "resolve",
    "split_answer",
]

_HOMES = {
    "Environment": "scope",
    "Rehearsal": "rehearsal",
    "Scope": "scope",
    "evaluate": "evaluate",
    "evaluate_template": "rehearsal",
    "rehearse": "rehearsal",
}


def __getattr__(name: str) -> Any:  # any of the names above
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
