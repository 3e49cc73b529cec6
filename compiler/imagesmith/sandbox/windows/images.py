"""Names of what Windows machines start from: a captured disk, or nothing."""

from __future__ import annotations

BLANK = "windows:"
"""Prefix of what stands for an image that nothing is known of: its disk is empty."""
SUFFIX = ".windows"
"""End of the name of a captured disk."""


def is_windows(image: str) -> bool:
    """Whether an image's name is one of a Windows machine's."""
    return image.startswith(BLANK) or image.endswith(SUFFIX)
