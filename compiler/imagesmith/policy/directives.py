"""What a template says about its own diagnostics: comments and `metadata` entries to directives.

A comment is what stands outside every value and key, so the same search serves JSON and YAML and finds nothing in the
lines of a script. `metadata` is a member that Azure Resource Manager takes and ignores in a deployment file, on its top
level and in a resource ('Understand the structure and syntax of ARM templates', comments and metadata). In a bare
resource it is read too, as `comments` and other words of that envelope are, though a PUT would send it to the service.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from imagesmith.diagnostics import Diagnostic, SourceText, Span, dotted
from imagesmith.policy.rules import BAD_SILENCE
from imagesmith.policy.selectors import is_selector, matches, selector_problem
from imagesmith.source import Document, Object, Value, walk
from imagesmith.source.comments import ADDRESSED

MOST = 1_000
"""How many comments of a file are read: each is compared with every diagnostic."""

_MARK = "imagesmith"
_WORDS = re.compile(
    r"(?P<verb>ignore|ignore-file)(?![\w-])[ \t:]*(?P<codes>\w+(?:[ \t]*,[ \t]*\w+)*)?[ \t]*(?P<reason>.*)"
)
_IMAGE_TEMPLATES = "microsoft.virtualmachineimages"
_NOTHING_BUT_COMMENT = re.compile(r"[ \t]*(?://|/\*|#|\r|\n|\Z)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Directive:
    """One wish to silence: which diagnostics, where (`reach`; None is everywhere), why, and where it is written."""

    span: Span
    selectors: tuple[str, ...]
    reason: str = ""
    reach: Span | None = None
    path: str = ""

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a diagnostic is one of those meant: its text, or a station on its way, stands in the reach."""
        if not any(matches(selector, diagnostic.code) for selector in self.selectors):
            return False
        if self.path and not _is_below(dotted(diagnostic.path), self.path):
            return False
        return self.reach is None or any(_is_in(span, self.reach) for span in _spans(diagnostic))


def _spans(diagnostic: Diagnostic) -> Iterator[Span]:
    if diagnostic.span is not None:
        yield diagnostic.span
    yield from (station.span for station in diagnostic.via)


def _is_in(span: Span, reach: Span) -> bool:
    return span.source is reach.source and reach.start <= span.start < reach.end


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith((f"{above}.", f"{above}["))


def directives_in(document: Document) -> tuple[tuple[Directive, ...], tuple[Diagnostic, ...]]:
    """The directives of a file as it was read, and what is wrong with those that are none."""
    root = document.root
    if root is None or _MARK not in document.source.text:
        return (), ()
    found = [*_in_comments(document.source, root), *_in_metadata(root)]
    directives = tuple(one for one in found if isinstance(one, Directive))
    return directives, tuple(one for one in found if isinstance(one, Diagnostic))


def _in_comments(source: SourceText, root: Value) -> Iterator[Directive | Diagnostic]:
    if ADDRESSED.search(source.text) is None:
        return
    scalars = sorted(_scalars(source, root))
    lines = _Lines(source, scalars)
    count = 0
    for match in ADDRESSED.finditer(source.text):
        if lines.is_in_text(match.start()):
            continue
        count += 1
        if count > MOST:
            message = f"there are more than {MOST:,} comments that silence something; the others count for nothing"
            yield BAD_SILENCE.at((), message, span=Span(source, match.start(), match.end()))
            return
        yield _of_comment(source, match, lines)


class _Lines:
    """Where the texts of a file begin and end, and which line a comment is about."""

    def __init__(self, source: SourceText, scalars: list[tuple[int, int]]) -> None:
        self._source = source
        self._scalars = scalars
        self._starts = [start for start, _ in scalars]
        self._next = (0, 0)

    def is_in_text(self, offset: int) -> bool:
        """Whether an offset is inside a value or key, so that what looks like a comment is none."""
        before = bisect_right(self._starts, offset) - 1
        return before >= 0 and offset < self._scalars[before][1]

    def reach(self, offset: int) -> Span:
        """The line of a comment, or the next one with something on it; and the texts that begin there, to their end."""
        number, column = self._source.position(offset)
        start = offset - column + 1
        if not self._source.text[start:offset].strip():
            start = self._next_line(start, number)
        end = start + len(self._source.line(self._source.position(start)[0]))
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        return Span(self._source, start, max(end + 1, *(end for _, end in self._scalars[first:last]), 0))

    def _next_line(self, start: int, number: int) -> int:
        """Where the first line below begins that is not empty and no comment; comments in a row have the same one."""
        before, found = self._next
        if before <= start < found:
            return found
        before = start
        while _NOTHING_BUT_COMMENT.match(self._source.text, start) and start < len(self._source.text):
            number += 1
            start = self._source.line_start(number)
        self._next = (before, start)
        return start


def _scalars(source: SourceText, root: Value) -> Iterator[tuple[int, int]]:
    for _, value in walk(root):
        if isinstance(value.data, Object):
            for member in value.data:
                if member.name.span.source is source:
                    yield member.name.span.start, member.name.span.end
        elif not isinstance(value.data, tuple) and value.span.source is source:
            yield value.span.start, value.span.end


def _of_comment(source: SourceText, match: re.Match[str], lines: _Lines) -> Directive | Diagnostic:
    words = match["words"].removesuffix("*/").strip()
    span = Span(source, match.start(), match.start("words") + len(match["words"].rstrip()))
    said = _WORDS.fullmatch(words)
    codes = re.split(r"[ \t]*,[ \t]*", said["codes"]) if said and said["codes"] else []
    if said is None:
        return BAD_SILENCE.at((), f"'{words[:60]}' is nothing that imagesmith knows", span=span)
    if problem := _problem(codes):
        return BAD_SILENCE.at((), problem, span=span)
    reach = None if said["verb"] == "ignore-file" else lines.reach(match.start())
    return Directive(span=span, selectors=tuple(codes), reason=said["reason"].strip(), reach=reach)


def _problem(codes: list[str]) -> str:
    if not codes:
        return "it is not said which diagnostic to ignore"
    return next((problem for code in codes if (problem := selector_problem(code))), "")


def _in_metadata(root: Value) -> Iterator[Directive | Diagnostic]:
    for _, value in walk(root):
        if isinstance(value.data, Object) and (value is root or _is_image_template(value.data)):
            reach = None if value is root else value.span
            yield from _entries(value.data, reach)


def _is_image_template(data: Object) -> bool:
    kind = data.find("type")
    return kind is not None and str(kind.value.data).lower().startswith(_IMAGE_TEMPLATES)


def _entries(data: Object, reach: Span | None) -> Iterator[Directive | Diagnostic]:
    listed = _below(_below(_below(data, "metadata"), _MARK), "ignore")
    if listed is None:
        return
    if not isinstance(listed.data, tuple):
        yield BAD_SILENCE.at((), "`ignore` is a list", span=listed.span)
        return
    for item in listed.data:
        yield _entry(item, reach)


def _below(parent: Object | Value | None, key: str) -> Value | None:
    data = parent.data if isinstance(parent, Value) else parent
    member = data.find(key) if isinstance(data, Object) else None
    return member.value if member else None


def _entry(item: Value, reach: Span | None) -> Directive | Diagnostic:
    data = item.data
    parts: dict[str, str] = {}
    if isinstance(data, Object):
        parts = {member.key.lower(): str(member.value.data) for member in data}
        strange = parts.keys() - {"code", "path", "reason"}
        if strange or "code" not in parts:
            return BAD_SILENCE.at(
                (), "an entry of `ignore` has `code`, and perhaps `path` and `reason`", span=item.span
            )
    else:
        parts["code"] = str(data)
    if not is_selector(parts["code"]):
        return BAD_SILENCE.at((), _problem([parts["code"]]), span=item.span)
    return Directive(
        span=item.span,
        selectors=(parts["code"],),
        reason=parts.get("reason", ""),
        reach=reach,
        path=parts.get("path", ""),
    )
