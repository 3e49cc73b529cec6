"""Requests to what they meet: every rule counts those that fit it, and the first one whose turn it is decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from imagesmith.sandbox.faults.effects import Cut, Delay, Ended, Outcome, Refuse, Reset
from imagesmith.sandbox.faults.rules import FaultRule


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """What one request meets: seconds to wait first, and the outcome in place of the answer, if any."""

    delay_s: float = 0.0
    outcome: Outcome | None = None
    rule: str = ""
    """The text of the rule that decided."""


_NOTHING = Met()


class Faults:
    """The rules of a sandbox and how often each was met. Used from one event loop only."""

    def __init__(self, rules: Iterable[FaultRule] = ()) -> None:
        self._rules = tuple(rules)
        self._seen = [0] * len(self._rules)

    @property
    def unmet(self) -> tuple[str, ...]:
        """Rules that no request has met: perhaps their path is not what was meant."""
        return tuple(rule.text for rule, seen in zip(self._rules, self._seen, strict=True) if seen <= rule.after)

    def meet(self, method: str, host: str, path: str) -> Met:
        """What a request meets."""
        return self._decide(method, host, path, Refuse | Reset | Cut | Ended)

    def meet_inside(self, resource_id: str) -> Met:
        """What the making of a resource inside of a deployment meets: there is no connection to break there."""
        return self._decide("PUT", "", resource_id, Refuse | Ended)

    def _decide(self, method: str, host: str, path: str, possible: object) -> Met:
        if not self._rules:
            return _NOTHING
        delay = 0.0
        for index, rule in enumerate(self._rules):
            if not rule.fits(method, host, path) or not isinstance(rule.outcome, possible | Delay):
                continue
            self._seen[index] += 1
            turn = self._seen[index] - rule.after
            if turn < 1 or (rule.count is not None and turn > rule.count):
                continue
            if isinstance(rule.outcome, Delay):
                delay += rule.outcome.seconds
                continue
            return Met(delay_s=delay, outcome=rule.outcome, rule=rule.text)
        return Met(delay_s=delay) if delay else _NOTHING
