"""What the rules know beside the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from imagesmith.diagnostics import Diagnostic
from imagesmith.model import ImageTemplate, OsType


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleContext:
    """What was said on the command line. `location` is the region of a template that names none.

    `os_type` is what the user states; inside `check`, the rules get what was decided from it and from the template.
    """

    location: str | None = None
    os_type: OsType | None = None
    api_version: str = ""
    strict: bool = False


Check: TypeAlias = Callable[[ImageTemplate, RuleContext], Iterator[Diagnostic]]
"""One rule: a template in, what is wrong with it out."""
