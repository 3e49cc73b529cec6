"""A name that is not known to the known one that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def close(name: str, known: Iterable[str]) -> str:
    """A hint with the known name that a mistyped one resembles, or nothing."""
    import difflib  # only where something is wrong

    folded = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[found[0]]!r}?" if found else ""
