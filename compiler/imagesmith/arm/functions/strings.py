"""String functions (ARM documentation, 'String functions for ARM templates')."""

from __future__ import annotations

import uuid
from functools import partial
from hashlib import sha256

from imagesmith.arm.calls import Invocation, written
from imagesmith.arm.functions.encoding import json_text, single_quoted_json
from imagesmith.arm.functions.murmur import unique_text
from imagesmith.arm.functions.picture import PictureFault, composite
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.source import Object, Value

ARM_NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")
"""The name space of guid(): ARM documentation, `guid`, gives it in its remarks."""

_HASH_COST = 20
"""Hashing a character here costs about as much as copying twenty."""


def _concat(call: Invocation) -> Result:
    """Joins strings, or appends arrays to one another."""
    if len(call) and isinstance(call.value(0).data, tuple):
        return tuple(item for index in range(len(call)) for item in call.array(index))
    return "".join(call.scalar(index) for index in range(len(call)))


def _format(call: Invocation) -> str:
    arguments = []
    for index in range(1, len(call)):
        data = call.value(index).data
        if isinstance(data, tuple | Object) or data is None:
            call.charge(call.environment.scope.meter.weigh(call.value(index)))
            data = "" if data is None else single_quoted_json(call.value(index))
        arguments.append(data)
    try:
        return composite(call.text(0), arguments, call.charge)
    except PictureFault as error:
        raise call.fault(str(error)) from None


def _unique_string(call: Invocation) -> str:
    text = "-".join(call.scalar(index) for index in range(len(call)))
    call.charge(len(text) * _HASH_COST)
    return unique_text(text)


def _guid(call: Invocation) -> str:
    return str(uuid.uuid5(ARM_NAMESPACE, "-".join(call.scalar(index) for index in range(len(call)))))


def _new_guid(call: Invocation) -> str:
    """A random-looking GUID from the seed and the place of the call, so that the same arguments give the same bytes."""
    span = call.here.span
    digest = sha256(f"{call.environment.surroundings.seed}\n{span.start}\n{call.stretch[0]}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))


def _replace(call: Invocation) -> str:
    text, old, new = call.text(0), call.text(1), call.text(2)
    if not old:
        raise call.fault("the text that replace() looks for is empty")
    call.charge(text.count(old) * len(new))
    return text.replace(old, new)


def _split(call: Invocation) -> Result:
    """Splits at one delimiter or at any of several, the longest first where two begin at the same place."""
    text, by = call.text(0), call.value(1).data
    marks = [str(item.data) for item in call.array(1)] if isinstance(by, tuple) else [call.text(1)]
    marks = sorted((mark for mark in marks if mark), key=len, reverse=True)
    parts = [text]
    for mark in marks:
        parts = [piece for part in parts for piece in part.split(mark)]
    origin = call.origin
    return tuple(Value(part, origin) for part in parts)


def _join(call: Invocation) -> str:
    items = [written(item.data, lambda: call.wrong(0, "an array of strings")) for item in call.array(0)]
    mark = call.text(1)
    call.charge(len(mark) * len(items))
    return mark.join(items)


def _substring(call: Invocation) -> str:
    text = call.text(0)
    start = call.integer(1) if len(call) > 1 else 0
    length = call.integer(2) if len(call) > 2 else len(text) - start
    if start < 0 or length < 0 or start + length > len(text):
        raise call.fault(f"substring({start}, {length}) reaches outside of a text of {len(text)} characters")
    return text[start : start + length]


def _pad_left(call: Invocation) -> str:
    text, width = call.scalar(0), call.integer(1)
    fill = call.text(2) if len(call) > 2 else " "
    if len(fill) != 1:
        raise call.fault("padLeft() fills with exactly one character")
    call.charge(max(width, 0))
    return text.rjust(width, fill)


def _string(call: Invocation) -> str:
    value = call.value(0)
    if isinstance(value.data, tuple | Object):
        call.charge(call.environment.scope.meter.weigh(value))
        return json_text(value)
    return "" if value.data is None else call.scalar(0)


def _like(call: Invocation) -> bool:
    """Whether a text fits a pattern in which `*` stands for any characters, without regard to case."""
    text, (first, *rest) = call.text(0).lower(), call.text(1).lower().split("*")
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _trim(call: Invocation) -> str:
    return call.text(0).strip()


_string_row = partial(Function, page=Page.STRING)

ROWS = (
    _string_row(name="concat", least=0, most=None, apply=_concat, note="Joins strings or arrays."),
    _string_row(name="format", least=1, most=None, apply=_format, note="Fills {0}, {1:N0} … as .NET does."),
    _string_row(
        name="uniqueString",
        least=1,
        most=None,
        apply=_unique_string,
        note="A hash of 13 characters, as ARM computes it.",
    ),
    _string_row(
        name="guid", least=1, most=None, apply=_guid, note="The version 5 UUID of the arguments joined with '-'."
    ),
    _string_row(
        name="newGuid", least=0, most=0, apply=_new_guid, default_only=True, note="A GUID from the run's seed."
    ),
    _string_row(name="toLower", least=1, most=1, apply=lambda call: call.text(0).lower(), note="Lower case."),
    _string_row(name="toUpper", least=1, most=1, apply=lambda call: call.text(0).upper(), note="Upper case."),
    _string_row(name="trim", least=1, most=1, apply=_trim, note="Without white space at both ends."),
    _string_row(name="replace", least=3, most=3, apply=_replace, note="Every occurrence replaced, case-sensitive."),
    _string_row(name="split", least=2, most=2, apply=_split, note="The parts between delimiters."),
    _string_row(name="join", least=2, most=2, apply=_join, note="Array elements joined by a delimiter."),
    _string_row(name="substring", least=1, most=3, apply=_substring, note="A part by start and length."),
    _string_row(name="padLeft", least=2, most=3, apply=_pad_left, note="Filled on the left up to a width."),
    _string_row(name="string", least=1, most=1, apply=_string, note="A value as text; arrays and objects as JSON."),
    _string_row(
        name="like", page=Page.BICEP_STRING, least=2, most=2, apply=_like, note="Whether a text fits a pattern."
    ),
    _string_row(
        name="startsWith",
        least=2,
        most=2,
        apply=lambda call: call.text(0).lower().startswith(call.text(1).lower()),
        note="Whether a string starts with another, without regard to case.",
    ),
    _string_row(
        name="endsWith",
        least=2,
        most=2,
        apply=lambda call: call.text(0).lower().endswith(call.text(1).lower()),
        note="Whether a string ends with another, without regard to case.",
    ),
)
