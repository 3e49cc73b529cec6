"""JSON tokens to values: what may follow what, what is open, and how to go on after a mistake."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NoReturn, TypeAlias

from imagesmith.diagnostics import Rule, Severity, SourceText, Span
from imagesmith.source.file_rules import DUPLICATE_KEY, EMPTY, MAX_DEPTH, MAX_VALUES, TOO_DEEP, TOO_MANY_VALUES
from imagesmith.source.findings import Findings, shown
from imagesmith.source.json_rules import (
    EXTRA_TEXT,
    MISSING_COLON,
    MISSING_COMMA,
    MISSING_VALUE,
    TRAILING_COMMA,
    UNCLOSED_BRACKET,
    UNESCAPED_QUOTE,
    UNEXPECTED,
    UNQUOTED_WORD,
    WRONG_BRACKET,
)
from imagesmith.source.values import Data, Member, Object, Origin, Value

Next: TypeAlias = Literal["key", "colon", "value", "comma", "end"]


class GiveUpError(Exception):
    """What the rest of the text means is not certain any more; why has been reported."""


@dataclass(slots=True)
class _Open:
    """An object or array whose closing bracket has not come yet."""

    start: int
    closer: str
    members: dict[str, Member] = field(default_factory=dict)
    items: list[Value] = field(default_factory=list)
    key: Value | None = None

    @property
    def is_object(self) -> bool:
        return self.closer == "}"

    def data(self) -> Data:
        return Object(self.members.values()) if self.is_object else tuple(self.items)


class Grammar:
    """The state between two tokens; its methods take the next token with its offsets.

    `root` is the value read and `certain` whether it is what the text says in spite of the errors found. Every method
    raises `GiveUpError` where reading on would only produce false reports.
    """

    def __init__(self, source: SourceText, findings: Findings) -> None:
        self.next: Next = "value"
        self.root: Value | None = None
        self.certain = True
        self._source = source
        self._text = source.text
        self._findings = findings
        self._stack: list[_Open] = []
        self._last_comma = -1  # offset of the comma that came last, -1 after anything else
        self._last_end = 0
        self._count = 0

    def give_up(self, rule: Rule, start: int, end: int, message: str = "", *, hint: str = "") -> NoReturn:
        """Report the error after which nothing is certain."""
        self._findings.add(rule, start, end, message, hint=hint)
        raise GiveUpError

    def key(self, data: str, start: int, end: int) -> None:
        """Take a key whose colon follows, where `next` is a key: the short way for almost all keys."""
        self._stack[-1].key = self._value(data, start, end)
        self.next = "value"
        self._last_comma = -1

    def comma(self, start: int) -> None:
        """Take a comma."""
        if self.next == "comma":
            self.next = "key" if self._stack[-1].is_object else "value"
        elif self.next == "end":
            self.give_up(EXTRA_TEXT, start, start + 1)
        elif self.next == "value" and self._stack and self._stack[-1].key is not None:
            self._missing_value(start)
            self.next = "key"
        elif self.next == "colon":
            self._missing_colon(start)
            self.next = "key"
        elif self._stack:
            self._findings.add(MISSING_VALUE, start, start + 1, "a comma stands where a value should", hint="remove it")
            return
        else:
            self.give_up(UNEXPECTED, start, start + 1, "the document begins with a comma")
        self._last_comma = start

    def colon(self, start: int) -> None:
        """Take a colon."""
        if self.next == "end":
            hint = "put { before the first key and } at the end of the file"
            self.give_up(EXTRA_TEXT, start, start + 1, "a key and a value stand outside an object", hint=hint)
        if self.next != "colon":
            self.give_up(UNEXPECTED, start, start + 1, f"there is a colon, but {self.expected()} should come here")
        self.next = "value"

    def open(self, mark: str, start: int) -> None:
        """Take an opening bracket."""
        if self.next != "value":
            self.arrive(start, start + 1)
        if self.next == "key":
            self.give_up(UNEXPECTED, start, start + 1, f"there is '{mark}', but a key in quotes should come here")
        if len(self._stack) == MAX_DEPTH:
            self.give_up(TOO_DEEP, start, start + 1)
        self._stack.append(_Open(start, "}" if mark == "{" else "]"))
        self.next = "key" if mark == "{" else "value"
        self._last_comma = -1

    def close(self, mark: str, start: int) -> None:
        """Take a closing bracket."""
        if not self._stack:
            rule = EXTRA_TEXT if self.next == "end" else UNEXPECTED
            self.give_up(rule, start, start + 1, f"there is '{mark}', but nothing is open here")
        top = self._stack[-1]
        if mark != top.closer:
            line, column = self._source.position(top.start)
            opened = f"'{self._text[top.start]}' of line {line}, column {column}"
            message = f"'{mark}' does not close the {opened}; that needs '{top.closer}'"
            self.give_up(WRONG_BRACKET, start, start + 1, message)
        if self._last_comma >= 0:
            self._findings.add(TRAILING_COMMA, self._last_comma, self._last_comma + 1)
        elif self.next == "value" and top.key is not None:
            self._missing_value(start)
        elif self.next == "colon":
            self._missing_colon(start)
        self._stack.pop()
        self._store(self._value(top.data(), top.start, start + 1))

    def _value(self, data: Data, start: int, end: int) -> Value:
        return Value(data, Origin(Span(self._source, start, end)))

    def scalar(self, data: Data, start: int, end: int) -> None:
        """Take a string, number or literal, as a key where one should come."""
        if self.next != "value":
            self.arrive(start, end)
        if self.next != "key":
            self._store(self._value(data, start, end))
            return
        if not isinstance(data, str):
            data = self._text[start:end]
            self._findings.add(UNQUOTED_WORD, start, end, "a key stands outside quotes", hint=f'write "{shown(data)}"')
        self._stack[-1].key = self._value(data, start, end)
        self.next = "colon"
        self._last_end = end
        self._last_comma = -1

    def _store(self, value: Value) -> None:
        self._count += 1
        self._last_comma = -1
        self._last_end = value.origin.span.end
        if not self._stack:
            self.root = value
            self.next = "end"
            return
        if self._count > MAX_VALUES:
            self.give_up(TOO_MANY_VALUES, value.span.start, value.span.end)
        top = self._stack[-1]
        self.next = "comma"
        if top.key is None:
            top.items.append(value)
            return
        key = str(top.key.data)
        if key in top.members:
            self._duplicate(top.key, top.members[key])
        top.members[key] = Member(top.key, value)
        top.key = None

    def _duplicate(self, key: Value, first: Member) -> None:
        outermost = self._stack[0].key
        in_parameters = len(self._stack) > 1 and outermost is not None and str(outermost.data).lower() == "parameters"
        severity = Severity.WARNING if in_parameters else Severity.ERROR
        message = f"the key '{shown(str(key.data))}' stands twice in this object, first on line {first.name.span.line}"
        self._findings.add(DUPLICATE_KEY, key.span.start, key.span.end, message, severity=severity)

    def arrive(self, start: int, end: int) -> None:
        """Be ready for a value or key: say that the comma or colon before it is missing, where that is certain."""
        if self.next == "comma":
            if self._follows_string(start):
                self.give_up(UNESCAPED_QUOTE, start, end)
            self._findings.add(MISSING_COMMA, self._last_end, self._last_end)
            self.next = "key" if self._stack[-1].is_object else "value"
        elif self.next == "colon":
            if start == self._last_end:
                self.give_up(UNESCAPED_QUOTE, start, end)
            self._findings.add(MISSING_COLON, self._last_end, self._last_end, "a colon is missing here")
            self.next = "value"
        elif self.next == "end":
            self.give_up(EXTRA_TEXT, start, end)

    def _follows_string(self, start: int) -> bool:
        """Whether text goes on after a string where no comma is missing: on its line, and not by a value."""
        gap = self._text[self._last_end : start]
        same_line = "\n" not in gap and "\r" not in gap
        return self._text[self._last_end - 1] in "\"'" and same_line and (not gap or self._text[start] not in "\"'{[<$")

    def _missing_value(self, offset: int) -> None:
        """Point at the colon that it is missing after: what stands at `offset` may be lines further down."""
        key = self._stack[-1].key
        name = f" of '{shown(str(key.data))}'" if key else ""
        if key:
            offset = self._text.rfind(":", key.span.end, offset)
        self._stack[-1].key = None
        self._findings.add(MISSING_VALUE, offset, offset + 1, f"the value{name} is missing")
        self.certain = False

    def _missing_colon(self, offset: int) -> None:
        key = self._stack[-1].key
        start, end = (key.span.start, key.span.end) if key else (offset, offset + 1)
        self._stack[-1].key = None
        self._findings.add(MISSING_COLON, start, end)
        self.certain = False

    def end(self) -> None:
        """Take the end of the text."""
        length = len(self._text)
        if self._stack:
            top = self._stack[-1]
            kind = "object" if top.is_object else "array"
            line, column = self._source.position(top.start)
            missing = "".join(level.closer for level in reversed(self._stack))
            message = f"the file ends inside the {kind} that was opened on line {line}, column {column}"
            hint = f"add {missing} at the end, or where it was lost" if len(missing) <= 20 else ""
            self._findings.add(UNCLOSED_BRACKET, length, length, message, hint=hint)
            raise GiveUpError
        if self.root is None:
            self.give_up(EMPTY, 0, 0)

    def expected(self) -> str:
        """What should come next, for messages."""
        closer = self._stack[-1].closer if self._stack else ""
        return {
            "key": "a key in quotes",
            "colon": "a colon",
            "value": "a value",
            "comma": f"a comma or '{closer}'",
            "end": "the end of the file",
        }[self.next]
