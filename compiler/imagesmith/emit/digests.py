"""Digests of steps: each covers the step, its files and everything before it; equal digests mean equal machines."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from imagesmith import hcl
from imagesmith.plan import BuildPlan, Fetch, Stage, Step


def with_digests(plan: BuildPlan) -> BuildPlan:
    """The plan with every step's digest filled in (SHA-256, hex)."""
    return replace(plan, stages=tuple(_stage(stage) for stage in plan.stages))


def _stage(stage: Stage) -> Stage:
    fetches = {fetch.file: fetch for fetch in stage.fetches}
    source = "".join(hcl.render(section.body) for section in stage.sections if section.name in ("machine", "image"))
    digest = hashlib.sha256(f"{stage.name}\n{source}".encode()).hexdigest()
    steps = []
    for step in stage.steps:
        digest = _step(step, fetches, digest)
        steps.append(replace(step, digest=digest))
    return replace(stage, steps=tuple(steps))


def _step(step: Step, fetches: dict[str, Fetch], before: str) -> str:
    total = hashlib.sha256(before.encode())
    for block in step.blocks:
        total.update(hcl.render(block).encode())
    for file in step.files:
        fetch = fetches.get(file.name)
        content = file.content if file.content is not None else f"{fetch and (fetch.sha256 or fetch.uri)}".encode()
        total.update(hashlib.sha256(content).digest())
    return total.hexdigest()
