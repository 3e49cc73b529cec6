"""The API versions of the image template: which exist, which are strict, and the schema of each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from functools import lru_cache
from pkgutil import get_data
from typing import Any

# aib-templates.md §1.1, oldest first. The two previews before the first of these are dead, see `DEAD`.
VERSIONS: tuple[str, ...] = (
    "2019-05-01-preview",
    "2020-02-14",
    "2021-10-01",
    "2022-02-14",
    "2022-07-01",
    "2023-07-01",
    "2024-02-01",
    "2025-10-01",
)
NEWEST = "2025-10-01"

DEPRECATED: frozenset[str] = frozenset({"2019-05-01-preview"})
"""Versions that the service still takes but advises against (aib-templates.md §1.1)."""

DEAD: tuple[str, ...] = ("2018-02-01-preview", "2019-02-01-preview")
"""Previews whose templates the service stopped taking in May 2020 (aib-templates.md §1.1)."""

_FIRST_STRICT = "2024-02-01"


class Standing(Enum):
    """What is known of an API version that a file names."""

    KNOWN = "known"
    DEPRECATED = "deprecated"
    DEAD = "dead"
    UNKNOWN = "unknown"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pick:
    """The version to work with for what a file says.

    `version` is always one of `VERSIONS`: the one asked for, or the newest where that cannot be used. `suggestion` is
    the version that was probably meant, if one is near.
    """

    version: str
    standing: Standing
    suggestion: str | None = None


def pick(text: str | None) -> Pick:
    """Find the version to work with for the text of an `apiVersion`; case does not matter, None means absent."""
    if text is None:
        return Pick(version=NEWEST, standing=Standing.ABSENT)
    wanted = text.strip().lower()
    if wanted in VERSIONS:
        return Pick(version=wanted, standing=Standing.DEPRECATED if wanted in DEPRECATED else Standing.KNOWN)
    if wanted in DEAD:
        return Pick(version=NEWEST, standing=Standing.DEAD, suggestion=NEWEST)
    # A length limit, because the comparison is quadratic and the text is anybody's.
    near = get_close_matches(wanted, VERSIONS, n=1, cutoff=0.7) if len(wanted) <= 40 else []
    return Pick(version=NEWEST, standing=Standing.UNKNOWN, suggestion=near[0] if near else None)


def is_strict(version: str) -> bool:
    """Whether the service matches field names by case and refuses unknown ones (aib-templates.md §0.3)."""
    return VERSIONS.index(version) >= VERSIONS.index(_FIRST_STRICT)


@lru_cache(maxsize=len(VERSIONS))
def load_schema(version: str) -> Mapping[str, Any]:  # a JSON Schema document
    """The JSON Schema of an API version as published; do not change what is returned, it is shared.

    Raises ValueError for a version that is not one of `VERSIONS`.
    """
    if version not in VERSIONS:
        raise ValueError(f"no schema for API version {version!r}")
    # `importlib.resources` reads it as well, and loads ten modules for temporary files first.
    schema: dict[str, Any] = json.loads(get_data("imagesmith.schemas", f"{version}.json") or b"")
    return schema
