"""Emission: a plan to the files that `compile` writes, as bytes by their relative path (architecture §4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from imagesmith.emit.digests import with_digests
from imagesmith.emit.pages import Pages, loaded_pages
from imagesmith.emit.plan_file import plan_json
from imagesmith.placeholders import placeholder
from imagesmith.plan import BuildPlan, Stage, StepFile

__all__ = ["Emission", "emit"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Emission:
    """The files of a build, and the plan with the digests of its steps."""

    plan: BuildPlan
    files: Mapping[str, bytes]


def emit(plan: BuildPlan, redact: Callable[[str], str] = str) -> Emission:
    """Write a plan as files. Pure: the same plan gives the same bytes on every machine.

    `redact` takes secrets out of what files say about the plan: ids, tags and addresses.
    """
    pages = loaded_pages()
    plan = replace(plan, stages=tuple(_with_scripts(stage, pages) for stage in plan.stages))
    plan = with_digests(plan)
    files = {"plan.json": redact(plan_json(plan)).encode()}
    for stage in plan.stages:
        files |= {f"{stage.name}/{name}": content for name, content in _stage_files(plan, stage, pages, redact)}
    return Emission(plan=plan, files=files)


def _with_scripts(stage: Stage, pages: Pages) -> Stage:
    """Fill in the scripts that come from templates of ours."""

    def filled(file: StepFile) -> StepFile:
        if file.template is None:
            return file
        content = pages.script(file.template, stop_exit_code=stage.stop_exit_code)
        return replace(file, content=content, template=None)

    return replace(
        stage, steps=tuple(replace(step, files=tuple(filled(file) for file in step.files)) for step in stage.steps)
    )


def _stage_files(
    plan: BuildPlan, stage: Stage, pages: Pages, redact: Callable[[str], str]
) -> Iterator[tuple[str, bytes]]:
    yield "image.pkr.hcl", pages.image(replace(plan, name=redact(plan.name)), stage)
    fetches = {fetch.file: fetch for fetch in stage.fetches}
    for step in stage.steps:
        for file in step.files:
            content = file.content
            if content is None:
                fetch = fetches[file.name]
                content = placeholder(replace(fetch, uri=redact(fetch.uri)), plan.os_type)
            yield file.name, content
