"""Numbers in the standard and custom formats of .NET, in the invariant culture (.NET documentation, 'Standard numeric
format strings', 'Custom numeric format strings')."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, localcontext

_STANDARD = re.compile(r"([A-Za-z])([0-9]{0,2})")
_PIECE = re.compile(r"'[^']*'|\"[^\"]*\"|\\\\.|.", re.DOTALL)
_MOST_DIGITS = 1_000
_LONGEST_FORM = 400
"""Characters of a format; a number has at most 309 digits before the point."""


class NumeralFault(Exception):  # noqa: N818 - a fault of the user's text
    """A number format that does not fit the number, or is none."""


def write_number(value: int | float, form: str) -> str:
    """Write a number in a format of .NET.

    Raises:
        NumeralFault: the format is for integers and the number is none, or no such format exists.
    """
    standard = _STANDARD.fullmatch(form)
    if len(form) > _LONGEST_FORM:
        raise NumeralFault(f"a number format has at most {_LONGEST_FORM} characters")
    if standard is None:
        return _custom(Decimal(str(value)), form)
    writer = _WRITERS.get(standard[1].upper())
    if writer is None:
        raise NumeralFault(f"{form!r} is no number format")
    if standard[1].upper() in "DXB" and not isinstance(value, int):
        raise NumeralFault(f"the format {form!r} is for integers")
    text = writer(Decimal(str(value)), int(standard[2]) if standard[2] else None)
    return text.lower() if standard[1].islower() and standard[1] in "xe" else text


def _fixed(value: Decimal, digits: int, *, grouped: bool = False) -> str:
    rounded = _rounded(value, digits)
    text = f"{abs(rounded):{',' if grouped else ''}.{digits}f}"
    return f"-{text}" if rounded < 0 else text


def _rounded(value: Decimal, digits: int) -> Decimal:
    """Half away from zero, as .NET does for the digits that it writes."""
    with localcontext() as context:
        context.prec = _MOST_DIGITS
        return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _decimal(value: Decimal, count: int | None) -> str:
    return f"{'-' if value < 0 else ''}{abs(int(value)):0{count or 0}d}"


def _hexadecimal(value: Decimal, count: int | None) -> str:
    return f"{int(value) & 0xFFFFFFFFFFFFFFFF:0{count or 0}X}"


def _binary(value: Decimal, count: int | None) -> str:
    return f"{int(value) & 0xFFFFFFFFFFFFFFFF:0{count or 0}b}"


def _exponential(value: Decimal, count: int | None) -> str:
    mantissa, _, exponent = f"{value:.{6 if count is None else count}E}".partition("E")
    return f"{mantissa}E{exponent[0]}{int(exponent[1:]):03d}"


def _general(value: Decimal, count: int | None) -> str:
    if not count:
        return f"{value:f}"
    with localcontext() as context:
        context.prec = count
        short = +value
    exponent = short.adjusted()
    if -5 <= exponent < count:
        text = f"{short:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, power = f"{short.normalize():E}".partition("E")
    return f"{mantissa}E{power[0]}{int(power[1:]):02d}"


def _currency(value: Decimal, count: int | None) -> str:
    text = _fixed(abs(value), 2 if count is None else count, grouped=True)
    return f"(\u00a4{text})" if value < 0 else f"\u00a4{text}"


_WRITERS: Mapping[str, Callable[[Decimal, int | None], str]] = {
    "B": _binary,
    "C": _currency,
    "D": _decimal,
    "E": _exponential,
    "F": lambda value, count: _fixed(value, 2 if count is None else count),
    "G": _general,
    "N": lambda value, count: _fixed(value, 2 if count is None else count, grouped=True),
    "P": lambda value, count: f"{_fixed(value * 100, 2 if count is None else count, grouped=True)} %",
    "R": _general,
    "X": _hexadecimal,
}


def _custom(value: Decimal, form: str) -> str:
    """A picture of digits: 0 and # stand for digits, `,` groups, `.` divides, % is a hundredfold; `;` parts signs."""
    sections = _sections(form)
    negative = value < 0
    if value == 0 and len(sections) > 2:
        picture = sections[2]
    elif negative and len(sections) > 1 and sections[1]:
        picture, negative = sections[1], False
    else:
        picture = sections[0]
    if any(piece == "%" for piece in picture):
        value *= 100
    text = _pictured(abs(value), picture)
    return f"-{text}" if negative and any(digit in "123456789" for digit in text) else text


def _sections(form: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    for match in _PIECE.finditer(form):
        if match.group() == ";":
            sections.append([])
        else:
            sections[-1].append(match.group())
    return sections


def _pictured(value: Decimal, picture: list[str]) -> str:
    places = [index for index, piece in enumerate(picture) if piece in {"0", "#"}]
    if not places:
        return "".join(map(_plain, picture))
    point = picture.index(".") if "." in picture else len(picture)
    before = [index for index in places if index < point]
    after = [index for index in places if index > point]
    grouped = "," in picture[before[0] : before[-1]] if before else False
    whole, _, fraction = f"{_rounded(value, len(after)):.{len(after)}f}".partition(".")
    digits = _fill(whole.lstrip("0"), before, picture, grouped=grouped)
    kept = _kept(fraction, after, picture)
    pieces = []
    for index, piece in enumerate(picture):
        if index in digits:
            pieces.append(digits[index])
        elif index in after:
            pieces.append(kept[after.index(index)])
        elif piece == ".":
            pieces.append("." if any(kept) else "")
        elif piece != ",":
            pieces.append(_plain(piece))
    return "".join(pieces)


def _fill(whole: str, places: list[int], picture: list[str], *, grouped: bool) -> dict[int, str]:
    """The digits of each place before the point; the first one takes all that are left."""
    if not places:
        return {}
    zeros = next((len(places) - number for number, index in enumerate(places) if picture[index] == "0"), 0)
    padded = whole.rjust(zeros, "0")
    filled: dict[int, str] = {}
    for number, index in enumerate(reversed(places)):
        last = number == len(places) - 1
        end = len(padded) - number
        part = padded[: max(end, 0)] if last else padded[max(end - 1, 0) : max(end, 0)]
        filled[index] = _with_commas(part, number) if grouped else part
    return filled


def _with_commas(part: str, behind: int) -> str:
    """Digits with a comma before each group of three; `behind` digits follow."""
    pieces = []
    for offset, digit in enumerate(part):
        left = len(part) - offset + behind
        pieces.append(digit + ("," if left > 1 and left % 3 == 1 else ""))
    return "".join(pieces)


def _kept(fraction: str, places: list[int], picture: list[str]) -> list[str]:
    """The digits behind the point; those of # are left out where only zeros follow."""
    kept = list(fraction)
    for number in reversed(range(len(places))):
        if picture[places[number]] == "0" or kept[number] != "0":
            break
        kept[number] = ""
    return kept


def _plain(piece: str) -> str:
    if len(piece) > 1:
        return piece[1] if piece[0] == "\\" else piece[1:-1]
    return piece
