"""What all shapes work with: the target, what had to be said, and plans with one part of them replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from imagesmith.diagnostics import Diagnostic, Path, Rule
from imagesmith.hcl import Literal, attributes
from imagesmith.plan import BuildPlan, Section, Stage
from imagesmith.targets.target import Target


@dataclass(kw_only=True, slots=True)
class Shaping:
    """The target, and what had to be said on the way to it."""

    target: Target
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def say(self, rule: Rule, path: Path, message: str = "", *, hint: str = "") -> None:
        """Add a diagnostic."""
        self.diagnostics.append(rule.at(path, message, hint=hint))


Shape: TypeAlias = Callable[[BuildPlan, Shaping], BuildPlan]


def section_named(stage: Stage | None, name: str) -> Section | None:
    """The section of this name, None where there is none (or no stage)."""
    sections = stage.sections if stage else ()
    return next((section for section in sections if section.name == name), None)


def with_section(stage: Stage, new: Section, *, before: str | None = None) -> Stage:
    """The stage with a section replaced, or put in before another one."""
    if section_named(stage, new.name):
        sections = [new if section.name == new.name else section for section in stage.sections]
    else:
        at = next((index for index, section in enumerate(stage.sections) if section.name == before), -1)
        sections = [*stage.sections[:at], new, *stage.sections[at:]]
    return replace(stage, sections=tuple(sections))


def with_stage(plan: BuildPlan, new: Stage) -> BuildPlan:
    """The plan with a stage replaced by the one of its name."""
    return replace(plan, stages=tuple(new if stage.name is new.name else stage for stage in plan.stages))


def with_attributes(section: Section, **values: Literal) -> Section:
    """The section with attributes added or changed; None changes nothing."""
    rows = {**dict(section.body.attributes), **dict(attributes(**values))}
    return replace(section, body=replace(section.body, attributes=tuple(rows.items())))
