"""Dates in the formats of .NET, in the invariant culture."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

COMPACT = "yyyyMMddTHHmmssZ"
"""The format of utcNow() without argument (its documentation)."""

GENERAL = "M/d/yyyy h:mm:ss tt"
"""What dateTimeAdd() writes in its documented examples, where the base was written with 'u'."""

ROUND_TRIP = "yyyy-MM-ddTHH:mm:ss.fffffffZ"

_STANDARD = {
    "d": "MM/dd/yyyy",
    "D": "dddd, dd MMMM yyyy",
    "f": "dddd, dd MMMM yyyy HH:mm",
    "F": "dddd, dd MMMM yyyy HH:mm:ss",
    "g": "MM/dd/yyyy HH:mm",
    "G": "MM/dd/yyyy HH:mm:ss",
    "m": "MMMM dd",
    "M": "MMMM dd",
    "o": ROUND_TRIP,
    "O": ROUND_TRIP,
    "r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    "s": "yyyy-MM-ddTHH:mm:ss",
    "t": "HH:mm",
    "T": "HH:mm:ss",
    "u": "yyyy-MM-dd HH:mm:ssZ",
    "U": "dddd, dd MMMM yyyy HH:mm:ss",
    "y": "yyyy MMMM",
    "Y": "yyyy MMMM",
}

_MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

_PIECE = re.compile(
    r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|\\(?P<escaped>.)|(?P<letters>(?P<letter>[dfFghHKmMstyz])(?P=letter)*)|.",
    re.DOTALL,
)

_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "y": lambda m, n: f"{m.year % 100:0{n}d}" if n <= 2 else f"{m.year:0{n}d}",
    "M": lambda m, n: f"{m.month:0{n}d}" if n <= 2 else _MONTHS[m.month - 1][: 3 if n == 3 else None],
    "d": lambda m, n: f"{m.day:0{n}d}" if n <= 2 else _DAYS[m.weekday()][: 3 if n == 3 else None],
    "H": lambda m, n: f"{m.hour:0{min(n, 2)}d}",
    "h": lambda m, n: f"{(m.hour + 11) % 12 + 1:0{min(n, 2)}d}",
    "m": lambda m, n: f"{m.minute:0{min(n, 2)}d}",
    "s": lambda m, n: f"{m.second:0{min(n, 2)}d}",
    "f": lambda m, n: f"{m.microsecond:06d}0"[:n],
    "F": lambda m, n: f"{m.microsecond:06d}0"[:n].rstrip("0"),
    "t": lambda m, n: ("AM" if m.hour < 12 else "PM")[: 1 if n == 1 else 2],
    "z": lambda _, n: ("+0", "+00", "+00:00")[min(n, 3) - 1],
    "K": lambda *_: "Z",
    "g": lambda *_: "A.D.",
}

_READABLE = (
    re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z"),
    re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,7}))?)?)?(Z|[+-]\d\d:\d\d)?"),
)


_WRITTEN_OUT = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%a, %d %b %Y %H:%M:%S GMT",
)
"""Other forms in which dates are written here, and which .NET reads in the invariant culture."""


class MomentFault(Exception):  # noqa: N818 - a fault of the user's text
    """A date or a date format that cannot be read."""


def write_moment(moment: datetime, form: str) -> str:
    """Write a UTC time in a standard (one letter) or custom format.

    Raises:
        MomentFault: the format is not one of .NET's.
    """
    if len(form) == 1 and form not in _STANDARD:
        raise MomentFault(f"{form!r} is not a date format")
    picture = _STANDARD.get(form, form)
    moment = moment.astimezone(UTC)

    def piece(match: re.Match[str]) -> str:
        letters = match["letters"]
        if letters is not None:
            if match["letter"] in "fF" and len(letters) > 7:
                raise MomentFault("a date format has at most seven digits of a second")
            return _WRITERS[match["letter"]](moment, min(len(letters), 9))
        for literal in ("single", "double", "escaped"):
            if match[literal] is not None:
                return match[literal]
        return match.group().replace("%", "")  # it only tells that a single letter is no standard format

    return _PIECE.sub(piece, picture)


def read_moment(text: str) -> tuple[datetime, str | None]:
    """Read a date in the compact form, in ISO 8601, or as dates are written here in other ways.

    Also tell the format to write it back, if it is known.

    Raises:
        MomentFault: the text is no date in one of these forms.
    """
    compact, extended = (pattern.fullmatch(text.strip()) for pattern in _READABLE)
    try:
        if compact is not None:
            return datetime(*(int(part) for part in compact.groups()), tzinfo=UTC), COMPACT  # type: ignore[misc, arg-type]
        if extended is not None:
            moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d", r"\1", text.strip()))
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC), _form_of(text.strip())
    except (ValueError, OverflowError):
        pass
    for form in _WRITTEN_OUT:
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).replace(tzinfo=UTC), None
    raise MomentFault(f"{text!r} is not a date that can be read")


def _form_of(text: str) -> str | None:
    if "T" in text and text.endswith("Z"):
        return ROUND_TRIP if "." in text else "yyyy-MM-ddTHH:mm:ssZ"
    return None
