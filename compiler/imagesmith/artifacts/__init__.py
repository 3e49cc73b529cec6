"""Files that a template names by address, to verified local files (architecture §4.3)."""

from imagesmith.artifacts.fetching import fetch_all
from imagesmith.artifacts.filling import Filled, fill
from imagesmith.artifacts.lock import Lock
from imagesmith.artifacts.options import (
    STORAGE_SUFFIXES,
    Cancel,
    FetchedFile,
    FetchOptions,
    FetchProgress,
    FetchResult,
)

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
