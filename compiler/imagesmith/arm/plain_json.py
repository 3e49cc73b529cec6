"""JSON texts that are no files, such as the values of options: read strictly, numbers that are infinite refused."""

from __future__ import annotations

import json
import math
from typing import Any


def plain_json(text: str) -> Any:  # JSON of any shape
    """The data of a JSON text. Raises ValueError where it is none, and where it is nested too deeply to be read."""
    try:
        return json.loads(text, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refused(text)


def _refused(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
