"""YAML scalars to values by the core schema of YAML 1.2: ``no`` and ``2024-02-01`` are text, ``0o10`` is 8."""

from __future__ import annotations

import re

from imagesmith.source.findings import Findings, shown
from imagesmith.source.json_rules import NOT_FINITE, NUMBER_TOO_LARGE
from imagesmith.source.json_tokens import number_value
from imagesmith.source.yaml_rules import FOREIGN_TAG, WRONG_TAG

CORE = "tag:yaml.org,2002:"
"""What ``!!`` stands for."""

_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAYBE_NUMBER = frozenset("+-.0123456789")
_TAGS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}

Scalar = bool | int | float | str | None


def scalar_value(text: str, tag: str | None, *, is_plain: bool, start: int, end: int, findings: Findings) -> Scalar:
    """The value of a scalar whose text stands from `start` to `end`; `is_plain`: it has neither quotes nor tag."""
    if is_plain:
        return _resolve(text, start, end, findings)
    if tag in {None, "!", f"{CORE}str"}:
        return text
    wanted = _TAGS.get(str(tag).removeprefix(CORE)) if str(tag).startswith(CORE) else None
    if wanted is None:
        findings.add(FOREIGN_TAG, start, end, f"the tag {shown(str(tag))} is not one of YAML's core")
        return text
    value = _resolve(text, start, end, findings)
    if not isinstance(value, wanted) or (isinstance(value, bool) and tag != f"{CORE}bool"):
        findings.add(WRONG_TAG, start, end)
    return float(value) if tag == f"{CORE}float" and isinstance(value, int) else value


def is_text(text: str) -> bool:
    """Whether a plain scalar with this text is a text, and no number, truth or null."""
    if text in _WORDS:
        return False
    return not any(form.fullmatch(text) for form in (_DECIMAL, _FLOAT, _BASED, _NOT_FINITE))


def _resolve(text: str, start: int, end: int, findings: Findings) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAYBE_NUMBER:
        return text
    if _DECIMAL.fullmatch(text) or _FLOAT.fullmatch(text):
        return number_value(text, start, findings)
    if _BASED.fullmatch(text):
        return _based(text, start, end, findings)
    if _NOT_FINITE.fullmatch(text):
        findings.add(NOT_FINITE, start, end, f"{text} does not exist in JSON, and no property takes it")
        return None
    return text


def _based(text: str, start: int, end: int, findings: Findings) -> int | None:
    value = int(text[2:], 8 if text[1] == "o" else 16) if len(text) <= 24 else 2**64
    if value < 2**64:
        return value
    findings.add(NUMBER_TOO_LARGE, start, end, f"the number {shown(text)} is too large")
    return None
