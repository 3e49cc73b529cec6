"""The text of a rule to the rule: ``METHOD PATH EFFECT[:ARGUMENT] [xN] [after N]``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase

from imagesmith.sandbox.faults.effects import EFFECTS, STATUSES, Delay, Outcome, of_status

_METHODS = frozenset({"*", "GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"})
_COUNT = re.compile(r"x([1-9][0-9]{0,5})")
_SHAPE = "METHOD PATH EFFECT [xN] [after N], as in 'PUT */virtualMachines/* 429 x3'"


class FaultSyntaxError(ValueError):
    """The text is no rule; the message says what is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultRule:
    """A request of this method (`*`: any) whose path fits the glob has this fate.

    The first `after` such requests pass, the next `count` (None: all) meet it. `*` and `?` in the glob match any
    characters, `/` among them; case does not count. A glob with a host in front is matched with it.
    """

    text: str
    method: str
    path: str
    outcome: Outcome | Delay
    count: int | None = None
    after: int = 0

    def fits(self, method: str, host: str, path: str) -> bool:
        """Whether a request is one of those that the rule speaks of."""
        if self.method not in ("*", method):
            return False
        return fnmatchcase(path.lower(), self.path) or fnmatchcase(f"{host}{path}".lower(), self.path)


def parse(text: str) -> FaultRule:
    """Read a rule.

    Raises:
        FaultSyntaxError: with the reason, and the shape of a rule.
    """
    method, path, effect, *rest = [*text.split(), "", "", ""]
    rest = [word for word in rest if word]
    if not effect:
        raise FaultSyntaxError(f"'{text}' is no fault: write {_SHAPE}")
    if method.upper() not in _METHODS:
        raise FaultSyntaxError(f"'{method}' is no method of HTTP: write {_SHAPE}")
    count, after = _occurrences(rest, text)
    return FaultRule(
        text=" ".join(text.split()),
        method=method.upper(),
        path=path.lower().removeprefix("https://"),
        outcome=_outcome(effect),
        count=count,
        after=after,
    )


def _outcome(text: str) -> Outcome | Delay:
    word, _, argument = text.partition(":")
    try:
        if word.isdecimal() and int(word) in STATUSES:
            return of_status(int(word), argument)
        row = next((row for row in EFFECTS if row.word == word.lower()), None)
        if row is not None:
            return row.make(argument)
    except ValueError as error:
        raise FaultSyntaxError(f"'{text}': {error}") from None
    known = [row.word for row in EFFECTS] + [str(status) for status in STATUSES]
    near = get_close_matches(word.lower(), known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
    raise FaultSyntaxError(f"there is no effect '{word}': {hint}")


def _occurrences(words: list[str], text: str) -> tuple[int | None, int]:
    count: int | None = None
    after = 0
    while words:
        word = words.pop(0)
        number = _COUNT.fullmatch(word.lower())
        if number:
            count = int(number[1])
        elif word.lower() == "after" and words and words[0].isdecimal():
            after = int(words.pop(0))
        else:
            raise FaultSyntaxError(f"'{word}' in '{text}' is not understood: write {_SHAPE}")
    return count, after
