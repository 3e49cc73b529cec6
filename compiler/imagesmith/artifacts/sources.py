"""The source of a plan, where it says `latest`, and its version from the lock."""

from __future__ import annotations

from dataclasses import replace

from imagesmith.artifacts.lock import Lock
from imagesmith.artifacts.locking import NOT_PINNED
from imagesmith.diagnostics import Diagnostic
from imagesmith.model.ids import parse_id
from imagesmith.pipeline import Compilation
from imagesmith.plan import BuildPlan, Need, NeedKind
from imagesmith.source import locate


def with_locked_source(compilation: Compilation, lock: Lock) -> tuple[Compilation, tuple[Diagnostic, ...]]:
    """The same template from the pinned version of its source; the diagnostic where none is pinned."""
    need = latest_need(compilation.plan) if compilation.plan else None
    if need is None:
        return compilation, ()
    image = image_of(need)
    version = lock.version_of(image)
    if version is None:
        found = NOT_PINNED.at(need.path, f"the lock does not pin the version of {image}")
        return compilation, tuple(locate([found], compilation.document)) if compilation.document else (found,)
    options = replace(compilation.options, source_version=version)
    again = replace(compilation, options=options).for_target(options.target)
    return replace(again, diagnostics=compilation.diagnostics), ()


def latest_need(plan: BuildPlan) -> Need | None:
    """The plan's source, where it says `latest`."""
    kinds = {NeedKind.PLATFORM_IMAGE, NeedKind.GALLERY_IMAGE_VERSION}
    return next((need for need in plan.needs if need.kind in kinds and _ends_in_latest(need.id)), None)


def _ends_in_latest(text: str) -> bool:
    return text.lower().endswith((":latest", "/latest"))


def image_of(need: Need) -> str:
    """What the version is one of: ``publisher:offer:sku``, or the id of the image definition."""
    if need.kind is NeedKind.PLATFORM_IMAGE:
        return need.id.rpartition(":")[0]
    return str(parse_id(need.id).parent())
