"""The bounds of evaluation: steps, nesting, and the amount of data that expressions make."""

from __future__ import annotations

from imagesmith.arm.faults import LIMIT_EXCEEDED, fault
from imagesmith.source import Object, Value

MAX_STEPS = 200_000
"""Function calls and look-ups in one file; a real module of 660 kB takes below 5,000."""

MAX_DEPTH = 150
"""Evaluations within evaluations. Each takes up to four Python frames, of which there are 1,000."""

MAX_AMOUNT = 32 * 1024 * 1024
"""Characters and elements that all calls together may read and make; a file may have 16 MB."""

_STEPS_OF_A_RESOURCE = 20
"""What a copy of a resource costs at least; ARM takes 800 resources in one template."""

_SCALAR = 16
"""What a value costs beside its characters."""


class Meter:
    """Counts what one evaluation of a file takes, and stops it at the bounds."""

    def __init__(self) -> None:
        self._steps = 0
        self._depth = 0
        self._amount = 0
        self._weights: dict[int, tuple[object, int]] = {}

    def enter(self, here: Value) -> None:
        """Count one step that begins inside the ones under way; `leave` ends it."""
        self._steps += 1
        self._depth += 1
        if self._steps > MAX_STEPS:
            raise fault(LIMIT_EXCEEDED, here, f"evaluating the file takes more than {MAX_STEPS} steps")
        if self._depth > MAX_DEPTH:
            raise fault(LIMIT_EXCEEDED, here, f"definitions and calls are nested deeper than {MAX_DEPTH}")

    @property
    def exhausted(self) -> bool:
        """Whether a bound was reached, so that going on would only find it again."""
        return self._steps > MAX_STEPS or self._amount > MAX_AMOUNT

    def repeat(self, count: int, here: Value, *, whole_resource: bool) -> None:
        """Count the turns of a loop, before they are taken."""
        self._steps += count * (_STEPS_OF_A_RESOURCE if whole_resource else 1)
        if self._steps > MAX_STEPS:
            raise fault(LIMIT_EXCEEDED, here, f"evaluating the file takes more than {MAX_STEPS} steps")

    def leave(self) -> None:
        """End the step that was begun last."""
        self._depth -= 1

    def charge(self, amount: int, here: Value) -> None:
        """Count an amount of characters or elements, before they are made."""
        self._amount += amount
        if self._amount > MAX_AMOUNT:
            raise fault(LIMIT_EXCEEDED, here, f"the expressions of the file make more than {MAX_AMOUNT >> 20} MB")

    def weigh(self, value: Value) -> int:
        """The size of a value with everything in it. Shared parts count each time, as they would when written out."""
        data = value.data
        if isinstance(data, str):
            return _SCALAR + len(data)
        if not isinstance(data, tuple | Object):
            return _SCALAR
        known = self._weights.get(id(data))
        if known is not None:
            return known[1]
        if isinstance(data, Object):
            weight = _SCALAR + sum(_SCALAR + len(member.key) + self.weigh(member.value) for member in data)
        else:
            weight = _SCALAR + sum(self.weigh(item) for item in data)
        self._weights[id(data)] = (data, weight)  # the data is kept, so that its id stays its own
        return weight
