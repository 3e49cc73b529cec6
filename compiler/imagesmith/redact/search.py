"""Many texts searched for in one pass over another: the Aho-Corasick algorithm, by a library that is compiled.

The library was chosen by measurement (`bench/log_path.py`): one expression of `re` with all forms of fifty secrets is
two hundred times slower, and a quick look for parts of forms before it three times. It has wheels for Linux, macOS and
Windows.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from imagesmith.redact.forms import SHORTEST

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_HEAD = 64
"""Characters of a form that are searched for; the rest is compared where they are found. The library takes long to
prepare for long texts."""
_WINDOW = 1 << 16
"""Characters that are searched at once: a text full of matches must not become a list of as many tuples."""
_PIECES = 4096
"""Characters of a form of which a line may be a middle piece; of longer secrets the lines are secrets themselves."""
TELLING = 8
"""Characters of a broken form that tell something in any case; of a short one, half of it is enough."""
LEAD = re.compile(r"(?:[0-9]+,[^,]*,ui,[a-z]+,)?(?:(?:==>|   ) [^\s:]+(?: \([^()]*\))?: ?)?\s*")
"""What stands before the text of a line: Packer's record (packer.md §4.2), its prefix, indentation."""
_LEADS = re.compile(LEAD.pattern * 2)
"""The same for a line, or for what is left of it without Packer's record and prefix."""
_LEADS_LONGEST = 300
_SURROGATE = re.compile("[\ud800-\udfff]")

_BASE64_BEFORE = re.compile(r"(?:%2[BbFf]|[A-Za-z0-9+/_-])\Z")
_BASE64_BEHIND = re.compile(r"%2[BbFf]|[A-Za-z0-9+/_-]")

Spans = list[tuple[int, int]]


class Finder:
    """Knows all forms; finds them whole, and where a text begins or ends in the middle of one.

    Preparing takes milliseconds and is put off until the first search.
    """

    def __init__(self, forms: Iterable[str], ragged: Mapping[str, tuple[bool, bool]] = MappingProxyType({})) -> None:
        self._forms = tuple(sorted(forms, key=lambda form: (-len(form), form)))
        heads = {form[:_HEAD]: (before, False) for form, (before, _) in ragged.items() if len(form) > _HEAD}
        self._ragged = {**heads, **ragged}

    @cached_property
    def _heads(self) -> dict[str, tuple[str, ...]]:
        """The forms that are longer than a head, by their heads, the longest first."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for form in self._forms:
            longer = found[_plain(form[:_HEAD])]
            if len(form) > _HEAD:
                longer.append(form)
        return {head: tuple(whole) for head, whole in found.items()}

    @cached_property
    def _openings(self) -> dict[str, tuple[str, ...]]:
        return _grouped(self._forms, lambda form: form[:SHORTEST])

    @cached_property
    def _closings(self) -> dict[str, tuple[str, ...]]:
        return _grouped(self._forms, lambda form: form[-SHORTEST:])

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        """What the automaton knows: heads first, then the edges of forms."""
        heads = self._heads
        edges = dict.fromkeys([*self._openings, *self._closings])
        return (*heads, *(edge for edge in edges if edge not in heads))

    @cached_property
    def _automaton(self) -> AhoCorasick:
        from ahocorasick_rs import AhoCorasick

        return AhoCorasick(self._patterns)

    @cached_property
    def _find(self) -> Callable[[str, bool], list[tuple[int, int, int]]]:
        return self._automaton.find_matches_as_indexes

    def hits(self, text: str) -> list[tuple[int, int, int]]:
        """Number of the pattern, start and end of everything that is found, overlapping or not; usually nothing."""
        if len(text) <= _WINDOW:
            try:
                return self._find(text, True)  # noqa: FBT003 - overlapping; by position it is faster
            except UnicodeEncodeError:
                return self._automaton.find_matches_as_indexes(_plain(text), overlapping=True)
        return list(self._windows(text))

    def _windows(self, text: str) -> Iterator[tuple[int, int, int]]:
        step = _WINDOW - _HEAD
        for at in range(0, len(text), step):
            seen = 0 if at == 0 else _HEAD
            for number, start, end in self.hits(text[at : at + _WINDOW]):
                if end > seen:  # else the window before has it
                    yield number, at + start, at + end

    def whole(self, text: str, hits: list[tuple[int, int, int]]) -> Spans:
        """Where forms stand. Of a form that breaks off after its head, the head is taken."""
        heads = self._heads
        found: Spans = []
        for number, start, end in hits:
            longer = heads.get(self._patterns[number])
            if longer is not None:
                whole = next((start + len(one) for one in longer if text.startswith(one, start)), end)
                found.append(self.widened(text, start, whole, text[start:whole]))
        return found

    def widened(self, text: str, start: int, end: int, form: str) -> tuple[int, int]:
        """A stretch that holds this form, or a piece of it, with the characters beside it that hold bits of the secret
        too; a stretch at an end of the text has no such character there."""
        before, behind = self._ragged.get(form, (False, False))
        if before and (match := _BASE64_BEFORE.search(text, max(0, start - 3), start)):
            start = match.start()
        if behind and (match := _BASE64_BEHIND.match(text, end)):
            end = match.end()
        return start, end

    def begun(self, text: str, hits: list[tuple[int, int, int]]) -> Iterator[tuple[int, str]]:
        """Forms that begin in the text and go on behind its end: where they begin, and the form."""
        for number, start, _end in hits:
            if len(text) - start < self._longest:
                piece = text[start:]
                for form in self._openings.get(self._patterns[number], ()):
                    if len(form) > len(piece) and form.startswith(piece):
                        yield start, form

    def inside(self, text: str) -> bool:
        """Whether the whole text stands in the middle of a form."""
        return len(text) <= self._longest and text in self._joined

    def may_be_inside(self, text: str) -> bool:
        """A quick look before `inside`, right for nearly all texts: their end is not that of a piece."""
        return text[-SHORTEST:] in self._grams

    def concerns(self, text: str) -> Iterator[int]:
        """Places in a text of many lines at which one holds a form, or perhaps begins or ends in the middle of one."""
        for number, start, end in self.hits(text):
            pattern = self._patterns[number]
            if pattern in self._heads or self._goes_on(text, start, pattern) or self._comes_from(text, end, pattern):
                yield start

    def _goes_on(self, text: str, start: int, opening: str) -> bool:
        """Whether all of the line from here on is how a form begins."""
        near = text[start : start + _HEAD].partition("\n")[0]  # nearly always enough to see that it is not
        forms = [form for form in self._openings.get(opening, ()) if form.startswith(near)]
        if not forms or len(near) < _HEAD:
            return bool(forms)
        stop = text.find("\n", start, start + self._longest)
        piece = text[start : stop if stop >= 0 else start + self._longest]
        return any(form.startswith(piece) for form in forms)

    def _comes_from(self, text: str, end: int, closing: str) -> bool:
        """Whether all that a line says up to here is how a form ends."""
        forms: Sequence[str] = self._closings.get(closing, ())
        size = len(closing)
        while forms:
            before = text[end - size - 1] if end > size else "\n"
            if (before.isspace() or before in ":,") and _may_speak_from(text, end - size):
                return True
            size += 1
            forms = [form for form in forms if len(form) > size and form[-size] == before]
        return False

    def perhaps_inside(self, lines: Iterable[str]) -> Iterator[int]:
        """Numbers of the lines that may stand in the middle of a form: their ends do."""
        grams = self._grams
        for number, line in enumerate(lines):
            if line[-SHORTEST:] in grams and len(line) >= TELLING and line[-TELLING:] in self._joined:
                yield number

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._forms), default=0)

    @cached_property
    def _joined(self) -> str:
        return "\n".join(self._forms)

    @cached_property
    def _grams(self) -> frozenset[str]:
        texts = (form[:_PIECES] for form in self._forms)
        return frozenset(text[at : at + SHORTEST] for text in texts for at in range(len(text) - SHORTEST + 1))

    def ended(self, text: str, start: int, hits: list[tuple[int, int, int]]) -> Iterator[tuple[int, str]]:
        """Forms that have begun before `start` and end in the text: where they end, and the form."""
        for number, _start, end in hits:
            if end - start >= self._longest:
                continue
            piece = text[start:end]
            for form in self._closings.get(self._patterns[number], ()):
                if len(form) > len(piece) >= SHORTEST and form.endswith(piece):
                    yield end, form


def _grouped(forms: Iterable[str], edge: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for form in forms:
        found[_plain(edge(form))].append(form)
    return {key: tuple(group) for key, group in found.items()}


def _may_speak_from(text: str, at: int) -> bool:
    """Whether a line of the text begins here, apart from what stands before the text of a line."""
    start = text.rfind("\n", max(0, at - _LEADS_LONGEST), at) + 1
    return (start == 0 and at > _LEADS_LONGEST) or _LEADS.fullmatch(text, start, at) is not None


def _plain(text: str) -> str:
    """Text without halves of surrogate pairs, which the library cannot take; as long as before."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
