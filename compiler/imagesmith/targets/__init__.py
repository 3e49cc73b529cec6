"""Targets: a plan in Packer's newest words to the words of the Packer at hand, or diagnostics (architecture §4.4).

Whatever differs between versions is a row of `options` or a function of `shapes`; the compiler asks for a version
nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.hcl import Block, Literal
from imagesmith.plan import BuildPlan, Stage, used_variables
from imagesmith.targets.options import BY_NAME, FIRST, OPTIONS, Option
from imagesmith.targets.settings import settings_block
from imagesmith.targets.shapes import SHAPES
from imagesmith.targets.shaping import Shaping
from imagesmith.targets.target import NEWEST, Target, target_for

__all__ = ["NEWEST", "OPTIONS", "Retargeted", "Target", "retarget", "target_for"]

UNKNOWN_OPTION = Rule(
    code="IMG450",
    severity=Severity.ERROR,
    title="this Packer cannot say what the template asks for",
    cause="The option that the property becomes came with a newer version of Packer or of its azure plugin.",
    fix="use a newer Packer (imagesmith doctor shows what the one at hand knows), or take the property out",
    example='"distribute": [{"type": "SharedImage", "replicationMode": "Shallow", …}]   (Packer 1.6.6)',
    corrected='"distribute": [{"type": "SharedImage", …}]',
    source="lowering.md §1, packer.md §8",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retargeted:
    """The plan for one Packer, and what it cannot say."""

    plan: BuildPlan
    diagnostics: tuple[Diagnostic, ...]


def retarget(plan: BuildPlan, target: Target) -> Retargeted:
    """Say a plan in a target's words: first the shapes that differ, then options that are not known at all."""
    shaping = Shaping(target=target)
    for shape in SHAPES:
        plan = shape(plan, shaping)
    stages = tuple(_known(stage, target, shaping) for stage in plan.stages)
    stages = tuple(replace(stage, settings=settings_block(stage, target)) for stage in stages)
    return Retargeted(plan=replace(plan, stages=stages), diagnostics=tuple(shaping.diagnostics))


def _known(stage: Stage, target: Target, shaping: Shaping) -> Stage:
    """The stage with only the options that the target knows; a diagnostic for each that had to go."""
    sections = tuple(
        replace(section, body=_filtered(section.body, "", section.path, target, shaping)) for section in stage.sections
    )
    return replace(stage, sections=sections, variables=used_variables(stage.variables, sections, stage.steps))


def _filtered(body: Block, prefix: str, path: Path, target: Target, shaping: Shaping) -> Block:
    attributes = tuple(
        (name, value) for name, value in body.attributes if _may_stay(f"{prefix}{name}", value, path, target, shaping)
    )
    blocks = tuple(
        _filtered(block, f"{prefix}{block.type}.", path, target, shaping)
        for block in body.blocks
        if _may_stay(f"{prefix}{block.type}", True, path, target, shaping)  # noqa: FBT003 - the value of a block
    )
    return replace(body, attributes=attributes, blocks=blocks)


def _may_stay(name: str, value: Literal, path: Path, target: Target, shaping: Shaping) -> bool:
    option = BY_NAME[("azure-arm", name)]
    if target.knows(option):
        return True
    if not option.quiet and value is not None:
        shaping.diagnostics.append(_unknown(option, path, target))
    return False


def _unknown(option: Option, path: Path, target: Target) -> Diagnostic:
    since = "the azure plugin" if option.azure == FIRST else f"azure plugin {option.azure}"
    newer = "" if option.azure == FIRST else " or newer"
    return UNKNOWN_OPTION.at(
        path,
        f"{target} has no option '{option.name}'; {since} brings it",
        hint=f"use a Packer with {since}{newer}, or take what needs it out of the template",
    )


def emitted_options(plan: BuildPlan) -> Iterator[tuple[str, str]]:
    """Component and dotted name of every option in a plan."""
    for stage in plan.stages:
        for section in stage.sections:
            for name in _names(section.body, ""):
                yield "azure-arm", name
        for step in stage.steps:
            for block in step.blocks:
                for name, _ in block.attributes:
                    yield block.labels[0], name


def _names(body: Block, prefix: str) -> Iterator[str]:
    for name, _ in body.attributes:
        yield prefix + name
    for block in body.blocks:
        yield prefix + block.type
        yield from _names(block, f"{prefix}{block.type}.")
