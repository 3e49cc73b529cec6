"""The operating system of the machine: the one fact about it that no template states."""

from __future__ import annotations

from enum import StrEnum


class OsType(StrEnum):
    """The operating system of the machine, as Packer and Azure spell it."""

    LINUX = "Linux"
    WINDOWS = "Windows"
