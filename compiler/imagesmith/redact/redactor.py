"""Secrets and a text to the text without them, and a log's lines likewise."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from imagesmith.redact.forms import SHORTEST, encodings, parts, ragged_forms
from imagesmith.redact.search import LEAD, TELLING, Finder, Spans
from imagesmith.redact.urls import MARK, without_signatures

LEAST = 6
"""Characters that a secret needs to be taken as one."""
_PATIENCE = 4
"""How many lines may come between two pieces: two streams mix."""
_BREAK = re.compile(r"(?<!\\)(?:\\++r)?\\++n|\r?\n")
"""Where a text is broken into lines: by line ends, or as they are escaped in a record of Packer (packer.md §4.2)."""
_TELLTALE = re.compile(r"sig(?:=|%3)|\\n")
"""What a signature, and what a record of several lines has."""


def too_short(secret: str) -> str | None:
    """Why a value cannot be kept secret, None where it can: masking every place where a few characters stand would
    destroy the log, and tell the secret by its holes (hashicorp/packer#11145)."""
    length = len(secret.strip())
    if length >= LEAST:
        return None
    shown = "is empty" if length == 0 else f"has {length} character{'s' if length > 1 else ''}"
    return f"it {shown}, and a secret needs {LEAST}: a shorter one cannot be masked without destroying the log"


class Redactor:
    """Replaces every known secret, in every form that `encodings` makes of it, and all SAS signatures, by `MARK`.

    Takes the secrets once and is safe to share between threads. A secret of fewer than six characters is masked only as
    it is and only where it stands alone: as a part of other words it would destroy the text. `longest` is the length of
    the longest form in characters: who cuts a text at an arbitrary place drops as many from its end, since half a
    secret is not found.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {part for secret in secrets for part in parts(secret)}
        long = [part for part in known if len(part) >= LEAST]
        forms = {form for part in long for form in encodings(part) if len(form) >= SHORTEST}
        short = sorted(known.difference(long))
        ragged = {form: sides for part in long for form, sides in ragged_forms(part).items()}
        self.finder = Finder(forms, ragged) if forms else None
        self._short = re.compile("|".join(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])" for part in short))
        self._has_short = bool(short)
        self.longest = max(map(len, forms), default=0)
        self._clean = ""

    def __repr__(self) -> str:
        return "Redactor(…)"

    def redact(self, text: str) -> str:
        """The text with every secret masked; touching and overlapping ones become one mark. Linear in the text."""
        if text is self._clean:
            return text
        return self.masked(text, self.spans(text))

    def spans(self, text: str) -> Spans:
        """Where secrets of six characters or more stand in a text, in whatever form; spans may overlap."""
        finder = self.finder
        return finder.whole(text, hits) if finder is not None and (hits := finder.hits(text)) else []

    def masked(self, text: str, spans: Spans) -> str:
        """The text without these parts, without short secrets and without signatures.

        What comes out is remembered by identity: a line of a log is seen by several one after the other.
        """
        if self._has_short:
            spans = [*spans, *(match.span() for match in self._short.finditer(text))]
        if spans:
            text = _cut_out(text, spans)
        self._clean = without_signatures(text) if "sig" in text else text
        return self._clean

    def suspects(self, lines: Sequence[str]) -> frozenset[int]:
        """Numbers of the lines that have to be looked at one by one, in a search over all of them at once.

        In the others stands no secret, in no form, neither whole nor begun nor ended, and no signature. A
        `LineRedactor` that is `settled` gives them back as they are and stays settled.
        """
        text = "\n".join(lines)
        places = list(self.finder.concerns(text)) if self.finder is not None else []
        if "sig" in text or "\\n" in text:
            places += [match.start() for match in _TELLTALE.finditer(text)]
        found = set(_numbers(places, lines))
        if self._has_short:
            found.update(number for number, line in enumerate(lines) if self._short.search(line))
        if self.finder is not None:
            found.update(self.finder.perhaps_inside(lines))
        return frozenset(found)

    def line_redactor(self) -> LineRedactor:
        """A redactor for the lines of one log, in their order; for one thread at a time."""
        return LineRedactor(self)


@dataclass(frozen=True, slots=True)
class _Broken:
    """A form of which the first `length` characters ended a line; `age` is how many lines ago."""

    form: str
    length: int
    age: int = 0


class LineRedactor:
    """Masks like its `Redactor`, and also secrets that a program has broken over lines (`base64`, `fold`, PowerShell's
    errors).

    A piece that ends a line is masked if it tells something: eight characters, or half of the form. What follows it on
    one of the next lines is masked to the form's end. A line that begins with the end of a form likewise, and
    one that is nothing but a piece of a form.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._finder = redactor.finder
        self._broken: tuple[_Broken, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether none of the last lines ended in the middle of a secret."""
        return not self._broken

    def suspects(self, lines: Sequence[str]) -> frozenset[int]:
        """As of its `Redactor`; looks ahead and changes nothing."""
        return self._redactor.suspects(lines)

    def __call__(self, text: str) -> str:
        """The next line, without its line end and without secrets."""
        finder = self._finder
        if finder is None:
            return self._redactor.masked(text, [])
        spans = self._several(finder, text) if "\n" in text or "\\n" in text else self._line(finder, text)
        return self._redactor.masked(text, spans)

    def _several(self, finder: Finder, text: str) -> Spans:
        """In a text of several lines: what stands in it as a whole, since ``\\n`` may be a part of a secret (a path of
        Windows), and what stands in its lines, read one after the other."""
        before = self._broken
        spans = self._line(finder, text)
        after, self._broken = self._broken, before
        at = 0
        for stop, end in (*(found.span() for found in _BREAK.finditer(text)), (len(text), len(text))):
            if at < stop:
                spans += [(at + first, at + last) for first, last in self._line(finder, text[at:stop])]
            at = end
        self._broken = tuple(dict.fromkeys((*after, *self._broken)))
        return spans

    def _line(self, finder: Finder, text: str) -> Spans:
        hits = finder.hits(text)
        if not hits and not self._broken and not finder.may_be_inside(text):
            return []
        lead = LEAD.match(text)
        start = lead.end() if lead else 0
        spans = finder.whole(text, hits)
        spans += self._continued(finder, text, start)
        if len(text) - start >= TELLING and finder.inside(text[start:]):
            spans.append((start, len(text)))
        spans += [
            finder.widened(text, start, end, form)
            for end, form in finder.ended(text, start, hits)
            if _telling(form, end - start)
        ]
        for at, form in finder.begun(text, hits):
            length = len(text) - at
            self._broken += (_Broken(form, length),)
            if _telling(form, length):
                spans.append(finder.widened(text, at, len(text), form))
        return spans

    def _continued(self, finder: Finder, text: str, start: int) -> Spans:
        """Where the line goes on with what an earlier one began; what goes on behind this one is kept in mind."""
        spans: Spans = []
        waiting: list[_Broken] = []
        line = text[start:]
        for one in self._broken:
            rest = one.form[one.length :]
            if line.startswith(rest):
                spans.append(finder.widened(text, start, start + len(rest), one.form))
            elif line and rest.startswith(line) and _telling(one.form, one.length + len(line)):
                spans.append((start, len(text)))
                waiting.append(_Broken(one.form, one.length + len(line)))
            elif one.age < _PATIENCE:
                waiting.append(_Broken(one.form, one.length, one.age + 1))
        self._broken = tuple(waiting)
        return spans


def _numbers(places: Sequence[int], lines: Sequence[str]) -> Iterator[int]:
    """The numbers of the lines in which these places of the whole text are."""
    if places:
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        yield from (bisect_right(starts, place) - 1 for place in places)


def _telling(form: str, length: int) -> bool:
    return length >= TELLING or 2 * length >= len(form)


def _cut_out(text: str, spans: Spans) -> str:
    pieces: list[str] = []
    done = 0
    start, end = -1, -1
    for first, last in sorted(spans):
        if first > end:
            if end >= 0:
                pieces += text[done:start], MARK
                done = end
            start = first
        end = max(end, last)
    pieces += text[done:start], MARK, text[end:]
    return "".join(pieces)
