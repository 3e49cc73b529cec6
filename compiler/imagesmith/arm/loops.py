"""Copy loops: how often and in which environments a resource, a property or a variable is repeated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imagesmith.arm.faults import fault
from imagesmith.arm.scope import Environment, Turn
from imagesmith.diagnostics import Rule, Severity
from imagesmith.source import Member, Object, Value

MAX_COPIES = 800
"""ARM's own limit for one loop ('Template limits')."""

COPY_LOOP = Rule(
    code="IMG126",
    severity=Severity.ERROR,
    title="a copy loop cannot be run",
    cause="`copy` needs a name, a count between 0 and 800, and, for properties and variables, the input to repeat.",
    fix="correct the `copy` element",
    example='"copy": {"name": "images", "count": "many"}',
    corrected='"copy": {"name": "images", "count": 3}',
    source="Azure Resource Manager documentation, 'Resource iteration in ARM templates'",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """A `copy` element. `input` is what is repeated, perhaps a whole resource."""

    name: Value
    count: Value
    input: Value
    whole_resource: bool = False


def property_copies(data: Object) -> tuple[tuple[Loop, ...], tuple[Member, ...]]:
    """The loops that an object's `copy` member declares, and the other members.

    A member called `copy` that does not have the form of loops is an ordinary member.
    """
    member = data.find("copy")
    if member is None or not isinstance(member.value.data, tuple) or not member.value.data:
        return (), data.members
    loops = tuple(loop for item in member.value.data if (loop := _property_loop(item)) is not None)
    if len(loops) != len(member.value.data):
        return (), data.members
    return loops, tuple(other for other in data if other is not member)


def _property_loop(item: Value) -> Loop | None:
    if not isinstance(item.data, Object):
        return None
    name, count, body = (item.data.find(key) for key in ("name", "count", "input"))
    if name is None or count is None or body is None or not isinstance(name.value.data, str):
        return None
    return Loop(name=name.value, count=count.value, input=body.value)


def resource_loop(resource: Value) -> Loop | None:
    """The loop that repeats a whole resource, if it has one."""
    if not isinstance(resource.data, Object):
        return None
    member = resource.data.find("copy")
    if member is None:
        return None
    copy = member.value
    if not isinstance(copy.data, Object):
        raise fault(COPY_LOOP, copy, "`copy` of a resource must be an object with name and count")
    name, count = copy.data.find("name"), copy.data.find("count")
    if name is None or count is None:
        raise fault(COPY_LOOP, copy, "`copy` needs a name and a count")
    return Loop(name=name.value, count=count.value, input=resource, whole_resource=True)


def turns(loop: Loop, environment: Environment, expand: Callable[[Value, Environment], Value]) -> list[Environment]:
    """The environments of a loop's turns.

    Raises:
        Stop: where the count cannot be computed or is not between 0 and 800.
    """
    count = expand(loop.count, environment).data
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MAX_COPIES:
        raise fault(COPY_LOOP, loop.count, f"the count of a copy loop must be an integer from 0 to {MAX_COPIES}")
    environment.scope.meter.repeat(count, loop.count, whole_resource=loop.whole_resource)
    name, whole = str(loop.name.data), loop.whole_resource
    return [environment.within(Turn(loop=name, index=index, whole_resource=whole)) for index in range(count)]
