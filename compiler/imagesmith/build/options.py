"""What a caller may decide about a run, apart from the template."""

from __future__ import annotations

from dataclasses import dataclass

from imagesmith.artifacts import FetchOptions
from imagesmith.plan import OnError


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOptions:
    """`fetch` says from where files may come (by default: a cache in the run's folder, paths beside the template);
    `dry_run` stops before the first machine; `on_error` overrides the template; `time_limit_s` likewise, in seconds."""

    fetch: FetchOptions | None = None
    dry_run: bool = False
    on_error: OnError | None = None
    time_limit_s: float | None = None
