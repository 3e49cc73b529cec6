"""A compilation to its files with everything in them that has to be fetched; what stood in for it is replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imagesmith.artifacts.fetching import fetch_all
from imagesmith.artifacts.options import Cancel, FetchOptions, OnProgress
from imagesmith.diagnostics import Diagnostic
from imagesmith.pipeline import Compilation
from imagesmith.source import locate


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """The files of a compilation by relative path, complete where no diagnostic is an error. `fetched` counts."""

    files: Mapping[str, bytes]
    fetched: int
    diagnostics: tuple[Diagnostic, ...] = ()
    cancelled: bool = False


def fill(
    compilation: Compilation, options: FetchOptions, *, on_progress: OnProgress, cancel: Cancel | None = None
) -> Filled:
    """Fetch what all stages need, once each, and put it into the files (architecture §4.3)."""
    stages = compilation.plan.stages if compilation.plan else ()
    wanted = [(stage.name, fetch) for stage in stages for fetch in stage.fetches]
    if not wanted:
        return Filled(files=compilation.files, fetched=0)
    result = fetch_all([fetch for _, fetch in wanted], options, on_progress=on_progress, cancel=cancel)
    found = tuple(locate(result.diagnostics, compilation.document)) if compilation.document else result.diagnostics
    if result.cancelled or not result.ok:
        return Filled(files=compilation.files, fetched=0, diagnostics=found, cancelled=result.cancelled)
    contents = (fetched.content.read_bytes() for fetched in result.fetched)
    files = {f"{stage}/{fetch.file}": content for (stage, fetch), content in zip(wanted, contents, strict=True)}
    return Filled(files={**compilation.files, **files}, fetched=len(wanted), diagnostics=found)
