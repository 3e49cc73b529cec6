"""The names of Azure that the sandbox answers for."""

from __future__ import annotations

from fnmatch import fnmatchcase

AZURE_NAMES = (
    "login.microsoftonline.com",
    "login.microsoft.com",
    "login.windows.net",
    "management.azure.com",
    "graph.microsoft.com",
    "*.blob.core.windows.net",
    "*.vault.azure.net",
)
"""Globs of the names that the sandbox stands for."""


def is_azure(host: str) -> bool:
    """Whether the sandbox answers for this name."""
    return any(fnmatchcase(host.lower().rstrip("."), pattern) for pattern in AZURE_NAMES)
