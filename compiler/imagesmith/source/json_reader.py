"""JSON text to a `Document`: an iterative reader that keeps positions and goes on after the mistakes people make.

Comments and trailing commas are read with a warning. After an error whose meaning is certain (a missing comma, single
quotes, an unquoted placeholder) the data is still there, so that later checks can speak too; otherwise there is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from imagesmith.diagnostics import Severity, SourceText
from imagesmith.source.comments import ADDRESSED
from imagesmith.source.file_rules import BAD_CHARACTER, BOM, MAX_BYTES, TOO_LARGE
from imagesmith.source.findings import Findings, shown
from imagesmith.source.json_grammar import GiveUpError, Grammar
from imagesmith.source.json_rules import (
    COMMENT,
    UNEXPECTED,
    UNQUOTED_TOKEN,
    UNQUOTED_WORD,
    UNTERMINATED_COMMENT,
    UNTERMINATED_STRING,
    WRONG_QUOTES,
)
from imagesmith.source.json_tokens import (
    BRACED_TOKEN,
    HALF,
    TOKEN,
    number_value,
    report_not_finite,
    report_number,
    string_value,
)
from imagesmith.source.values import Document, Value

_LITERALS = {"true": True, "false": False, "null": None}
_MEANT = {
    "none": "null",
    "nil": "null",
    "undefined": "null",
    "yes": "true",
    "on": "true",
    "no": "false",
    "off": "false",
}


def read_json(source: SourceText) -> Document:
    """Read JSON text; never raises. Limits: 16 MB, 200 levels, a million values (architecture §3.1)."""
    reader = _Reader(source)
    root = reader.read()
    return Document(source=source, root=root, diagnostics=reader.findings.diagnostics())


class _Reader:
    """Hands each token to the grammar; what JSON does not have is reported, and handed on as what it means."""

    def __init__(self, source: SourceText) -> None:
        self.findings = Findings(source)
        self._text = source.text
        self._grammar = Grammar(source, self.findings)
        self._skip_to = 0  # a placeholder that begins like a bracket was read up to here

    def read(self) -> Value | None:
        """The value of the text, or None where it is not certain."""
        try:
            self._check_text()
            self._scan()
        except GiveUpError:
            return None
        return self._grammar.root if self._grammar.certain else None

    def _check_text(self) -> None:
        if len(self._text) > MAX_BYTES:
            self._grammar.give_up(TOO_LARGE, 0, 0)
        half = HALF.search(self._text)
        if half:
            self._grammar.give_up(BAD_CHARACTER, half.start(), half.end())

    def _scan(self) -> None:
        kinds: dict[str, Callable[[re.Match[str]], None]] = {
            "colon_of_key": self._key,
            "plain": self._plain,
            "mark": self._mark,
            "string": self._string,
            "number": self._number,
            "literal": self._literal,
            "comment": self._comment,
            "hash_comment": self._hash_comment,
            "quoted": self._quoted,
            "token": self._token,
            "bad_number": self._bad_number,
            "word": self._word,
            "space": self._space,
            "open_comment": self._open_comment,
            "open_string": self._open_string,
            "other": self._other,
        }
        for match in TOKEN.finditer(self._text):
            kind = match.lastgroup
            if kind == "end":
                self._grammar.end()
                return
            if match.end() > self._skip_to:
                kinds[kind or "other"](match)

    def _key(self, match: re.Match[str]) -> None:
        start, end = match.span("key")
        if self._grammar.next != "key":
            self._grammar.scalar(self._text[start + 1 : end - 1], start, end)
            self._grammar.colon(match.start("colon_of_key"))
            return
        self._grammar.key(self._text[start + 1 : end - 1], start, end)

    def _plain(self, match: re.Match[str]) -> None:
        start, end = match.span("plain")
        self._grammar.scalar(self._text[start + 1 : end - 1], start, end)

    def _string(self, match: re.Match[str]) -> None:
        start, end = match.span("string")
        self._grammar.scalar(string_value(self._text, start, end, self.findings), start, end)

    def _number(self, match: re.Match[str]) -> None:
        start, end = match.span("number")
        value = number_value(match["number"], start, self.findings)
        if value is None:
            self._grammar.certain = False
        self._grammar.scalar(value, start, end)

    def _literal(self, match: re.Match[str]) -> None:
        self._grammar.scalar(_LITERALS[match["literal"]], match.start("literal"), match.end("literal"))

    def _mark(self, match: re.Match[str]) -> None:
        mark, start = match["mark"], match.start("mark")
        if mark == ",":
            self._grammar.comma(start)
        elif mark == ":":
            self._grammar.colon(start)
        elif mark not in "{[":
            self._grammar.close(mark, start)
        elif placeholder := BRACED_TOKEN.match(self._text, start):
            self._skip_to = placeholder.end()
            self._placeholder(start, placeholder.end())
        else:
            self._grammar.open(mark, start)

    def _comment(self, match: re.Match[str]) -> None:
        if not ADDRESSED.match(match["comment"]):  # who silences a diagnostic knows that it is a comment
            self.findings.add(COMMENT, *match.span("comment"))

    def _hash_comment(self, match: re.Match[str]) -> None:
        start, end = match.span("hash_comment")
        message = "JSON has no comments, and a comment with # is not even read by tools that take //"
        self.findings.add(COMMENT, start, end, message, severity=Severity.ERROR)

    def _quoted(self, match: re.Match[str]) -> None:
        start, end = match.span("quoted")
        inner = self._text[start + 1 : end - 1]
        hint = f'write "{inner}"' if inner.isprintable() and len(inner) <= 60 and '"' not in inner else ""
        self.findings.add(WRONG_QUOTES, start, end, hint=hint)
        self._grammar.scalar(inner.replace("\\'", "'").replace("\\\\", "\\"), start, end)

    def _token(self, match: re.Match[str]) -> None:
        self._placeholder(*match.span("token"))

    def _placeholder(self, start: int, end: int) -> None:
        written = self._text[start:end]
        hint = f'write "{written}" in double quotes'
        if re.fullmatch(r"<[\w-]+>", written):
            hint += f", and give its value with -p {written[1:-1]}=VALUE"
        elif not written.startswith("["):
            hint += ", or fill it in before the file is read"
        self.findings.add(UNQUOTED_TOKEN, start, end, f"the placeholder {written} stands outside quotes", hint=hint)
        self._grammar.scalar(written, start, end)

    def _bad_number(self, match: re.Match[str]) -> None:
        start, end = match.span("bad_number")
        self._grammar.arrive(start, end)
        report_number(match["bad_number"], start, self.findings)
        self._grammar.certain = False
        self._grammar.scalar(0, start, end)

    def _word(self, match: re.Match[str]) -> None:
        start, end = match.span("word")
        word = match["word"]
        self._grammar.arrive(start, end)
        if self._grammar.next == "key":
            self.findings.add(UNQUOTED_WORD, start, end, "a key stands outside quotes", hint=f'write "{shown(word)}"')
            self._grammar.scalar(word, start, end)
        elif report_not_finite(word, start, self.findings):
            self._grammar.certain = False
            self._grammar.scalar(0, start, end)
        else:
            self._bare_word(word, start, end)

    def _bare_word(self, word: str, start: int, end: int) -> None:
        low = word.lower()
        meant = low if low in _LITERALS else _MEANT.get(low, "")
        hint = f"write {meant}" if meant else f'write "{shown(word)}" in double quotes'
        self.findings.add(UNQUOTED_WORD, start, end, f"the word {shown(word)} stands outside quotes", hint=hint)
        self._grammar.scalar(_LITERALS[meant] if meant else word, start, end)

    def _space(self, match: re.Match[str]) -> None:
        start, end = match.span("space")
        if start == 0 and self._text[0] == "\ufeff":
            self.findings.add(BOM, 0, 1)
            return
        name = f"U+{ord(self._text[start]):04X}"
        self.findings.add(BAD_CHARACTER, start, end, f"the character {name} looks like a space but is none")

    def _open_comment(self, match: re.Match[str]) -> None:
        start = match.start("open_comment")
        self._grammar.give_up(UNTERMINATED_COMMENT, start, start + 2)

    def _open_string(self, match: re.Match[str]) -> None:
        self._grammar.give_up(UNTERMINATED_STRING, *match.span("open_string"))

    def _other(self, match: re.Match[str]) -> None:
        start = match.start("other")
        found = self._text[start]
        if not found.isprintable():
            message = f"the character U+{ord(found):04X} may not stand here"
            hint = "" if found != "\0" else "if the file is UTF-16, save it as UTF-8; otherwise delete the character"
            self._grammar.give_up(BAD_CHARACTER, start, start + 1, message, hint=hint)
        if found == "=" and self._grammar.next == "colon":
            self.findings.add(UNEXPECTED, start, start + 1, "there is '=' between key and value", hint="write a colon")
            self._grammar.colon(start)
        elif found == ";" and self._grammar.next == "comma":
            self.findings.add(UNEXPECTED, start, start + 1, "there is ';' between two values", hint="write a comma")
            self._grammar.comma(start)
        else:
            message = f"there is '{found}', but {self._grammar.expected()} should come here"
            self._grammar.give_up(UNEXPECTED, start, start + 1, message)
