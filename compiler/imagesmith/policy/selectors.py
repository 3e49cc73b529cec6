"""Selectors (a code, the beginning of one, a category) and the policy that they make up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from imagesmith.diagnostics import Category, Severity, category_of

ALL = "all"
_CODE = re.compile(r"IMG\d{1,3}")
_CATEGORIES = frozenset(category.value for category in Category)
_LENGTH_OF_A_CODE = len("IMG123")


def is_selector(text: str) -> bool:
    """Whether a text is a code, the beginning of one (``IMG5``), a category (``lint``) or ``all``."""
    return text == ALL or text in _CATEGORIES or _CODE.fullmatch(text) is not None


def is_code(selector: str) -> bool:
    """Whether a selector means one rule alone."""
    return len(selector) == _LENGTH_OF_A_CODE and _CODE.fullmatch(selector) is not None


def selector_problem(text: str) -> str | None:
    """Why a text is no selector and what was probably meant, None where it is one."""
    if is_selector(text):
        return None
    near = get_close_matches(text[:40].lower(), [*_CATEGORIES, ALL], n=1)
    if _CODE.fullmatch(text.upper()):
        near = [text.upper()]
    meant = f"; did you mean {near[0]}?" if near else f"; categories are {', '.join(Category)}"
    return f"'{text[:60]}' is no code (IMG123), beginning of a code (IMG1) or category{meant}"


def matches(selector: str, code: str) -> bool:
    """Whether a code is one of those that a selector means."""
    return selector == ALL or selector == category_of(code) or code.startswith(selector)


def _weight(selectors: Iterable[str], code: str) -> int:
    """How exactly the most exact of the selectors means a code: 0 not at all, then `all`, category, longer codes."""
    weights = (
        1 if selector == ALL else 2 if selector in _CATEGORIES else len(selector)
        for selector in selectors
        if matches(selector, code)
    )
    return max(weights, default=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What a user wants to hear of: `select` (everything where empty), less `ignore`, at other `severities`.

    All three hold selectors. The more exact one wins, `ignore` over `select` where both are as exact. Errors are always
    heard of and keep their severity.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severities: Mapping[str, Severity] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.select or self.ignore or self.severities)

    def wants(self, code: str) -> bool:
        """Whether diagnostics with this code are shown, where they are no errors."""
        ignored = _weight(self.ignore, code)
        selected = _weight(self.select, code) if self.select else 1
        return selected > ignored

    def severity(self, code: str, severity: Severity) -> Severity:
        """The severity that a warning or note with this code has."""
        chosen = max(self.severities, key=lambda selector: _weight((selector,), code), default="")
        return self.severities[chosen] if chosen and matches(chosen, code) else severity

    def names(self, code: str) -> bool:
        """Whether the policy would take away or change exactly this code."""
        return code in self.ignore or code in self.severities
