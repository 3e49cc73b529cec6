"""Lambda functions (ARM documentation, 'Lambda functions for ARM templates')."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cmp_to_key, partial

from imagesmith.arm.calls import Invocation, written
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.arm.syntax import Call, Node, Text
from imagesmith.source import Member, Object, Value


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lambda:
    """lambda('a', 'b', body) as it stands in a call."""

    names: tuple[str, ...]
    body: Node
    call: Invocation

    def __call__(self, *values: Value) -> Value:
        names = dict(zip(self.names, values, strict=False))
        return self.call.evaluate_node(self.body, self.call.environment.binding(names))


def _lambda(call: Invocation, index: int, least: int, most: int) -> _Lambda:
    node = call.nodes[index]
    if not isinstance(node, Call) or node.name.lower() != "lambda" or not node.arguments:
        raise call.fault(f"argument {index + 1} of {call.name}() must be a lambda: lambda('name', expression)")
    *names, body = node.arguments
    texts = tuple(name.text for name in names if isinstance(name, Text))
    if len(texts) != len(names) or not least <= len(texts) <= most:
        wanted = str(least) if least == most else f"{least} or {most}"
        raise call.fault(f"the lambda of {call.name}() takes {wanted} named variables")
    return _Lambda(names=texts, body=body, call=call)


def _bare_lambda(call: Invocation) -> Result:
    raise call.fault("a lambda stands only inside map(), filter(), reduce(), sort(), toObject() and the like")


def _lambda_variables(call: Invocation) -> Value:
    value = call.environment.local.get(call.text(0).lower())
    if value is None:
        raise call.fault(f"there is no lambda variable {call.text(0)!r} around the expression")
    return value


def _index(number: int, call: Invocation) -> Value:
    return Value(number, call.here.origin)


def _truth(value: Value, call: Invocation) -> bool:
    if not isinstance(value.data, bool):
        raise call.fault(f"the lambda of {call.name}() must give true or false")
    return value.data


def _map(call: Invocation) -> Result:
    each = _lambda(call, 1, 1, 2)
    return tuple(each(item, _index(number, call)) for number, item in enumerate(call.array(0)))


def _filter(call: Invocation) -> Result:
    keep = _lambda(call, 1, 1, 2)
    items = enumerate(call.array(0))
    return tuple(item for number, item in items if _truth(keep(item, _index(number, call)), call))


def _reduce(call: Invocation) -> Value:
    combine = _lambda(call, 2, 2, 3)
    result = call.value(1)
    for number, item in enumerate(call.array(0)):
        result = combine(result, item, _index(number, call))
    return result


def _sort(call: Invocation) -> Result:
    """The lambda tells whether its first variable must stand before the second."""
    before = _lambda(call, 1, 2, 2)

    def compare(one: Value, other: Value) -> int:
        if _truth(before(one, other), call):
            return -1
        return 1 if _truth(before(other, one), call) else 0

    return tuple(sorted(call.array(0), key=cmp_to_key(compare)))


def _to_object(call: Invocation) -> Result:
    key_of = _lambda(call, 1, 1, 1)
    value_of = _lambda(call, 2, 1, 1) if len(call) > 2 else None
    members: dict[str, Member] = {}
    for item in call.array(0):
        key = key_of(item)
        text = written(key.data, lambda: call.fault("a key must be a string"))
        members[text.lower()] = Member(Value(text, key.origin), value_of(item) if value_of else item)
    return Object(members.values())


def _group_by(call: Invocation) -> Result:
    key_of = _lambda(call, 1, 1, 1)
    value_of = _lambda(call, 2, 1, 1) if len(call) > 2 else None
    groups: dict[str, list[Value]] = {}
    for item in call.array(0):
        key = written(key_of(item).data, lambda: call.fault("a key must be a string"))
        groups.setdefault(key, []).append(value_of(item) if value_of else item)
    origin = call.origin
    return Object(Member(Value(key, origin), Value(tuple(items), origin)) for key, items in groups.items())


def _map_values(call: Invocation) -> Result:
    each = _lambda(call, 1, 1, 1)
    return Object(Member(member.name, each(member.value)) for member in call.object(0))


_lambda_row = partial(Function, page=Page.LAMBDA)
_bicep_lambda_row = partial(Function, page=Page.BICEP_LAMBDA)

ROWS = (
    _lambda_row(
        name="lambda", least=1, most=None, apply=_bare_lambda, lazy=True, note="A function to be applied to elements."
    ),
    _lambda_row(
        name="lambdaVariables", least=1, most=1, apply=_lambda_variables, lazy=True, note="A variable of a lambda."
    ),
    _lambda_row(name="map", least=2, most=2, apply=_map, lazy=True, note="The lambda's value for each element."),
    _lambda_row(
        name="filter", least=2, most=2, apply=_filter, lazy=True, note="The elements for which the lambda is true."
    ),
    _lambda_row(
        name="reduce", least=3, most=3, apply=_reduce, lazy=True, note="Elements combined one after the other."
    ),
    _lambda_row(name="sort", least=2, most=2, apply=_sort, lazy=True, note="The elements in the lambda's order."),
    _lambda_row(
        name="toObject", least=2, most=3, apply=_to_object, lazy=True, note="An array as an object by key lambda."
    ),
    _bicep_lambda_row(
        name="groupBy", least=2, most=3, apply=_group_by, lazy=True, note="An array as an object of arrays."
    ),
    _bicep_lambda_row(
        name="mapValues", least=2, most=2, apply=_map_values, lazy=True, note="An object with each value changed."
    ),
)
