"""Which `bicep` program compiles Bicep files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Bicep:
    """The program that compiles Bicep, in what environment it is started, and how many seconds it may take.

    Of `environment` only what a program needs to start is passed on.
    """

    program: str
    environment: Mapping[str, str] = field(default_factory=dict)
    time_limit_s: float = 60.0
