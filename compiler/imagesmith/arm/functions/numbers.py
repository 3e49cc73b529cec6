"""Numeric functions (ARM documentation, 'Numeric functions for ARM templates'); integers have 64 bits."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import partial

from imagesmith.arm.calls import Invocation, kind_of
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.source import Value

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,40}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")
_HIGHEST_OF_A_RANGE = 2**31 - 1
_MOST_OF_A_RANGE = 10_000
"""range() makes at most this many (its documentation)."""


def _arithmetic(operation: Callable[[int, int], int]) -> Callable[[Invocation], Result]:
    def apply(call: Invocation) -> int:
        result = operation(call.integer(0), call.integer(1))
        if not _LOWEST <= result <= _HIGHEST:
            raise call.fault(f"the result of {call.name}() does not fit into 64 bits")
        return result

    return apply


def _div(call: Invocation) -> int:
    """Division towards zero, as .NET does it."""
    dividend, divisor = _divided(call)
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _mod(call: Invocation) -> int:
    """The remainder with the sign of the first argument, as .NET does it."""
    dividend, divisor = _divided(call)
    rest = abs(dividend) % abs(divisor)
    return -rest if dividend < 0 else rest


def _divided(call: Invocation) -> tuple[int, int]:
    if call.integer(1) == 0:
        raise call.fault(f"{call.name}() divides by zero")
    return call.integer(0), call.integer(1)


def _extreme(choose: Callable[[list[int]], int]) -> Callable[[Invocation], Result]:
    def apply(call: Invocation) -> int:
        if len(call) == 1 and isinstance(call.value(0).data, tuple):
            numbers = [_integer(item, call) for item in call.array(0)]
        else:
            numbers = [call.integer(index) for index in range(len(call))]
        if not numbers:
            raise call.fault(f"{call.name}() has nothing to choose from")
        return choose(numbers)

    return apply


def _integer(item: Value, call: Invocation) -> int:
    if isinstance(item.data, bool) or not isinstance(item.data, int):
        raise call.fault(f"{call.name}() takes integers, but an element is {kind_of(item)}")
    return item.data


def _int(call: Invocation) -> int:
    data = call.value(0).data
    if isinstance(data, bool) or not isinstance(data, str | int | float):
        raise call.wrong(0, "a number or the text of one")
    if isinstance(data, str) and not _INTEGER.fullmatch(data.strip()):
        raise call.fault(f"{data!r} is not the text of an integer")
    try:
        number = int(data)
    except (ValueError, OverflowError):
        raise call.fault(f"{data!r} does not fit into 64 bits") from None
    if not _LOWEST <= number <= _HIGHEST:
        raise call.fault(f"{data!r} does not fit into 64 bits")
    return number


def _float(call: Invocation) -> float:
    data = call.value(0).data
    if isinstance(data, bool) or not isinstance(data, str | int | float):
        raise call.wrong(0, "a number or the text of one")
    if isinstance(data, str) and not _NUMBER.fullmatch(data.strip()):
        raise call.fault(f"{data!r} is not the text of a number")
    try:
        number = float(data)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise call.fault(f"{data!r} does not fit into a number")
    return number


def _range(call: Invocation) -> Result:
    start, count = call.integer(0), call.integer(1)
    if not 0 <= count <= _MOST_OF_A_RANGE:
        raise call.fault(f"range() makes 0 to {_MOST_OF_A_RANGE} numbers, not {count}")
    if not -_HIGHEST_OF_A_RANGE - 1 <= start <= start + count <= _HIGHEST_OF_A_RANGE:
        raise call.fault(f"range() ends at {_HIGHEST_OF_A_RANGE}, but {start} and {count} more go beyond it")
    origin = call.origin
    return tuple(Value(number, origin) for number in range(start, start + count))


_numeric_row = partial(Function, page=Page.NUMERIC)
_array_row = partial(Function, page=Page.ARRAY)

ROWS = (
    _numeric_row(name="add", least=2, most=2, apply=_arithmetic(lambda a, b: a + b), note="The sum."),
    _numeric_row(name="sub", least=2, most=2, apply=_arithmetic(lambda a, b: a - b), note="The difference."),
    _numeric_row(name="mul", least=2, most=2, apply=_arithmetic(lambda a, b: a * b), note="The product."),
    _numeric_row(name="div", least=2, most=2, apply=_div, note="The quotient, towards zero."),
    _numeric_row(name="mod", least=2, most=2, apply=_mod, note="The remainder."),
    _numeric_row(
        name="min", least=1, most=None, apply=_extreme(min), note="The smallest of integers or of an array of them."
    ),
    _numeric_row(
        name="max", least=1, most=None, apply=_extreme(max), note="The largest of integers or of an array of them."
    ),
    _numeric_row(name="int", least=1, most=1, apply=_int, note="The integer that a text or number stands for."),
    _numeric_row(name="float", least=1, most=1, apply=_float, note="The number that a text stands for."),
    _array_row(name="range", least=2, most=2, apply=_range, note="Consecutive integers from a start, at most 10,000."),
)
