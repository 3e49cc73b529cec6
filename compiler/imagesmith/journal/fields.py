"""JSON data of a record, which may be damaged or of another version, to values that are certain, or to nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from imagesmith.events import RunState, RunSubState


def json_file(path: Path) -> Mapping[str, Any]:  # JSON data
    """A file's JSON object; empty where it has none."""
    try:
        return mapping(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return {}


def run_state(value: object) -> RunState:
    """A state; one that is missing or not known tells no end."""
    with suppress(ValueError):
        return RunState(str(value))
    return RunState.RUNNING


def sub_state(value: object) -> RunSubState | None:
    """A sub-state that is known."""
    with suppress(ValueError):
        return RunSubState(str(value))
    return None


def time(value: object) -> datetime | None:
    """A time with its zone."""
    with suppress(ValueError):
        found = datetime.fromisoformat(str(value))
        return found if found.tzinfo else None
    return None


def text(value: object) -> str | None:
    """A text."""
    return value if isinstance(value, str) else None


def number(value: object) -> int | None:
    """A whole number."""
    return value if isinstance(value, int) else None


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def mapping(value: object) -> Mapping[str, Any]:  # JSON data
    """An object; empty where there is none."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> tuple[Mapping[str, Any], ...]:  # JSON data
    """The objects in a list."""
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def seconds(value: object) -> float | None:
    """A number of seconds."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
