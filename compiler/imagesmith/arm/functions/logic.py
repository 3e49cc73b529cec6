"""Logical, comparison and branching functions; what need not be evaluated is not."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial

from imagesmith.arm.calls import Invocation, same
from imagesmith.arm.faults import ENDED_BY_TEMPLATE, Stop
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.arm.scope import Partial
from imagesmith.source import Object, Value


def _if(call: Invocation) -> Value:
    return call.value(1) if call.boolean(0) else call.value(2)


def _and(call: Invocation) -> bool:
    return _any(call, deciding=False)


def _or(call: Invocation) -> bool:
    return _any(call, deciding=True)


def _any(call: Invocation, *, deciding: bool) -> bool:
    """Read arguments until one decides; one that cannot be computed does not matter if another decides."""
    findings: list[Stop] = []
    for index in range(len(call)):
        try:
            if call.boolean(index) is deciding:
                return deciding
        except Stop as stop:
            findings.append(stop)
    if findings:
        raise Stop(finding for stop in findings for finding in stop.findings)
    return not deciding


def _coalesce(call: Invocation) -> Value:
    for index in range(len(call)):
        if call.value(index).data is not None:
            break
    return call.value(index)


def _equals(call: Invocation) -> bool:
    return same(call.value(0), call.value(1))


def _compared(compare: Callable[[str | int | float, str | int | float], bool]) -> Callable[[Invocation], Result]:
    def apply(call: Invocation) -> bool:
        one, other = call.value(0).data, call.value(1).data
        if isinstance(one, str) and isinstance(other, str):
            return compare(one, other)
        if isinstance(one, bool) or not isinstance(one, int | float):
            raise call.wrong(0, "a number, or both strings")
        if isinstance(other, bool) or not isinstance(other, int | float):
            raise call.wrong(1, "a number, or both strings")
        return compare(one, other)

    return apply


def _bool(call: Invocation) -> bool:
    data = call.value(0).data
    if isinstance(data, int | float):
        return bool(data)
    if isinstance(data, str) and data.lower() in {"true", "false", "1", "0"}:
        return data.lower() in {"true", "1"}
    raise call.fault("bool() takes true, false, 1 or 0, or the text of one of them")


def _empty(call: Invocation) -> bool:
    value = call.value(0)
    if value.data is None:
        return True
    if isinstance(value.data, Partial) and not len(value.data):
        raise Stop(value.data.findings)
    if isinstance(value.data, str | tuple | Object):
        return len(value.data) == 0
    raise call.wrong(0, "an array, an object or a string")


def _fail(call: Invocation) -> Result:
    raise call.fault(f"the template ends itself: {call.text(0)}", rule=ENDED_BY_TEMPLATE)


def _less(a: str | int | float, b: str | int | float) -> bool:
    return bool(operator.lt(a, b))


_logical_row = partial(Function, page=Page.LOGICAL)
_object_row = partial(Function, page=Page.OBJECT)
_comparison_row = partial(Function, page=Page.COMPARISON)
_array_row = partial(Function, page=Page.ARRAY)

ROWS = (
    _logical_row(
        name="if", least=3, most=3, apply=_if, lazy=True, note="One of two values; the other is not evaluated."
    ),
    _logical_row(name="and", least=2, most=None, apply=_and, lazy=True, note="Whether all are true."),
    _logical_row(name="or", least=2, most=None, apply=_or, lazy=True, note="Whether one is true."),
    _logical_row(name="not", least=1, most=1, apply=lambda call: not call.boolean(0), note="The opposite."),
    _logical_row(name="true", least=0, most=0, apply=lambda _: True, note="true"),
    _logical_row(name="false", least=0, most=0, apply=lambda _: False, note="false"),
    _object_row(name="null", least=0, most=0, apply=lambda _: None, note="null"),
    _logical_row(name="bool", least=1, most=1, apply=_bool, note="The boolean that a text or number stands for."),
    _comparison_row(
        name="equals", least=2, most=2, apply=_equals, note="Whether two values are the same, case-sensitive."
    ),
    _comparison_row(name="less", least=2, most=2, apply=_compared(_less), note="Whether the first is smaller."),
    _comparison_row(
        name="lessOrEquals",
        least=2,
        most=2,
        apply=_compared(lambda a, b: not _less(b, a)),
        note="Whether it is not larger.",
    ),
    _comparison_row(
        name="greater", least=2, most=2, apply=_compared(lambda a, b: _less(b, a)), note="Whether the first is larger."
    ),
    _comparison_row(
        name="greaterOrEquals",
        least=2,
        most=2,
        apply=_compared(lambda a, b: not _less(a, b)),
        note="Whether it is not smaller.",
    ),
    _comparison_row(
        name="coalesce", least=1, most=None, apply=_coalesce, lazy=True, note="The first value that is not null."
    ),
    _array_row(
        name="empty", least=1, most=1, apply=_empty, note="Whether an array, object, string or null holds nothing."
    ),
    Function(
        name="fail",
        page=Page.BICEP_FLOW,
        anchor="top",
        least=1,
        most=1,
        apply=_fail,
        note="Ends the deployment with a message.",
    ),
)
