"""What a reader finds to diagnostics: the first few of each kind, the rest counted, so that reports stay short."""

from __future__ import annotations

from dataclasses import replace

from imagesmith.diagnostics import Diagnostic, Rule, Severity, SourceText, Span, in_order

_SHOWN = {Severity.ERROR: 20, Severity.WARNING: 1, Severity.NOTE: 1}
"""How many of one rule are kept. A warning about form is said once; errors all need mending."""


def shown(text: str, limit: int = 60) -> str:
    """A piece of the user's text as a message quotes it, cut to `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


class Findings:
    """Collects the diagnostics of one reading; the text that they speak about is given once."""

    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._kept: dict[tuple[str, Severity], list[Diagnostic]] = {}
        self._dropped: dict[tuple[str, Severity], int] = {}

    def add(
        self, rule: Rule, start: int, end: int, message: str = "", *, hint: str = "", severity: Severity | None = None
    ) -> None:
        """Report `rule` for the characters from `start` to `end`; message and hint default to the rule's own."""
        key = (rule.code, severity or rule.severity)
        kept = self._kept.setdefault(key, [])
        if len(kept) < _SHOWN[key[1]]:
            kept.append(rule.at((), message, hint=hint, span=Span(self._source, start, end), severity=severity))
        else:
            self._dropped[key] = self._dropped.get(key, 0) + 1

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything found, in the order of the text; the last one of a kind says how many more there are."""
        found: list[Diagnostic] = []
        for key, kept in self._kept.items():
            more = self._dropped.get(key, 0)
            last = kept[-1]
            if more:
                last = replace(last, message=f"{last.message} (and {more} more place{'s' if more > 1 else ''})")
            found += [*kept[:-1], last]
        return in_order(found)
