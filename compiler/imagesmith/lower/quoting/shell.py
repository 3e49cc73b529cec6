"""Secrets in a shell script to references (POSIX Shell Command Language §2.2 Quoting, §2.6 Word Expansions).

Where a secret may stand: in single quotes (`'a'"${N}"'b'`), in double quotes without characters that would mean
something there, and outside of quotes if it is made of characters that never mean anything. The reader knows quotes,
comments, escapes and command substitutions; at anything else that could change how the text behind it is read (here
documents, backticks, arithmetic, `$'…'`, parameter expansions with words in them) it stops, and a secret behind that is
not replaced.
"""

from __future__ import annotations

import re

_SHEBANG = re.compile(r"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?|/(?:\S*/)?)(?:sh|bash|dash|ash|ksh)(?:\s|$)")
_PLAIN = re.compile(r"[A-Za-z0-9_@%+:./-]+")
"""Characters that are themselves outside of quotes, whatever stands beside them but for `_BESIDE`."""
_BEFORE = frozenset("${,.~\\=[")
_BEHIND = frozenset("(<>}[,=")
_RESERVED = frozenset({"export", "function", "readonly", "return", "select", "typeset"})
_ACTIVE_IN_QUOTES = frozenset('$`"\\!')
_SIMPLE_PARAMETER = re.compile(r"\$(?:\{[A-Za-z0-9_@*#?!-]+\}|[A-Za-z0-9_@*#?!-])")
_PATTERNS = re.compile(r"\[\[|\bcase\b|=~")
_COMMENT_BEFORE = frozenset(" \t\n;|&(")


class _Unsafe(Exception):  # noqa: N818 - no error: the script is left as it is
    """The text cannot be read with certainty from here on."""


def shell_with_references(script: str, secrets: dict[str, str]) -> str | None:
    """The script with every secret as a reference; `secrets` are values by the names of their variables.

    None where one of them stands in a place where that cannot be done with certainty, or where the script is for
    another interpreter.
    """
    if script.startswith("#!") and not _SHEBANG.match(script):
        return None
    if any(name in script for name in secrets) or any(_in_pattern(script, value) for value in secrets.values()):
        return None
    reader = _Reader(script, secrets)
    try:
        reader.read()
    except _Unsafe:
        reader.out.append(script[reader.at :])
    result = "".join(reader.out)
    return None if any(value in result for value in secrets.values()) else result


def _in_pattern(script: str, value: str) -> bool:
    """A quoted part of a pattern is taken literally; a value with signs of patterns may not have been."""
    return bool(_PATTERNS.search(script)) and not re.fullmatch("[A-Za-z0-9_/:-]+", value)


class _Reader:
    """Reads a script once from its start to its end; `out` is what has been read, with references."""

    def __init__(self, script: str, secrets: dict[str, str]) -> None:
        self._script = script
        # The longest first: one secret may begin with another.
        self._secrets = sorted(secrets.items(), key=lambda item: -len(item[1]))
        self._nesting: list[str] = []
        self.at = 0
        self.out: list[str] = []

    def read(self) -> None:
        """Read all of it. Raises _Unsafe, with `at` where that became certain."""
        while self.at < len(self._script):
            if self._nesting and self._nesting[-1] == '"':
                self._quoted()
            else:
                self._command()

    def _take(self, length: int) -> None:
        self.out.append(self._script[self.at : self.at + length])
        self.at += length

    def _here(self) -> tuple[str, str] | None:
        return next((one for one in self._secrets if self._script.startswith(one[1], self.at)), None)

    def _replace(self, value: str, reference: str) -> None:
        self.out.append(reference)
        self.at += len(value)

    def _command(self) -> None:
        """One step outside of quotes."""
        if found := self._here():
            self._bare(*found)
            return
        sign = self._script[self.at]
        rest = self._script[self.at : self.at + 3]
        if sign == "\\":
            self._take(2)
        elif sign == "'":
            self._single()
        elif sign == "#" and (self.at == 0 or self._script[self.at - 1] in _COMMENT_BEFORE):
            self._comment()
        elif sign in '"(':
            self._nesting.append(sign)
            self._take(1)
            if sign == "(" and rest[1:2] == "(":
                raise _Unsafe  # arithmetic
        elif sign == ")":
            if self._nesting:
                self._nesting.pop()
            self._take(1)
        elif sign == "`" or rest.startswith("<<"):
            raise _Unsafe
        elif sign == "$":
            self._dollar()
        else:
            self._take(1)

    def _bare(self, name: str, value: str) -> None:
        before = self._script[self.at - 1 : self.at]
        behind = self._script[self.at + len(value) : self.at + len(value) + 1]
        # What stands behind `=` is a value, whatever the word is: an assignment or `--option=`.
        known = before == "=" or before not in _BEFORE
        if not known or (behind in _BEHIND and behind) or not _PLAIN.fullmatch(value) or value in _RESERVED:
            raise _Unsafe
        self._replace(value, f'"${{{name}}}"')

    def _single(self) -> None:
        self._take(1)
        end = self._script.find("'", self.at)
        if end < 0:
            raise _Unsafe
        while self.at < end:
            found = self._here()
            if found is None:
                self._take(1)
            elif self.at + len(found[1]) > end:
                raise _Unsafe  # the secret ends the quotes
            else:
                self._replace(found[1], f"'\"${{{found[0]}}}\"'")
        self._take(1)

    def _comment(self) -> None:
        end = self._script.find("\n", self.at)
        end = len(self._script) if end < 0 else end
        while self.at < end:
            found = self._here()
            if found is None:
                self._take(1)
            elif "\n" in found[1]:
                raise _Unsafe
            else:
                self._replace(found[1], f"${{{found[0]}}}")

    def _quoted(self) -> None:
        """One step in double quotes."""
        if found := self._here():
            name, value = found
            if _ACTIVE_IN_QUOTES & set(value):
                raise _Unsafe
            self._replace(value, f"${{{name}}}")
            return
        sign = self._script[self.at]
        if sign == "\\":
            self._take(2)
        elif sign == '"':
            self._nesting.pop()
            self._take(1)
        elif sign == "`":
            raise _Unsafe
        elif sign == "$":
            self._dollar()
        else:
            self._take(1)

    def _dollar(self) -> None:
        """`$name`, `${name}`, `$(…)`; what is more than that is not read."""
        text = self._script
        if text.startswith("$(", self.at):
            if text.startswith("$((", self.at) or "case" in text:
                raise _Unsafe
            self._nesting.append("(")
            self._take(2)
        elif match := _SIMPLE_PARAMETER.match(text, self.at):
            self._take(len(match[0]) if match[0].startswith("${") else 1)
        elif text.startswith(("${", "$'", '$"'), self.at):
            raise _Unsafe
        else:
            self._take(1)
