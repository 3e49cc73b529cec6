"""A shell script to its simple commands, each with its place: as much of the language as the rules need.

Everything that runs is found, also in substitutions, in `bash -c '…'` and behind sudo; what a command becomes when it
runs (expansion, functions, aliases) is not computed. Source: POSIX, Shell Command Language, §2.3, §2.9, §2.10.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.words import Word, word_at
from imagesmith.rules.lint.wrappers import name_of, unwrap

_SIMPLE = r"""[^()'"`]|'[^']*'|"(?:[^"\\]|\\.)*+" """.strip()
_NESTED = rf"(?:{_SIMPLE}|\((?:{_SIMPLE}|\((?:{_SIMPLE})*+\))*+\))*+"
_TOKEN = Pattern(
    rf"""(?P<skip>[ \t\r\f\v]+|\\\n)
|(?P<comment>\#[^\n]*)
|(?P<end>\n|;;&|;;|;&|;|&&|\|\||\|&|\||&(?!>)|[()])
|(?P<redirect>[0-9]*(?:<<<|<<-?|<>|<&|>>|>&|>\||<|>)|&>>?)
|(?P<word>(?:[^\s;&|()<>'"`\\$]|\\.|'[^']*'|\$\({_NESTED}\)|\$\{{[^}}]*\}}|\$'(?:[^'\\]|\\.)*+'
    |"(?:[^"\\$]|\\.|\$\({_NESTED}\)|\$)*+"|`[^`]*`|[$'"`\\])++)""",
    re.VERBOSE | re.DOTALL,
)
_SUBSTITUTION = Pattern(rf"\$\((?!\()(?P<inner>{_NESTED})\)|`(?P<old>[^`]*)`", re.DOTALL)
_ASSIGNMENT = Pattern(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_OPENING = frozenset({"if", "while", "until", "{", "case", "for", "select"})
_CLOSING = frozenset({"fi", "done", "}", "esac"})
_LEADING = _OPENING | _CLOSING | {"then", "else", "elif", "do", "!", "time"}
_DEEPEST = 8  # substitutions in substitutions; deeper ones are not looked into


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A simple command: the name first, without sudo and its kind; `settings` are the `NAME=value` that it sees."""

    start: int
    end: int
    name: str
    """The command's name without folder; empty where it only sets variables or is computed."""
    words: tuple[Word, ...]
    settings: tuple[Word, ...] = ()
    lost: tuple[Word, ...] = ()
    """`NAME=value` in front of a sudo that does not pass them on."""
    sudo: Word | None = None
    """The word that makes the command run as root, where there is one."""
    keeps_environment: bool = True
    fed: bool = False
    """Whether its input is a pipe, a file or a here-document."""
    before_pipe: bool = False
    piped_into: bool = False
    writes: tuple[Word, ...] = ()
    """The files that it writes by `>` and `>>`."""
    depth: int = 0
    """How many conditions, loops, groups, functions and substitutions it stands in."""
    after: str = ""
    """The operator before it."""
    keyword: str = ""
    """The keyword before it: `while`, `then`."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What stands behind the name, without quotes."""
        return tuple(word.text for word in self.words[1:])


@dataclass(slots=True)
class _Open:
    """A command while its words come in."""

    words: list[Word] = field(default_factory=list)
    writes: list[Word] = field(default_factory=list)
    fed: bool = False
    after: str = ""


class _Reader:
    """One pass over a text; `root` is the sudo that the whole text runs under."""

    def __init__(self, text: str, start: int, end: int, *, level: int, depth: int, root: Word | None) -> None:
        self._text, self._at, self._end = text, start, end
        self._level, self._depth, self._root = level, depth, root
        self._open = _Open()
        self._heredocs: list[tuple[str, bool]] = []
        self._groups = 0

    def commands(self) -> Iterator[Command]:
        redirect = ""
        while self._at < self._end:
            match = _TOKEN.match(self._text, self._at, self._end)
            if match is None:
                self._at += 1
                continue
            self._at = match.end()
            match match.lastgroup:
                case "end":
                    yield from self._separator(match[0])
                case "redirect":
                    redirect = match[0].lstrip("0123456789")
                case "word":
                    word = word_at(self._text, *match.span())
                    yield from self._inside(word)
                    if redirect:
                        self._redirected(redirect, word)
                        redirect = ""
                    else:
                        self._open.words.append(word)
                case _:
                    pass
        yield from self._close("")

    def _separator(self, sign: str) -> Iterator[Command]:
        yield from self._close(sign)
        if sign == "(":
            self._depth += 1
            self._groups += 1
        elif sign == ")" and self._groups:  # else it ends a pattern of `case`
            self._depth -= 1
            self._groups -= 1
        elif sign == "\n":
            self._skip_heredocs()

    def _redirected(self, sign: str, word: Word) -> None:
        if sign.startswith("<<") and sign != "<<<":
            self._heredocs.append((word.text, sign == "<<-"))
        self._open.fed |= sign.startswith("<")
        if sign in (">", ">>", ">|", "&>", "&>>"):
            self._open.writes.append(word)

    def _skip_heredocs(self) -> None:
        for delimiter, is_indented in self._heredocs:
            tabs = "\t*" if is_indented else ""
            end = Pattern(rf"^{tabs}{re.escape(delimiter)}$", re.MULTILINE).search(self._text, self._at, self._end)
            self._at = min(end.end() + 1, self._end) if end else self._end
        self._heredocs.clear()

    def _inside(self, word: Word) -> Iterator[Command]:
        """The commands of the word's substitutions."""
        if self._level >= _DEEPEST or word.literal:
            return
        for found in _SUBSTITUTION.finditer(self._text, word.start, word.end):
            start, end = found.span(found.lastgroup or 0)
            yield from self._below(start, end, self._root)

    def _below(self, start: int, end: int, root: Word | None) -> Iterator[Command]:
        reader = _Reader(self._text, start, end, level=self._level + 1, depth=self._depth + 1, root=root)
        yield from reader.commands()

    def _close(self, sign: str) -> Iterator[Command]:
        open_, self._open = self._open, _Open(after=sign)
        words = open_.words
        keyword = ""
        while words and words[0].text in _LEADING and words[0].is_bare:
            keyword = words.pop(0).text
            self._depth += (keyword in _OPENING) - (keyword in _CLOSING and self._depth > 0)
            if keyword in ("for", "case", "select"):
                return
        if not words:
            return
        settings = []
        while words and _ASSIGNMENT.match(self._text, words[0].start, words[0].end):
            settings.append(words.pop(0))
        first, last = (settings or words)[0], (words or settings)[-1]
        unwrapped = unwrap(tuple(words))
        is_lost = unwrapped.sudo is not None and not unwrapped.keeps_environment
        command = Command(
            start=first.start,
            end=last.end,
            name=name_of(unwrapped.words[0]) if unwrapped.words else "",
            words=unwrapped.words,
            settings=(*(() if is_lost else settings), *unwrapped.settings),
            lost=tuple(settings) if is_lost else (),
            sudo=unwrapped.sudo or self._root,
            keeps_environment=unwrapped.keeps_environment,
            fed=open_.fed or open_.after in ("|", "|&"),
            before_pipe=sign in ("|", "|&"),
            piped_into=open_.after in ("|", "|&"),
            writes=tuple(open_.writes),
            depth=self._depth + (open_.after in ("&&", "||")),
            after=open_.after,
            keyword=keyword,
        )
        yield command
        if unwrapped.script is not None and self._level < _DEEPEST:
            yield from self._below(unwrapped.script.start + 1, unwrapped.script.end - 1, command.sudo)


def commands(text: str) -> tuple[Command, ...]:
    """All simple commands of a script in the order of the text, those of a substitution before the one around it."""
    return tuple(_Reader(text, 0, len(text), level=0, depth=0, root=None).commands())
