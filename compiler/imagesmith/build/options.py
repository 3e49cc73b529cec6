"""What a caller may decide about a run, apart from the template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from imagesmith.artifacts import FetchOptions
from imagesmith.plan import OnError
from imagesmith.run_failure import RunFailure

AskKeep: TypeAlias = Callable[[RunFailure], bool]
"""Asks a person whether the machine that a failure left is to be kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOptions:
    """`fetch` says from where files may come (by default: a cache in the run's folder, paths beside the template);
    `dry_run` stops before the first machine; `on_error` overrides the template; `time_limit_s` likewise, in seconds.

    `ask_keep`, where it is given, is asked after each failure whether the machine is to be kept, in the place of
    `on_error`. `retries` is how often a stage that failed for a reason that passes by itself, before any step ran, is
    tried again, first after `retry_delay_s` and then after twice as long each time, or after what Azure asks for.
    Nothing heard for half of `silence_timeout_s` is reported, for the whole of it the run is cancelled.
    A clean-up that takes longer than `cleanup_timeout_s` is ended, and what it leaves is named.
    """

    fetch: FetchOptions | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values by the names of the environment variables that the template was compiled with."""
    dry_run: bool = False
    on_error: OnError | None = None
    ask_keep: AskKeep | None = None
    time_limit_s: float | None = None
    silence_timeout_s: float | None = None
    cleanup_timeout_s: float | None = None
    retries: int = 0
    retry_delay_s: float = 30.0
