"""What must hold of every diagnostic's place: it is in the file, and it is what the words are about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Span, dotted
from imagesmith.pipeline import Compilation
from imagesmith.source import Object, walk

_QUOTED = re.compile(r"'([^'\n]+)'|`([^`\n]+)`|(\w+)\(\)")
_WORD = re.compile(r"\w+")
_ESCAPE = re.compile(r"\\(?:x..|u.{4}|U.{8}|.)")
"""How a message shows what is not printable; the file may write it otherwise."""

ABOUT_SOMETHING_ELSE = frozenset(
    {
        *("IMG111", "IMG113", "IMG114", "IMG127", "IMG133"),  # the parameter; the place is its value
        *("IMG117", "IMG223", "IMG331"),  # what is asked for, or missing
        *("IMG395", "IMG422", "IMG424"),  # the setting's counterpart, which stays as it is
        "IMG533",  # the step before
        *("IMG106", "IMG153"),  # what may stand there
    }
)
"""Codes whose words are not about the place that they point at, each with what they are about."""


def misplaced(compilation: Compilation) -> Iterator[str]:
    """What is wrong with the places of a compilation's diagnostics, one sentence each."""
    for found in (*compilation.diagnostics, *(one.diagnostic for one in compilation.silenced)):
        wrong = [span for span in _spans(found) if not 0 <= span.start <= span.end <= len(span.source.text)]
        yield from (f"{found.code}: the span {span.start}-{span.end} is not in {span.file}" for span in wrong)
        if wrong:
            continue
        if not all(_is_consistent(span) for span in _spans(found)):
            yield f"{found.code}: line and column are not those of the offset"
        if found.span is None:
            yield f"{found.code}: no place"
        elif found.code not in ABOUT_SOMETHING_ELSE and not _is_about(found, compilation):
            yield f"{found.code}: {found.message!r} is not about {found.span.text[:80]!r} at {dotted(found.path)}"


def _spans(found: Diagnostic) -> Iterator[Span]:
    if found.span is not None:
        yield found.span
    yield from (station.span for station in found.via)


def _is_consistent(span: Span) -> bool:
    """Whether line and column lead back to the offset."""
    line, column = span.source.position(span.start)
    return span.source.line_start(line) + column - 1 == span.start


def _is_about(found: Diagnostic, compilation: Compilation) -> bool:
    """Whether something that the message quotes stands at the place, on the way there, or in the path; messages that
    quote nothing, signs without letters, or only words of the language, pass."""
    quoted = [text for texts in _QUOTED.findall(found.message) for text in texts if text]
    texts = [span.text for span in _spans(found)]
    if found.span is not None:
        number = found.span.line  # in YAML the key may stand on the line before
        texts += [found.span.source.line(one)[:10_000] for one in (number - 1, number) if one]
    texts.append(dotted(found.path))
    value = compilation.document.at(found.path) if compilation.document else None
    texts.append(str(value.data)[:10_000] if value is not None and isinstance(value.data, str) else "")
    written = " ".join(texts).lower()
    pieces = [_words(text) for text in quoted]
    if not pieces or not all(pieces) or any(word in written for words in pieces for word in words):
        return True
    return not any(_stands_anywhere(words, compilation) for words in pieces)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(_ESCAPE.sub(" ", text[:10_000]))}


def _stands_anywhere(words: set[str], compilation: Compilation) -> bool:
    """Whether the whole of a quoted text stands elsewhere in the file, so that the place is the wrong one."""
    document = compilation.document
    if document is None or document.root is None:
        return False
    for _, value in walk(document.root):
        texts = [member.key for member in value.data] if isinstance(value.data, Object) else [value.data]
        for text in texts:
            if isinstance(text, str) and words <= _words(text):
                return True
    return False
