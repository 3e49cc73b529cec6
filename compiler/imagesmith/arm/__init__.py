"""The ARM template language: a file in any of its forms to the image template in it, resolved, with origins.

What evaluates expressions is loaded when it is first asked for: a bare resource has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.arm.choosing import NO_IMAGE_TEMPLATE
from imagesmith.arm.deployment import Deployment, Resolution, split_answer
from imagesmith.arm.resolve import resolve
from imagesmith.arm.surroundings import Surroundings
from imagesmith.lazy import loader

if TYPE_CHECKING:
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
    "evaluate_template",
    "rehearse",
    "resolve",
    "split_answer",
]

_HOMES = {
    "Environment": ".scope",
    "Rehearsal": ".rehearsal",
    "Scope": ".scope",
    "evaluate_template": ".rehearsal",
    "rehearse": ".rehearsal",
}

__getattr__ = loader(__name__, _HOMES)
