"""Text of an ARM template expression to its syntax tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

MAX_NESTING = 64
"""Calls within calls that are accepted; the deepest real template has 17 (corpus-stats.md §4)."""

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<text>'(?:[^']|'')*')
    | (?P<number>-?[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
    | (?P<safe>\.\?|\[\?)
    | (?P<mark>[()\[\],.])
    """,
    re.VERBOSE,
)


class SyntaxFault(Exception):  # noqa: N818 - a fault of the user's text, turned into a diagnostic by the caller
    """Text that is no expression: what is wrong, and the stretch of the text that it is about."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """A string literal, its quotes and doubled quotes undone."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """An integer literal; expressions have no others."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A function called with arguments; `namespace` is empty for ARM's own functions. The stretch is the name's."""

    namespace: str
    name: str
    arguments: tuple[Node, ...]
    start: int
    end: int

    @property
    def full_name(self) -> str:
        """The name as it was written, with its namespace."""
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One look-up: a property or an index; a safe one gives null where there is nothing."""

    key: Node
    safe: bool
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A value and the look-ups made in it one after the other (a flat list: chains may be long)."""

    target: Node
    steps: tuple[Step, ...]
    start: int
    end: int


Node: TypeAlias = Text | Number | Call | Access


def is_expression(text: str) -> bool:
    """Whether ARM takes a string for an expression: `[` first, `]` last, and not the escape `[[`."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def is_escaped(text: str) -> bool:
    """Whether a string is a literal in brackets that was escaped by doubling the first."""
    return text.startswith("[[") and text.endswith("]")


@lru_cache(maxsize=512)
def parse(text: str) -> Node:
    """Parse an expression with its outer brackets; offsets in the tree count from the first bracket.

    Raises:
        SyntaxFault: where the text is not an expression.
    """
    return _Parser(text).whole()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at, stop = 1, len(text) - 1
    while at < stop:
        match = _TOKEN.match(text, at, stop)
        if match is None:
            what = "a string without its closing quote" if text[at] == "'" else f"{text[at]!r} has no place here"
            raise SyntaxFault(what, at, stop if text[at] == "'" else at + 1)
        if match.lastgroup != "space":
            tokens.append(_Token(str(match.lastgroup), match.group(), match.start(), match.end()))
        at = match.end()
    tokens.append(_Token("end", "", stop, stop + 1))
    return tokens


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        if self._peek().kind == "end":
            raise SyntaxFault("the expression is empty", 0, 2)
        node = self._expression()
        left = self._peek()
        if left.kind != "end":
            raise SyntaxFault(f"nothing may follow the expression, but {left.text!r} does", left.start, left.end)
        return node

    def _peek(self, ahead: int = 0) -> _Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _next(self) -> _Token:
        token = self._peek()
        self._at += 1
        return token

    def _expect(self, mark: str) -> _Token:
        token = self._next()
        if token.text != mark:
            raise SyntaxFault(f"{mark!r} is missing {_before(token)}", token.start, token.end)
        return token

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_NESTING:
            token = self._peek()
            raise SyntaxFault(f"calls are nested deeper than {MAX_NESTING}", token.start, token.end)
        target = self._primary()
        steps: list[Step] = []
        while (step := self._step()) is not None:
            steps.append(step)
        self._depth -= 1
        if not steps:
            return target
        return Access(target=target, steps=tuple(steps), start=target.start, end=steps[-1].end)

    def _primary(self) -> Node:
        token = self._next()
        if token.kind == "text":
            return Text(text=token.text[1:-1].replace("''", "'"), start=token.start, end=token.end)
        if token.kind == "number":
            return _number(token)
        if token.kind == "name":
            return self._call(token)
        raise SyntaxFault(f"a function, a string or a number is missing {_before(token)}", token.start, token.end)

    def _call(self, first: _Token) -> Call:
        namespace, name = "", first
        if self._peek().text == "." and self._peek(1).kind == "name" and self._peek(2).text == "(":
            self._next()
            namespace, name = first.text, self._next()
        if self._peek().text != "(":
            raise SyntaxFault(
                f"{name.text!r} is no value: a name must be called, as in {name.text}()", name.start, name.end
            )
        self._next()
        arguments = self._arguments()
        return Call(namespace=namespace, name=name.text, arguments=arguments, start=first.start, end=name.end)

    def _arguments(self) -> tuple[Node, ...]:
        if self._peek().text == ")":
            self._next()
            return ()
        arguments = [self._expression()]
        while self._peek().text == "," and self._peek().kind == "mark":
            self._next()
            arguments.append(self._expression())
        self._expect(")")
        return tuple(arguments)

    def _step(self) -> Step | None:
        token = self._peek()
        if token.kind not in {"mark", "safe"} or token.text not in {".", ".?", "[", "[?"}:
            return None
        self._next()
        safe = token.kind == "safe"
        if token.text.startswith("."):
            name = self._next()
            if name.kind != "name":
                raise SyntaxFault(f"a property's name is missing {_before(name)}", name.start, name.end)
            key: Node = Text(text=name.text, start=name.start, end=name.end)
            return Step(key=key, safe=safe, start=name.start, end=name.end)
        key = self._expression()
        closing = self._expect("]")
        return Step(key=key, safe=safe, start=token.start, end=closing.end)


def _number(token: _Token) -> Number:
    if "." in token.text:
        raise SyntaxFault("numbers in expressions are integers; write json('1.5') for others", token.start, token.end)
    if len(token.text) > 20:
        raise SyntaxFault("the number does not fit into 64 bits", token.start, token.end)
    return Number(number=int(token.text), start=token.start, end=token.end)


def _before(token: _Token) -> str:
    return "at the end" if token.kind == "end" else f"before {token.text!r}"
