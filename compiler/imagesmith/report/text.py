"""Diagnostics to text for people: place, message, the line with a caret, the value's way, and what to do."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator

from imagesmith.diagnostics import Diagnostic, Severity
from imagesmith.redact import Redactor
from imagesmith.report.excerpt import CI_COMMAND, cut, escape, excerpt

_STATIONS = 6
"""How many stations of a value's way are printed."""

_COLORS = {Severity.ERROR: "1;31", Severity.WARNING: "1;33", Severity.NOTE: "1;36"}
_BOLD, _HINT = "1", "32"


def render(diagnostics: Iterable[Diagnostic], *, color: bool, secrets: Iterable[str] = ()) -> str:
    """All diagnostics in the order given and a line that counts them; empty where there are none.

    Nothing of the user's text acts on a terminal: control characters are written as escapes, and only the lines of a
    message begin at the left edge. `color` adds ANSI sequences. A line of the source that holds one of the `secrets`
    or a signature is shown without it.
    """
    shown = tuple(diagnostics)
    if not shown:
        return ""
    redact = Redactor(secrets).redact
    lines = [line for diagnostic in shown for line in (*_lines(diagnostic, redact, color=color), "")]
    return "\n".join([*lines, summary(shown), ""])


def summary(diagnostics: Iterable[Diagnostic]) -> str:
    """How many there are of each severity: ``2 errors, 1 warning``; ``no problems`` where there are none."""
    shown = tuple(diagnostics)
    counts = {severity: sum(d.severity is severity for d in shown) for severity in Severity}
    parts = [f"{count} {severity}{'' if count == 1 else 's'}" for severity, count in counts.items() if count]
    return ", ".join(parts) or "no problems"


def escape_controls(text: str) -> str:
    """The text with every character that a terminal could act on, or that hides or reorders others, as an escape.

    Tabs and white space of all kinds but line ends stay as they are. What a CI service would take for a command to it
    (``##vso[``, ``##[`` anywhere, ``::`` at the start) gets an escape as well.
    """
    if "##" in text:
        text = CI_COMMAND.sub(lambda _found: escape("#"), text)
    if text.lstrip().startswith("::"):
        text = text.replace(":", escape(":"), 1)
    if text.isprintable():
        return text
    return text.translate(_SHOWN)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs"


class _Shown(dict[int, str]):
    """Characters as they are shown, by their code: looked at once each, since a log can consist of odd ones."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = character if _is_harmless(character) else escape(character)
        if code < _OFTEN:
            self[code] = shown
        return shown


_OFTEN = 1 << 16
"""Codes from which on nothing is remembered: what a program prints must not fill the memory."""
_SHOWN = _Shown()


def _lines(diagnostic: Diagnostic, redact: Callable[[str], str], *, color: bool) -> Iterator[str]:
    severity = _painted(f"{diagnostic.severity}[{diagnostic.code}]", _COLORS[diagnostic.severity], on=color)
    place = f"{escape_controls(str(diagnostic.span))}: " if diagnostic.span else ""
    first, *others = diagnostic.message.split("\n")
    yield f"{_painted(place, _BOLD, on=color)}{severity}: {escape_controls(first)}"
    yield from (f"    {escape_controls(line)}" for line in others)
    yield from _source_lines(diagnostic, redact, color=color)
    yield from _way(diagnostic)
    if diagnostic.hint:
        first, *others = diagnostic.hint.split("\n")
        yield f"  {_painted('hint:', _HINT, on=color)} {escape_controls(first)}"
        yield from (f"        {escape_controls(line)}" for line in others)


def _source_lines(diagnostic: Diagnostic, redact: Callable[[str], str], *, color: bool) -> Iterator[str]:
    if diagnostic.span is None:
        return
    number = str(diagnostic.span.line)
    line = diagnostic.span.source.line(diagnostic.span.line)
    plain = redact(line)
    if plain != line:  # columns are others now, so nothing can be pointed at
        yield f"{number:>5} | {cut(plain)}"
        return
    text, carets = excerpt(diagnostic.span)
    if not text:
        return
    yield f"{number:>5} | {text}"
    indent = len(carets) - len(carets.lstrip(" "))
    yield f"{'':>5} | {carets[:indent]}{_painted(carets[indent:], _COLORS[diagnostic.severity], on=color)}"


def _way(diagnostic: Diagnostic) -> Iterator[str]:
    """Through what a value came from its text to where it is used, in that order."""
    if diagnostic.span is None or not diagnostic.via:
        return
    stations = diagnostic.via[::-1]
    first, *others = (
        f"through {escape_controls(via.what)} at {escape_controls(str(via.span))}" for via in stations[:_STATIONS]
    )
    yield f"  from {escape_controls(str(diagnostic.span))}, {first}"
    yield from (f"    then {station}" for station in others)
    if len(stations) > _STATIONS:
        yield f"    then through {len(stations) - _STATIONS} more"


def _painted(text: str, code: str, *, on: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if on and text else text
