"""Two runs to what differs between them: template, versions, options, steps, how they ended, how long they took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from imagesmith.journal import fields
from imagesmith.journal.story import Story

_VERSIONS = ("imagesmith", "python", "platform", "packer", "world", "worldFacts")


class Part(StrEnum):
    """What a difference is about."""

    TEMPLATE = "template"
    VERSION = "version"
    OPTION = "option"
    STEP = "step"
    OUTCOME = "outcome"
    DURATION = "duration"


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One thing that is not the same. A side that has nothing there is None; durations are in seconds."""

    part: Part
    name: str
    before: str | float | None
    after: str | float | None


def compare(before: Story, after: Story) -> tuple[Difference, ...]:
    """Everything that differs, part by part; durations are told of whatever both have, since they always differ."""
    old, new = before.run.details, after.run.details
    return (
        *_differing(Part.TEMPLATE, _flat(old.get("template")), _flat(new.get("template"))),
        *_differing(Part.VERSION, _chosen(old), _chosen(new)),
        *_differing(Part.OPTION, _flat(old.get("options")), _flat(new.get("options"))),
        *_differing(Part.STEP, _steps(old), _steps(new)),
        *_differing(Part.OUTCOME, _outcome(before), _outcome(after)),
        *_durations(before, after),
    )


def _differing(part: Part, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Difference(part=part, name=name, before=before.get(name), after=after.get(name))


def _chosen(details: Mapping[str, Any]) -> dict[str, str]:  # JSON data
    """Versions; where a file lies says nothing of what it does."""
    found = _flat({name: details.get(name) for name in _VERSIONS})
    return {name: value for name, value in found.items() if name != "packer.path"}


def _flat(value: object, prefix: str = "") -> dict[str, str]:
    """The leaves of JSON data by dotted names."""
    match value:
        case dict():
            found: dict[str, str] = {}
            for name, item in value.items():
                found |= _flat(item, f"{prefix}.{name}" if prefix else str(name))
            return found
        case list():
            return {prefix: ", ".join(map(str, value))}
        case None:
            return {}
        case _:
            return {prefix: str(value)}


def _steps(details: Mapping[str, Any]) -> dict[str, str]:  # JSON data
    return {
        f"{fields.text(step.get('stage'))} {fields.text(step.get('id'))}": (
            f"{fields.text(step.get('title'))} ({(fields.text(step.get('sha256')) or '')[:12]})"
        )
        for step in fields.mappings(details.get("steps"))
    }


def _outcome(story: Story) -> dict[str, str]:
    run = story.run
    found = {"state": run.state.value, "message": run.message}
    if run.exit_code is not None:
        found["exit code"] = str(run.exit_code)
    for output in run.outputs:
        found[f"output {output.name}"] = output.artifact_id or output.artifact_uri or ""
    if run.retries:
        found["retries"] = str(run.retries)
    if run.leftovers:
        found["left behind"] = str(len(run.leftovers))
    return found


def _durations(before: Story, after: Story) -> Iterator[Difference]:
    old, new = _times(before), _times(after)
    for name in old:
        if name in new:
            yield Difference(part=Part.DURATION, name=name, before=round(old[name], 3), after=round(new[name], 3))


def _times(story: Story) -> dict[str, float]:
    found: dict[str, float] = {}
    if story.duration_s is not None:
        found["all"] = story.duration_s
    for phase in story.phases:
        if phase.duration_s is not None:
            found[f"phase {phase.name}"] = phase.duration_s
    for step in story.steps:
        if step.duration_s is not None:
            found[f"{step.phase} {step.id}"] = step.duration_s
    return found
