"""Problems as values: text with positions, spans in it, rules, and the diagnostics that checks yield.

A check never prints and never raises for a user's mistake. It yields a `Diagnostic` that speaks in the path of the
value it is about; `locate` in `imagesmith.source` turns that path into a span, and a report prints it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from functools import cached_property
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Where a value stands in the image template resource: ``("properties", "customize", 3, "inline")``."""

Stretch: TypeAlias = tuple[int, int]
"""A part of a string value: offsets in the value's characters (not in how the file writes them), the end exclusive."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_PLAIN_KEY = re.compile(r"[A-Za-z_$][A-Za-z0-9_$-]*")


def dotted(path: Path) -> str:
    """Write a path as people read it: ``properties.customize[3].inline``; keys with other characters are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"['{part}']"
    return text


class SourceText:
    """A file's decoded text under the name that diagnostics print, able to turn offsets into lines and columns."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text

    def __repr__(self) -> str:
        return f"SourceText({self.name!r}, {len(self.text)} characters)"

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1; columns count characters (code points)."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line_start(self, number: int) -> int:
        """The offset at which a line begins, counted from 1; the text's end for a line behind the last."""
        return self._starts[number - 1] if number <= len(self._starts) else len(self.text)

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both counted from 1; the nearest one that exists."""
        number = min(max(line, 1), len(self._starts))
        return self._starts[number - 1] + min(max(column, 1) - 1, len(self.line(number)))

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its line end."""
        start = self._starts[number - 1]
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r\n")


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file's text: offsets in characters, the end exclusive."""

    source: SourceText = field(repr=False)
    start: int
    end: int

    @property
    def file(self) -> str:
        """The file's name as diagnostics print it."""
        return self.source.name

    @property
    def line(self) -> int:
        """Line of the first character, counted from 1."""
        return self.source.position(self.start)[0]

    @property
    def column(self) -> int:
        """Column of the first character, counted from 1."""
        return self.source.position(self.start)[1]

    @property
    def text(self) -> str:
        """The text that the span covers."""
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"


@dataclass(frozen=True, slots=True)
class Via:
    """One station on a value's way through evaluation: ``concat``, ``parameter 'region'``, and where it stands."""

    what: str
    span: Span


class Severity(StrEnum):
    """How bad a diagnostic is. Only errors stop a compilation."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Category(StrEnum):
    """What a diagnostic is about; its code says which (`category_of`)."""

    SYNTAX = "syntax"
    DEPLOYMENT = "deployment"
    SETTINGS = "settings"
    SCHEMA = "schema"
    SEMANTICS = "semantics"
    TRANSLATION = "translation"
    TARGET = "target"
    LINT = "lint"
    FILES = "files"
    TOOLCHAIN = "toolchain"
    RUN = "run"
    SANDBOX = "sandbox"


CATEGORIES: tuple[tuple[int, Category, str], ...] = (
    (0, Category.SYNTAX, "Reading files"),
    (100, Category.DEPLOYMENT, "ARM deployment files, parameters and tokens"),
    (150, Category.SETTINGS, "Parameter files beside the template, settings, silenced places and baselines"),
    (200, Category.SCHEMA, "Fields and their spelling"),
    (300, Category.SEMANTICS, "What no schema says"),
    (400, Category.TRANSLATION, "What cannot be translated"),
    (450, Category.TARGET, "What this Packer cannot say"),
    (500, Category.LINT, "Advice on scripts and settings"),
    (600, Category.FILES, "Files to fetch"),
    (700, Category.TOOLCHAIN, "Packer and its plugins"),
    (800, Category.RUN, "Runs and Azure"),
    (900, Category.SANDBOX, "The sandbox"),
)
"""From which number on codes are of a category, and what people read as its heading."""


def category_of(code: str) -> Category:
    """The category of a code: ``IMG412`` is `TRANSLATION`. Raises ValueError for what is no code."""
    number = int(code.removeprefix("IMG"))
    return next(category for first, category, _ in reversed(CATEGORIES) if number >= first)


class On(Enum):
    """Which part of a member a diagnostic points at."""

    VALUE = "value"
    KEY = "key"


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnostic:
    """One problem: what is wrong, where, and what to do about it."""

    code: str
    severity: Severity
    message: str
    hint: str
    path: Path = ()
    on: On = On.VALUE
    within: Stretch | None = None
    span: Span | None = None
    via: tuple[Via, ...] = ()

    @property
    def category(self) -> Category:
        """What the diagnostic is about."""
        return category_of(self.code)

    @property
    def is_error(self) -> bool:
        """Whether the diagnostic stops the compilation."""
        return self.severity is Severity.ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A row of the table of all diagnostics; it lives beside the check that uses it, `explain` collects them.

    `title` says in one line what is wrong, `cause` why it is a problem, `fix` what to do (also the hint of a diagnostic
    that gives none of its own), `example` shows a small piece of a template that has the problem, `corrected` the same
    piece without it, and `source` names the document that the rule comes from.
    """

    code: str
    severity: Severity
    title: str
    cause: str
    fix: str
    example: str = ""
    corrected: str = ""
    source: str = ""

    @property
    def category(self) -> Category:
        """What the rule is about."""
        return category_of(self.code)

    def at(
        self,
        path: Path,
        message: str = "",
        *,
        hint: str = "",
        on: On = On.VALUE,
        within: Stretch | None = None,
        span: Span | None = None,
        via: tuple[Via, ...] = (),
        severity: Severity | None = None,
    ) -> Diagnostic:
        """Make a diagnostic of this rule about the value at `path`; the message defaults to the rule's title.

        `within` points at a stretch of the text that is the value.
        """
        return Diagnostic(
            code=self.code,
            severity=severity or self.severity,
            message=message or self.title,
            hint=hint or self.fix,
            path=path,
            on=on,
            within=within,
            span=span,
            via=via,
        )


def to_json(diagnostic: Diagnostic) -> dict[str, str | int | None]:
    """A diagnostic in the form that scripts read; what says its place is null where it has none.

    Lines and columns are counted from 1, columns in characters; `endColumn` is that of the character behind the last.
    """
    span = diagnostic.span
    end = span.source.position(span.end) if span else (None, None)
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "hint": diagnostic.hint,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "path": dotted(diagnostic.path),
        "category": diagnostic.category.value,
        "endLine": end[0],
        "endColumn": end[1],
    }


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of the diagnostics stops the compilation."""
    return any(diagnostic.is_error for diagnostic in diagnostics)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Sort by file and position, those without a place last, and drop exact repetitions."""
    unique = dict.fromkeys(diagnostics)
    return tuple(
        sorted(unique, key=lambda d: (d.span is None, d.span.file if d.span else "", d.span.start if d.span else 0))
    )
