"""The ARM template language: a file in any of its forms to the image template in it, resolved, with origins."""

from imagesmith.arm.answers import split_answer
from imagesmith.arm.choosing import NO_IMAGE_TEMPLATE
from imagesmith.arm.deployment import Deployment, Resolution
from imagesmith.arm.evaluate import evaluate
from imagesmith.arm.rehearsal import Rehearsal, evaluate_template, rehearse
from imagesmith.arm.resolve import resolve
from imagesmith.arm.scope import Environment, Scope
from imagesmith.arm.surroundings import Surroundings

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
