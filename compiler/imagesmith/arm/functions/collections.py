"""Array and object functions (ARM documentation, 'Array functions' and 'Object functions for ARM templates')."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from imagesmith.arm.calls import Invocation, inherit, look_up, same
from imagesmith.arm.faults import NO_SUCH_PROPERTY
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.arm.scope import Partial
from imagesmith.source import Array, Member, Object, Value


def _array(call: Invocation) -> Result:
    value = call.value(0)
    return value if isinstance(value.data, tuple) else (value,)


def _create_object(call: Invocation) -> Result:
    if len(call) % 2:
        raise call.fault("createObject() takes pairs of key and value, but the last key has no value")
    members: dict[str, Member] = {}
    for index in range(0, len(call), 2):
        call.text(index)
        members[call.text(index).lower()] = Member(call.value(index), call.value(index + 1))
    return Object(members.values())


def _union(call: Invocation) -> Result:
    """Arrays: every element once, in order. Objects: members merged, nested objects too, the last value wins."""
    first = call.value(0).data
    if isinstance(first, tuple):
        return _distinct((item for index in range(len(call)) for item in call.array(index)), call)
    if not isinstance(first, Object):
        raise call.wrong(0, "an array or an object")
    merged = call.value(0)
    for index in range(1, len(call)):
        if not isinstance(call.value(index).data, Object):
            raise call.wrong(index, "an object")
        merged = _merge(merged, call.value(index), deep=True)
    return merged.data


def _distinct(items: Iterable[Value], call: Invocation) -> Array:
    kept: list[Value] = []
    seen: set[object] = set()
    for item in items:
        if isinstance(item.data, str | int | float | bool | None):
            mark = (type(item.data) is bool, item.data)
            if mark in seen:
                continue
            seen.add(mark)
        else:
            call.charge(len(kept))
            if any(same(item, other) for other in kept):
                continue
        kept.append(item)
    return tuple(kept)


def _distinct_array(call: Invocation) -> Result:
    return _distinct(call.array(0), call)


def _merge(one: Value, other: Value, *, deep: bool) -> Value:
    if not isinstance(one.data, Object) or not isinstance(other.data, Object):
        return other
    members = {member.key.lower(): Member(member.name, inherit(member.value, one)) for member in one.data}
    for member in other.data:
        before = members.get(member.key.lower())
        value = inherit(member.value, other)
        if deep and before is not None:
            value = _merge(before.value, value, deep=True)
        members[member.key.lower()] = Member(before.name if before else member.name, value)
    return Value(_with_missing(members, one.data, other.data), one.origin)


def _with_missing(members: dict[str, Member], one: Object, other: Object) -> Object:
    """Merged members, and what could not be computed of either side where the other does not replace it."""
    given = {member.key.lower() for member in other}
    missing = {key: found for key, found in one.missing.items() if key not in given} if isinstance(one, Partial) else {}
    if isinstance(other, Partial):
        missing |= other.missing
    rest = next((side.otherwise for side in (other, one) if isinstance(side, Partial) and side.otherwise), None)
    kept = (member for key, member in members.items() if key not in missing)
    return Partial(kept, missing, rest) if missing or rest else Object(kept)


def _shallow_merge(call: Invocation) -> Result:
    merged = Value(Object(), call.origin)
    for item in call.array(0):
        if not isinstance(item.data, Object):
            raise call.wrong(0, "an array of objects")
        merged = _merge(merged, item, deep=False)
    return merged.data


def _intersection(call: Invocation) -> Result:
    first = call.value(0).data
    if isinstance(first, tuple):
        common = call.array(0)
        for index in range(1, len(call)):
            others = call.array(index)
            call.charge(len(common) * len(others))
            common = tuple(item for item in common if any(same(item, other) for other in others))
        return _distinct(common, call)
    members = call.object(0).members
    for index in range(1, len(call)):
        other = call.object(index)
        members = tuple(m for m in members if (match := other.find(m.key)) is not None and same(m.value, match.value))
    return Object(members)


def _has(data: Object, key: str) -> bool:
    """Whether an object has a key, even if its value could not be computed; stops where only Azure knows."""
    if data.find(key) is not None or (isinstance(data, Partial) and key.lower() in data.missing):
        return True
    if isinstance(data, Partial):
        data.stop_at(key)
    return False


def _contains(call: Invocation) -> bool:
    """Whether an array has an element, an object a key (any case), a string a part (case-sensitive)."""
    container, item = call.value(0), call.value(1)
    if isinstance(container.data, tuple):
        return any(same(element, item) for element in container.data)
    if isinstance(container.data, Object):
        return _has(container.data, call.scalar(1))
    return call.scalar(1) in call.text(0)


def _length(call: Invocation) -> int:
    data = call.value(0).data
    if not isinstance(data, str | tuple | Object):
        raise call.wrong(0, "an array, an object or a string")
    return len(call.object(0)) if isinstance(data, Object) else len(data)


def _end(call: Invocation, index: int) -> Result:
    data = call.value(0).data
    if isinstance(data, tuple):
        items = call.array(0)
        return items[index] if items else None
    text = call.text(0)
    return text[index] if text else ""


def _cut(call: Invocation, *, keep: bool) -> Result:
    """take() and skip(): a count below 0 is 0, above the length the length."""
    count = max(call.integer(1), 0)
    data = call.array(0) if isinstance(call.value(0).data, tuple) else call.text(0)
    return data[:count] if keep else data[count:]


def _index(call: Invocation, *, last: bool) -> int:
    """The place in a string (without regard to case) or an array, -1 if it is not there."""
    value = call.value(0)
    if isinstance(value.data, tuple):
        places = [place for place, item in enumerate(value.data) if same(item, call.value(1))]
        return -1 if not places else places[-1 if last else 0]
    text, part = call.text(0).lower(), call.text(1).lower()
    return text.rfind(part) if last else text.find(part)


def _items(call: Invocation) -> Result:
    """An object's members as {key, value}, ordered by key without regard to case (tests of Azure/bicep)."""
    value, origin = call.value(0), call.origin
    members = sorted(call.object(0), key=lambda member: member.key.upper())
    names = Value("key", origin), Value("value", origin)
    return tuple(
        Value(Object((Member(names[0], m.name), Member(names[1], inherit(m.value, value)))), origin) for m in members
    )


def _object_keys(call: Invocation) -> Result:
    return tuple(sorted((member.name for member in call.object(0)), key=lambda name: str(name.data).upper()))


def _flatten(call: Invocation) -> Result:
    """One level of nested arrays taken away."""
    flat: list[Value] = []
    for item in call.array(0):
        if not isinstance(item.data, tuple):
            raise call.wrong(0, "an array of arrays")
        flat.extend(inherit(inner, item) for inner in item.data)
    return tuple(flat)


def _from_end(value: Value, key: Object, call: Invocation, index: int) -> Value:
    """The index that {value, fromEnd} stands for."""
    place, from_end = key.find("value"), key.find("fromEnd")
    if place is None or not isinstance(place.value.data, int) or isinstance(place.value.data, bool):
        raise call.wrong(index, "a string or an integer")
    count = place.value.data
    if from_end is not None and from_end.value.data is True and isinstance(value.data, tuple):
        count = len(value.data) - count
    return Value(count, place.value.origin)


def _try_get(call: Invocation) -> Value:
    """Properties and elements one after the other; {value: 1, fromEnd: true} counts from the end (as Bicep compiles
    `array[^1]`)."""
    value = call.value(0)
    for index in range(1, len(call)):
        key = call.value(index)
        if isinstance(key.data, Object):
            key = _from_end(value, key.data, call, index)
        if not isinstance(key.data, str | int):
            raise call.wrong(index, "a string or an integer")
        value = look_up(value, key, safe=True, here=call.here, stretch=call.stretch)
        if value.data is None:
            break
    return value


def _index_from_end(call: Invocation) -> Result:
    items, place = call.array(0), call.integer(1)
    if 1 <= place <= len(items):
        return items[-place]
    if call.name.startswith("try"):
        return None
    raise call.fault(f"there is no element {place} from the end: the array has {len(items)}", rule=NO_SUCH_PROPERTY)


_array_row = partial(Function, page=Page.ARRAY)
_object_row = partial(Function, page=Page.OBJECT)
_bicep_object_row = partial(Function, page=Page.BICEP_OBJECT)
_bicep_array_row = partial(Function, page=Page.BICEP_ARRAY)

ROWS = (
    _array_row(
        name="array", least=1, most=1, apply=_array, note="The value as an array of one, unless it is an array."
    ),
    _array_row(
        name="createArray",
        least=0,
        most=None,
        apply=lambda call: tuple(call.values()),
        note="The arguments as an array.",
    ),
    _object_row(name="createObject", least=0, most=None, apply=_create_object, note="Keys and values as an object."),
    _array_row(name="union", least=2, most=None, apply=_union, note="Arrays or objects put together."),
    _bicep_object_row(
        name="shallowMerge", least=1, most=1, apply=_shallow_merge, note="Objects of an array merged at the top level."
    ),
    _array_row(
        name="intersection", least=2, most=None, apply=_intersection, note="What arrays or objects have in common."
    ),
    _array_row(name="contains", least=2, most=2, apply=_contains, note="Whether a container holds an item."),
    _array_row(name="length", least=1, most=1, apply=_length, note="Number of elements, members or characters."),
    _array_row(name="first", least=1, most=1, apply=lambda call: _end(call, 0), note="The first element or character."),
    _array_row(name="last", least=1, most=1, apply=lambda call: _end(call, -1), note="The last element or character."),
    _array_row(
        name="take", least=2, most=2, apply=lambda call: _cut(call, keep=True), note="The first elements or characters."
    ),
    _array_row(
        name="skip", least=2, most=2, apply=lambda call: _cut(call, keep=False), note="What follows the first ones."
    ),
    _array_row(
        name="indexOf", least=2, most=2, apply=lambda call: _index(call, last=False), note="The first place, or -1."
    ),
    _array_row(
        name="lastIndexOf", least=2, most=2, apply=lambda call: _index(call, last=True), note="The last place, or -1."
    ),
    _object_row(name="items", least=1, most=1, apply=_items, note="An object's members as an array."),
    _bicep_object_row(name="objectKeys", least=1, most=1, apply=_object_keys, note="An object's keys, ordered."),
    _bicep_array_row(name="distinct", least=1, most=1, apply=_distinct_array, note="Every element once, in order."),
    _bicep_array_row(name="flatten", least=1, most=1, apply=_flatten, note="Arrays within an array as one."),
    _bicep_object_row(
        name="tryGet", least=2, most=None, apply=_try_get, note="A property or element, null where there is none."
    ),
    _bicep_array_row(
        name="indexFromEnd", least=2, most=2, apply=_index_from_end, note="An element counted from the end, from 1."
    ),
    _bicep_array_row(
        name="tryIndexFromEnd", least=2, most=2, apply=_index_from_end, note="The same, null where there is none."
    ),
)
