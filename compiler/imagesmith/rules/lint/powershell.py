"""A PowerShell script to its commands, each with its place: as much of the language as the rules need.

What a variable, an alias of the user's or a splatted table stands for is not computed. Source: about_Parsing,
about_Quoting_Rules and about_Operators of Windows PowerShell 5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagesmith.rules.lint.patterns import Pattern

_TOKEN = Pattern(
    r"""(?P<skip>[ \t\r\f\v]+|`\r?\n)
|(?P<comment><\#.*?(?:\#>|\Z)|\#[^\n]*)
|(?P<here>@(?P<quote>['"])[ \t]*\r?\n)
|(?P<chain>&&|\|\|)
|(?P<end>[\n;|{}(),=]|[+\-*/%]=)
|(?P<call>&(?!>)|\.(?=[ \t]))
|(?P<redirect>(?:[0-9*])?>>?(?:&[0-9])?)
|(?P<word>(?:'(?:[^']|'')*+'|"(?:[^"`$]|`.|""|\$\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*+\)|\$)*+"|`.|\$\([^()]*\)
    |[^\s;|{}()<>,='"`&]|[<'"`&=])+?(?=[\s;|{}(),>='"`&]|\Z)(?:['"`=][^\s;|{}()]*+)?)""",
    re.VERBOSE | re.DOTALL,
)
_QUOTES = Pattern(r"""'((?:[^']|'')*)'|"((?:[^"`]|`.)*)"|`(.)""", re.DOTALL)
_VARIABLE = Pattern(r"\$[\w:{}?]+(?:\.\w+)*|\[[\w.\[\]]+\]\$\w+", re.IGNORECASE)
_KEYWORDS_WORDS = (
    "begin break catch class continue data do else elseif end filter finally for foreach function if in param"
    " process return switch throw trap try until using while"
)
_KEYWORDS = frozenset(_KEYWORDS_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its place; `text` is without quotes."""

    text: str
    start: int
    end: int
    is_bare: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command: its name first. An expression (`$x.Exit()`) is none, but the commands inside it are."""

    start: int
    end: int
    name: str
    """The command's name in lower case, without folder and `.exe`."""
    words: tuple[Word, ...]
    depth: int = 0
    """How many braces and parentheses it stands in."""
    piped_into: bool = False
    before_pipe: bool = False
    assigned: str = ""
    """The variable that takes its result, with its dollar."""
    is_redirected: bool = False

    @property
    def arguments(self) -> tuple[str, ...]:
        """What stands behind the name, without quotes."""
        return tuple(word.text for word in self.words[1:])

    def has(self, parameter: str, *, shortest: int = 3) -> bool:
        """Whether a parameter of this name is given, perhaps shortened to no less than `shortest` letters."""
        wanted = parameter.lower()
        names = (word.text.lower().partition(":")[0] for word in self.words[1:] if word.text.startswith("-"))
        return any(len(name) > shortest and f"-{wanted}".startswith(name) for name in names)

    @property
    def is_splatted(self) -> bool:
        """Whether arguments come from a table that is not seen here: `@options`."""
        return any(re.match(r"@\w", word.text) and word.is_bare for word in self.words[1:])


@dataclass(slots=True)
class _Open:
    words: list[Word]
    depth: int
    is_called: bool = False
    piped_into: bool = False
    assigned: str = ""
    is_redirected: bool = False


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0
        self._open = _Open([], 0)
        self._outer: list[_Open] = []
        self.chains: list[tuple[int, int]] = []

    def commands(self) -> Iterator[Command]:
        at = 0
        while at < len(self._text):
            match = _TOKEN.match(self._text, at)
            if match is None:
                at += 1
                continue
            at = match.end()
            match match.lastgroup:
                case "end":
                    yield from self._sign(match[0])
                case "chain":
                    self.chains.append(match.span())
                    yield from self._close()
                case "call":
                    self._open.is_called |= not self._open.words
                case "redirect":
                    self._open.is_redirected = True
                case "here":
                    at = self._here_string(match)
                case "word":
                    self._open.words.append(_word(match))
                case _:
                    pass
        while self._outer:
            yield from self._close()
            self._open = self._outer.pop()
        yield from self._close()

    def _here_string(self, match: re.Match[str]) -> int:
        """Take in a here-string as one word; where it does not end, so does the script."""
        end = self._text.find(f"\n{match['quote']}@", match.end() - 1)
        behind = len(self._text) if end < 0 else end + 3
        self._open.words.append(
            Word(self._text[match.end() : max(end, match.end())], match.start(), behind, is_bare=False)
        )
        return behind

    def _sign(self, sign: str) -> Iterator[Command]:
        if sign in "({":
            self._outer.append(self._open)
            self._depth += 1
            self._open = _Open([], self._depth)
        elif sign in ")}":
            yield from self._close()
            if self._outer:
                self._open = self._outer.pop()
                self._depth -= 1
        elif sign == "|":
            yield from self._close(before_pipe=True)
            self._open.piped_into = True
        elif sign.endswith("="):
            self._assignment()
        elif sign in "\n;":
            yield from self._close()

    def _assignment(self) -> None:
        words = self._open.words
        if len(words) == 1:
            assigned = words[0].text if _VARIABLE.fullmatch(words[0].text) else ""
            self._open = _Open([], self._depth, assigned=assigned)

    def _close(self, *, before_pipe: bool = False) -> Iterator[Command]:
        open_, self._open = self._open, _Open([], self._depth)
        if open_.words and _is_command(open_.words[0], is_called=open_.is_called):
            yield Command(
                start=open_.words[0].start,
                end=open_.words[-1].end,
                name=program_name(open_.words[0].text),
                words=tuple(open_.words),
                depth=open_.depth,
                piped_into=open_.piped_into,
                before_pipe=before_pipe,
                assigned=open_.assigned,
                is_redirected=open_.is_redirected,
            )


def _word(match: re.Match[str]) -> Word:
    raw = match[0]
    text = _QUOTES.sub(lambda found: found[1] or found[2] or found[3] or "", raw)
    return Word(text, match.start(), match.end(), is_bare=text == raw)


def program_name(path: str) -> str:
    """The name of a program in lower case, without folder and `.exe`."""
    return re.split(r"[\\/]", path.lower())[-1].removesuffix(".exe")


def _is_command(word: Word, *, is_called: bool) -> bool:
    if is_called:
        return not word.text.startswith("$")
    return word.is_bare and word.text.lower() not in _KEYWORDS and bool(re.match(r"[A-Za-z%\\/:~.]", word.text))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a script consists of."""

    commands: tuple[Command, ...]
    chains: tuple[tuple[int, int], ...]
    """Where `&&` and `||` stand as operators."""


def read(text: str) -> Reading:
    """All commands of a script; those in parentheses and braces before the one around them."""
    reader = _Reader(text)
    found = tuple(reader.commands())
    return Reading(found, tuple(reader.chains))
