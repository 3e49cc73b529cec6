"""JSON text to tokens, and the text of strings and numbers to their values.

The expression matches at every offset, so that scanning never skips a character, and every loop in it is possessive or
bounded, so that no text makes it slow.
"""

from __future__ import annotations

import json
import re

from imagesmith.source.findings import Findings, shown
from imagesmith.source.json_rules import (
    BAD_ESCAPE,
    BAD_NUMBER,
    CONTROL_IN_STRING,
    LONE_SURROGATE,
    NOT_FINITE,
    NUMBER_TOO_LARGE,
)

TOKEN = re.compile(
    r"""[ \t\r\n]*+(?:
    (?P<key>"[^"\\\x00-\x1f]*+")[ \t\r\n]*+(?P<colon_of_key>:)   # most keys: plain, with their colon
  | (?P<plain>"[^"\\\x00-\x1f]*+")                               # most strings: what stands there is the value
  | (?P<mark>[{}\[\],:])
  | (?P<string>"(?:[^"\\\r\n]|\\[^\r\n])*+")
  | (?P<number>-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+)(?![\w.+-])
  | (?P<literal>true|false|null)(?![\w.$-])
  | (?P<comment>//[^\r\n]*+|/\*(?s:.*?)\*/)
  | (?P<open_comment>/\*)
  | (?P<hash_comment>\#(?!\{)[^\r\n]*+)
  | (?P<open_string>"[^\r\n]*+)
  | (?P<quoted>'(?:[^'\\\r\n]|\\[^\r\n])*+'|[“”„][^“”„"\r\n]*+[“”"]|`[^`\r\n]*+`)
  | (?P<token><[A-Za-z_][\w .:-]{0,100}>|\$\{[^{}\r\n]{0,200}\}|\#\{[^{}\r\n]{0,200}\}\#|\$\([\w.]{1,100}\))
  | (?P<bad_number>[-+]?+\.?+[0-9][\w.+-]*+)
  | (?P<word>[-+]?+[^\W\d][\w.$-]*+)
  | (?P<space>[\x0b\x0c\x85\xa0\u1680\u2000-\u200b\u2028\u2029\u202f\u205f\u3000\ufeff]++)
  | (?P<end>\Z)
  | (?P<other>(?s:.))
    )""",
    re.VERBOSE,
)
BRACED_TOKEN = re.compile(r"\{\{[^{}\r\n]{0,200}\}\}|\{%[^{}\r\n]{0,200}%\}|\[[A-Za-z_]\w{0,50}\([^\"\r\n]{0,300}\)\]")
"""Placeholders that begin like an object or an array: ``{{ name }}``, ``{% … %}``, ``[parameters('name')]``."""

_ESCAPE = re.compile(
    r"(?P<good>\\[\"\\/bfnrt]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"
    r"|(?P<lone>\\u[dD][0-9a-fA-F]{3})|(?P<bad>\\.)|(?P<control>[\x00-\x1f])",
    re.DOTALL,
)
HALF = re.compile("[\ud800-\udfff]")
"""Half a character: Python keeps it in a text, no file can."""

_MEANT = re.compile(r"(?P<sign>[-+]?)0*(?P<whole>[0-9]*)(?P<fraction>\.[0-9]*)?(?P<exponent>[eE][-+]?[0-9]+)?")
_LARGEST = 2**64 - 1
_SMALLEST = -(2**63)


def string_value(text: str, start: int, end: int, findings: Findings) -> str:
    """The value of a string with escapes, quotes at `start` and `end - 1`; what is wrong in it is reported."""
    try:
        value = json.loads(text[start:end])
    except ValueError:
        return _mend(text, start, end, findings)
    if HALF.search(value):
        return _mend(text, start, end, findings)
    return str(value)


def _mend(text: str, start: int, end: int, findings: Findings) -> str:
    """Report a string's first mistake of each kind, and read it as its author probably meant it."""
    seen: set[str] = set()

    def mended(match: re.Match[str]) -> str:
        kind, written = str(match.lastgroup), match[0]
        if kind == "good":
            return str(json.loads(f'"{written}"'))
        if kind not in seen:
            seen.add(kind)
            _report_in_string(kind, written, start + 1 + match.start(), findings)
        return "\ufffd" if kind == "lone" else written

    return _ESCAPE.sub(mended, text[start + 1 : end - 1])


def _report_in_string(kind: str, written: str, offset: int, findings: Findings) -> None:
    end = offset + len(written)
    if kind == "lone":
        findings.add(LONE_SURROGATE, offset, end, f"the escape {written} is one half of a character")
    elif kind == "control":
        name = f"U+{ord(written):04X}"
        escape = json.dumps(written)[1:-1]
        hint = f"write it as {escape}"
        findings.add(CONTROL_IN_STRING, offset, end, f"the control character {name} stands in a string", hint=hint)
    else:
        hint = "an apostrophe needs no backslash" if written == "\\'" else ""
        hint = hint or f"write every backslash of the text twice: \\{written}"
        findings.add(BAD_ESCAPE, offset, end, f"JSON does not know the escape {written}", hint=hint)


def number_value(written: str, start: int, findings: Findings) -> int | float | None:
    """The value of a well-formed number: int without fraction and exponent, else float; None where it does not fit."""
    if not any(sign in written for sign in ".eE"):
        if len(written) <= 20 and _SMALLEST <= (whole := int(written)) <= _LARGEST:
            return whole
    elif abs(value := float(written)) != float("inf"):
        return value
    findings.add(NUMBER_TOO_LARGE, start, start + len(written), f"the number {shown(written)} is too large")
    return None


def report_number(written: str, start: int, findings: Findings) -> None:
    """Report what looks like a number and is none, with the number that was probably meant."""
    meant = _meant(written)
    hint = f"write {meant}" if meant else "if it is a text (a version, an id), put it in double quotes"
    message = f"{shown(written)} is not how JSON writes a number"
    findings.add(BAD_NUMBER, start, start + len(written), message, hint=hint)


def _meant(written: str) -> str:
    """The JSON number that a person meant: 012 is 12, .5 is 0.5, 1. is 1, +1 is 1, 0x10 is 16; empty where unclear."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,15}", written):
        return str(int(written, 16))
    match = _MEANT.fullmatch(written)
    if match is None or len(written) > 40:
        return ""
    sign = "-" if match["sign"] == "-" else ""
    fraction = match["fraction"] or ""
    return f"{sign}{match['whole'] or '0'}{'' if fraction == '.' else fraction}{match['exponent'] or ''}"


def report_not_finite(written: str, start: int, findings: Findings) -> bool:
    """Report NaN and Infinity in any spelling; whether the word was one of them."""
    if written.lstrip("+-").lower() not in {"nan", "infinity", "inf"}:
        return False
    findings.add(NOT_FINITE, start, start + len(written), f"{written} does not exist in JSON")
    return True
