"""Secrets in a PowerShell script to references (PowerShell documentation, about_Quoting_Rules, about_Parsing).

Where a secret may stand: in an expandable string or here-string, without characters that would mean something there;
and in a single-quoted string that can be written as an expandable one. Both are one token in every mode of the parser,
so the text around them is read as before. Outside of strings a secret is never replaced: as a bare word it may be a
number, a command or a keyword.
"""

from __future__ import annotations

import re

_ELSEWHERE = re.compile(
    r"\b(?:invoke-command|icm|computername|new-pssession|enter-pssession|inlinescript|workflow|configuration"
    r"|register-scheduledjob|runas|psexec)\b|--%",
    re.IGNORECASE,
)
"""What runs a part of the script on another machine, for another user or unexpanded: the variable is not there."""
_ACTIVE = frozenset('$`"\u201c\u201d\u201e')
_SINGLE = frozenset("'\u2018\u2019\u201a\u201b")
_DOUBLE = frozenset('"\u201c\u201d\u201e')
_TOKEN_BEFORE = frozenset(" \t\r\n;|&({,=")
_HEAD = re.compile(r"@(['\"])[ \t]*\r?\n")


class _Unsafe(Exception):  # noqa: N818 - no error: the script is left as it is
    """The text cannot be read with certainty from here on."""


def powershell_with_references(script: str, secrets: dict[str, str]) -> str | None:
    """The script with every secret as a reference; `secrets` are values by the names of their variables.

    None where one of them stands in a place where that cannot be done with certainty.
    """
    if _ELSEWHERE.search(script) or any(name.lower() in script.lower() for name in secrets):
        return None
    reader = _Reader(script, secrets)
    try:
        reader.read()
    except _Unsafe:
        reader.out.append(script[reader.at :])
    result = "".join(reader.out)
    return None if any(value in result for value in secrets.values()) else result


class _Reader:
    """Reads a script once from its start to its end; `out` is what has been read, with references."""

    def __init__(self, script: str, secrets: dict[str, str]) -> None:
        self._script = script
        self._secrets = sorted(secrets.items(), key=lambda item: -len(item[1]))
        self._brackets = 0
        self.at = 0
        self.out: list[str] = []

    def read(self) -> None:
        """Read all of it. Raises _Unsafe, with `at` where that became certain."""
        while self.at < len(self._script):
            self._code()

    def _take(self, length: int) -> None:
        self.out.append(self._script[self.at : self.at + length])
        self.at += length

    def _code(self) -> None:
        text, sign = self._script, self._script[self.at]
        if any(text.startswith(value, self.at) for _, value in self._secrets):
            raise _Unsafe
        if text.startswith("<#", self.at):
            self._skip("#>")
        elif sign == "#" and (self.at == 0 or text[self.at - 1] in _TOKEN_BEFORE):
            self._skip("\n")
        elif head := _HEAD.match(text, self.at):
            self._here_string(head)
        elif sign == "`":
            self._take(2)
        elif sign in _SINGLE:
            self._single()
        elif sign in _DOUBLE:
            self._expandable()
        else:
            self._brackets = max(0, self._brackets + {"[": 1, "]": -1}.get(sign, 0))
            self._take(1)

    def _skip(self, end: str) -> None:
        """A comment. A secret in it is not replaced, since only text that runs is worth a risk."""
        found = self._script.find(end, self.at)
        stop = len(self._script) if found < 0 else found + len(end)
        self._take(stop - self.at)

    def _single(self) -> None:
        """A single-quoted string: as it is without a secret, else as an expandable one."""
        end = self._end_of_single()
        inner = self._script[self.at + 1 : end]
        pieces, names = self._pieces(inner)
        if not names:
            self._take(end + 1 - self.at)
            return
        plain = "".join(pieces)
        if _ACTIVE & set(plain) or (_SINGLE - {"'"}) & set(plain) or self._brackets:
            raise _Unsafe
        texts = [piece.replace("''", "'") for piece in pieces]
        self.out.append('"' + _joined(texts, names) + '"')
        self.at = end + 1

    def _end_of_single(self) -> int:
        at = self.at + 1
        while at < len(self._script):
            if self._script[at] in _SINGLE:
                if self._script[at + 1 : at + 2] not in _SINGLE or at + 1 >= len(self._script):
                    return at
                at += 1
            at += 1
        raise _Unsafe

    def _pieces(self, inner: str) -> tuple[list[str], list[str]]:
        """The text between secrets, and the names of these. Raises _Unsafe for a secret that ends the quotes."""
        pieces, names, start, at = [], [], 0, 0
        while at < len(inner):
            found = next((one for one in self._secrets if inner.startswith(one[1], at)), None)
            if found is None:
                at += 1
                continue
            if _SINGLE & set(found[1]):
                raise _Unsafe
            pieces.append(inner[start:at])
            names.append(found[0])
            at = start = at + len(found[1])
        return [*pieces, inner[start:]], names

    def _expandable(self) -> None:
        self._take(1)
        while self.at < len(self._script):
            sign = self._script[self.at]
            if self._reference():
                continue
            if sign == "`":
                self._take(2)
            elif self._script.startswith("$(", self.at):
                raise _Unsafe
            elif sign in _DOUBLE:
                self._take(1)
                if self._script[self.at : self.at + 1] not in _DOUBLE or self.at >= len(self._script):
                    return
                self._take(1)
            else:
                self._take(1)
        raise _Unsafe

    def _reference(self) -> bool:
        """Replace a secret of an expandable string that begins here."""
        for name, value in self._secrets:
            if self._script.startswith(value, self.at):
                if _ACTIVE & set(value) or self._script[self.at - 1] in "$:":
                    raise _Unsafe
                self.out.append(f"${{env:{name}}}")
                self.at += len(value)
                return True
        return False

    def _here_string(self, head: re.Match[str]) -> None:
        end = self._script.find(f"\n{head[1]}@", head.end() - 1)
        if end < 0:
            raise _Unsafe
        if head[1] == "'":
            self._take(end + 3 - self.at)
            return
        self._take(len(head[0]))
        while self.at < end:
            if self._script.startswith("$(", self.at):
                raise _Unsafe
            if not self._reference():
                self._take(2 if self._script[self.at] == "`" else 1)
        self._take(end + 3 - self.at)


def _joined(texts: list[str], names: list[str]) -> str:
    """Texts with references between them; there is one text more than names."""
    return texts[0] + "".join(f"${{env:{name}}}{text}" for name, text in zip(names, texts[1:], strict=True))
