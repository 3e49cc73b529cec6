"""Files that a template names by address, to verified local files (architecture §4.3).

What fetches them is loaded when it is first asked for: most templates name none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.artifacts.lock import Lock
from imagesmith.artifacts.options import (
    STORAGE_SUFFIXES,
    Cancel,
    FetchedFile,
    FetchOptions,
    FetchProgress,
    FetchResult,
)
from imagesmith.lazy import loader

if TYPE_CHECKING:
    from imagesmith.artifacts.fetching import fetch_all
    from imagesmith.artifacts.filling import Filled, fill

__all__ = [
    "STORAGE_SUFFIXES",
    "Cancel",
    "FetchOptions",
    "FetchProgress",
    "FetchResult",
    "FetchedFile",
    "Filled",
    "Lock",
    "fetch_all",
    "fill",
]

__getattr__ = loader(__name__, {"Filled": ".filling", "fetch_all": ".fetching", "fill": ".filling"})
