"""What goes wrong in builds, as a table: the text that shows it, its cause in plain words, and what to do.

Adding an error is one row in the module of its subject, and one real line in `fixtures/known-errors/lines.json`.
"""

from __future__ import annotations

import re

from imagesmith.known_errors.capacity import CAPACITY
from imagesmith.known_errors.connection import CONNECTION, PACKER_ITSELF, STEPS
from imagesmith.known_errors.images import IMAGES
from imagesmith.known_errors.login import LOGIN
from imagesmith.known_errors.row import KnownError, Where

__all__ = ["KNOWN_ERRORS", "PLUGIN_CRASHED", "STEP_TIMED_OUT", "KnownError", "Where", "find_known", "retry_after_s"]

KNOWN_ERRORS: tuple[KnownError, ...] = (*PACKER_ITSELF, *IMAGES, *LOGIN, *CAPACITY, *CONNECTION, *STEPS)
"""All rows; where several fit Packer's words, the first of them counts."""

_RETRY_AFTER = re.compile(
    r"retry-after['\": ]+(?P<a>[0-9]{1,5})|(?:try|retry|retried)(?: again)? (?:after|in) '?(?P<b>[0-9]{1,5})'? ?sec",
    re.IGNORECASE,
)

PLUGIN_CRASHED, STEP_TIMED_OUT = (
    next(row for row in KNOWN_ERRORS if row.id == id_) for id_ in ("plugin-crashed", "step-timed-out")
)
"""The row after which nobody has cleaned up, and the one whose words come late."""


def find_known(text: str, where: Where) -> KnownError | None:
    """The row that explains a text, None if there is none.

    Of Packer's words the first row of the table that fits; of a step's output the one whose text comes last in it,
    since a script may have got over what it said before.
    """
    rows = [row for row in KNOWN_ERRORS if where in row.where]
    if where is Where.PACKER:
        return next((row for row in rows if row.pattern.search(text)), None)
    found = [
        (max(match.start() for match in row.pattern.finditer(text)), row) for row in rows if row.pattern.search(text)
    ]
    return max(found, key=lambda one: one[0])[1] if found else None


def retry_after_s(text: str) -> float | None:
    """How many seconds the other side asks to wait before the next try; the longest, None if it asks nothing.

    Azure says it in words, since Packer does not print the Retry-After header itself (RFC 9110 §10.2.3).
    """
    return max((float(match["a"] or match["b"]) for match in _RETRY_AFTER.finditer(text)), default=None)
