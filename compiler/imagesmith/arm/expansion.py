"""Data with expressions in it to data without: copy loops run, keys evaluated, what cannot be computed remembered."""

from __future__ import annotations

from imagesmith.arm.calls import inherit, whole
from imagesmith.arm.evaluate import evaluate_string
from imagesmith.arm.faults import LIMIT_EXCEEDED, WRONG_ARGUMENTS, Finding, Stop, fault
from imagesmith.arm.loops import property_copies, turns
from imagesmith.arm.scope import Environment, Partial
from imagesmith.source import Member, Object, Origin, Value

MAX_RESULT_DEPTH = 50
"""Nesting of the data that one expression gives; an image template needs five."""


def expand(value: Value, environment: Environment) -> Value:
    """Data with every expression in it replaced by its value, copy loops run, keys evaluated.

    Members of objects that cannot be computed are left out and remembered (`Partial`).

    Raises:
        Stop: where the value itself, or an element of an array in it, cannot be computed.
    """
    data = value.data
    if isinstance(data, str):
        return evaluate_string(value, environment)
    if not isinstance(data, tuple | Object):
        return value
    meter = environment.scope.meter
    meter.enter(value)
    try:
        if isinstance(data, tuple):
            return Value(tuple(expand(item, environment) for item in data), value.origin)
        return _expand_object(data, value, environment)
    finally:
        meter.leave()


def _expand_object(data: Object, value: Value, environment: Environment) -> Value:
    members: list[Member] = []
    missing: dict[str, tuple[Finding, ...]] = {}
    loops, rest = property_copies(data)
    for member in rest:
        try:
            members.append(Member(evaluate_key(member.name, environment), expand(member.value, environment)))
        except Stop as stop:
            missing[member.key] = stop.findings
    for loop in loops:
        try:
            turned = tuple(expand(loop.input, turn) for turn in turns(loop, environment, expand))
            members.append(Member(loop.name, Value(turned, loop.input.origin)))
        except Stop as stop:
            missing[str(loop.name.data)] = stop.findings
    return Value(Partial(members, missing) if missing else Object(members), value.origin)


def evaluate_key(name: Value, environment: Environment) -> Value:
    """A key of an object, which may be an expression too; it must give a string."""
    key = evaluate_string(name, environment)
    if not isinstance(key.data, str):
        raise fault(WRONG_ARGUMENTS, name, "a key must be a string, but the expression gives something else")
    return key


def settled(value: Value) -> Value:
    """A value as it lands in the resource: wholly known, each part with the way that the whole has come.

    Raises:
        Stop: where a part of it could not be computed, or where it is nested too deeply.
    """
    whole(value)
    if _deeper(value, MAX_RESULT_DEPTH):
        raise fault(LIMIT_EXCEEDED, value, "the expression makes data that is nested too deeply")
    return _spread(value)


def _deeper(value: Value, limit: int) -> bool:
    """Whether data is nested deeper than a limit, found level by level; shared parts are looked at once a level."""
    level: list[Value] = [value]
    for _ in range(limit):
        below: dict[int, Value] = {}
        for item in level:
            if isinstance(item.data, Object):
                below.update((id(member.value.data), member.value) for member in item.data)
            elif isinstance(item.data, tuple):
                below.update((id(part.data), part) for part in item.data)
        if not below:
            return False
        level = list(below.values())
    return True


def _spread(value: Value) -> Value:
    data = value.data
    if not value.origin.via or not isinstance(data, tuple | Object):
        return value
    if isinstance(data, tuple):
        return Value(tuple(_spread(inherit(item, value)) for item in data), value.origin)
    members = (Member(_spread_key(m.name, value.origin), _spread(inherit(m.value, value))) for m in data)
    return Value(Object(members), value.origin)


def _spread_key(name: Value, origin: Origin) -> Value:
    return Value(name.data, Origin(name.origin.span, (*origin.via, *name.origin.via)))
