"""What the supervisor knows of the plan: the names of the steps, and by what Packer's output shows that they begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from imagesmith.diagnostics import Path, Span
from imagesmith.plan import Stage


@dataclass(frozen=True, kw_only=True, slots=True)
class StepMark:
    """A step as its output shows it. `kinds` are its Packer provisioners (``shell``, ``file``, ``windows-restart``);
    `number` counts from 1; `marker` is the name of its file in Packer's opening line, None if it is known by its order;
    `file` and `line` are where it stands in the template; so many `retries` may follow a first try that fails.
    """

    id: str
    title: str
    number: int
    kinds: tuple[str, ...]
    marker: str | None = None
    file: str | None = None
    line: int | None = None
    retries: int = 0


def step_marks(stage: Stage, locate: Callable[[Path], Span | None]) -> tuple[StepMark, ...]:
    """The marks of a stage's steps; `locate` finds a path of the template in its text."""
    marks = []
    for number, step in enumerate(stage.steps, 1):
        span = locate(step.path) if step.path is not None else None
        marks.append(
            StepMark(
                id=step.id,
                title=step.title,
                number=number,
                kinds=tuple(block.labels[0] for block in step.blocks),
                marker=step.marker,
                file=span.file if span else None,
                line=span.line if span else None,
                retries=sum(cast("int", block.get("max_retries") or 0) for block in step.blocks),
            )
        )
    return tuple(marks)
