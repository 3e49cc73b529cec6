"""A diagnostic to a short text that stays the same while lines move and steps are added around it."""

from __future__ import annotations

import hashlib

from imagesmith.diagnostics import Diagnostic
from imagesmith.redact import Redactor

FINGERPRINT = "imagesmith/v1"
"""The name of this way to compute it; another way gets another name."""

_LENGTH = 16
_LONGEST = 500


def fingerprint(diagnostic: Diagnostic, redactor: Redactor) -> str:
    """What a diagnostic is about: its code, its path without the numbers of array elements, and the text it points at.

    White space in the text does not count, and a text of several lines (a whole step) does not either: an edit
    anywhere in it would make another one. Secrets are taken out first, so that nothing can be guessed from it.
    """
    path = "/".join("" if isinstance(part, int) else part for part in diagnostic.path)
    span = diagnostic.span
    text = span.text if span and span.end - span.start <= _LONGEST else ""
    text = "" if "\n" in text or "\r" in text else " ".join(redactor.redact(text).split())
    whole = "\0".join((diagnostic.code, path, text))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:_LENGTH]
