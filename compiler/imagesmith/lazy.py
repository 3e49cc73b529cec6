"""Names of a package to the modules that they come from, loaded when they are first asked for (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def loader(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package. `homes` are modules by names, written as in a relative import: ``.scope``."""

    def load(name: str) -> Any:  # whatever the name is
        if name not in homes:
            raise AttributeError(f"module '{package}' has no attribute '{name}'")
        import importlib

        return getattr(importlib.import_module(homes[name], package), name)

    return load
