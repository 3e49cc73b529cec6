"""The `parameters` section: declarations with their types and constraints, and the check of a value against them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from imagesmith.arm.calls import kind_of, same
from imagesmith.arm.faults import Problem, Stop
from imagesmith.diagnostics import Rule, Severity, SourceText, Span
from imagesmith.source import Member, Object, Origin, Value, wrap

_SOURCE = "Azure Resource Manager documentation, 'Parameters in ARM templates'"

WRONG_PARAMETER_TYPE = Rule(
    code="IMG113",
    severity=Severity.ERROR,
    title="a parameter's value is not of its declared type",
    cause="The file declares the parameter's type; values for int, bool, array and object are given as JSON.",
    fix="give a value of the declared type",
    example="-p osDiskSizeGB=large",
    corrected="-p osDiskSizeGB=127",
    source=_SOURCE,
)
PARAMETER_CONSTRAINT = Rule(
    code="IMG114",
    severity=Severity.ERROR,
    title="a parameter's value is not allowed",
    cause="The declaration limits its value with allowedValues, minLength, maxLength, minValue or maxValue.",
    fix="give a value that the declaration allows",
    example="-p environment=dev",
    corrected="-p environment=test",
    source=_SOURCE,
)
UNKNOWN_PARAMETER_TYPE = Rule(
    code="IMG125",
    severity=Severity.WARNING,
    title="a parameter's type is not one of ARM's",
    cause="ARM knows string, secureString, int, bool, object, secureObject and array, and refuses others.",
    fix="correct the type",
    example='"vmName": {"type": "avd-vm"}',
    corrected='"vmName": {"type": "string", "defaultValue": "avd-vm"}',
    source=_SOURCE,
)

_KINDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a string", (str,)),
    "securestring": ("a string", (str,)),
    "int": ("an integer", (int,)),
    "bool": ("true or false", (bool,)),
    "array": ("an array", (tuple,)),
    "object": ("an object", (Object,)),
    "secureobject": ("an object", (Object,)),
}
_SECURE = frozenset({"securestring", "secureobject"})
_MOST_REFERENCES = 16
_INTEGER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """A declared parameter. `kind` is the lower-case type, empty where it has none that ARM knows."""

    name: str
    key: Value
    kind: str
    body: Object
    nullable: bool

    @property
    def secure(self) -> bool:
        """Whether the value is a secret."""
        return self.kind in _SECURE

    @property
    def default(self) -> Value | None:
        """The declaration's own default."""
        return _member(self.body, "defaultValue")

    def read(self, text: str) -> Value:
        """The value of a text from the command line: JSON where the type is not a string.

        Raises:
            Stop: where the text does not stand for a value of the type.
        """
        source = SourceText(f"-p {self.name}", text)
        origin = Origin(Span(source, 0, len(text)))
        if self.kind in {"string", "securestring", ""}:
            return Value(text, origin)
        if self.kind == "int" and _INTEGER.fullmatch(text.strip()):
            return Value(int(text), origin)
        if self.kind == "bool" and text.strip().lower() in {"true", "false"}:
            return Value(text.strip().lower() == "true", origin)
        if self.kind in {"array", "object", "secureobject"}:
            try:
                return self.check(wrap(json.loads(text), origin))
            except (ValueError, RecursionError):
                pass
        shown = "the given text" if self.secure else repr(text)
        message = f"parameter {self.name!r} must be {_KINDS[self.kind][0]}, but {shown} is not"
        hint = "" if self.kind in {"int", "bool"} else f"give JSON: -p '{self.name}=…' or -p {self.name}=@FILE"
        raise Stop([Problem(diagnostic=WRONG_PARAMETER_TYPE.at((), message, hint=hint, span=origin.span))])

    def check(self, value: Value) -> Value:
        """The same value, if the declaration allows it.

        Raises:
            Stop: where it does not.
        """
        if value.data is None and self.nullable:
            return value
        if self.kind:
            words, types = _KINDS[self.kind]
            good = isinstance(value.data, types) and (self.kind != "int" or not isinstance(value.data, bool))
            if not good:
                message = f"parameter {self.name!r} must be {words}, but its value is {kind_of(value)}"
                raise Stop([Problem(diagnostic=WRONG_PARAMETER_TYPE.at((), message, span=value.span))])
        broken = self._broken(value)
        if broken:
            message = f"parameter {self.name!r} {broken}"
            raise Stop([Problem(diagnostic=PARAMETER_CONSTRAINT.at((), message, span=value.span))])
        return value

    def _broken(self, value: Value) -> str:
        allowed = _member(self.body, "allowedValues")
        if allowed is not None and isinstance(allowed.data, tuple) and not _allows(allowed.data, value):
            return f"must be one of {', '.join(_shown(item) for item in allowed.data)}"
        if isinstance(value.data, str | tuple) and (text := self._outside("Length", len(value.data))):
            return f"{text} {'characters' if isinstance(value.data, str) else 'elements'}"
        if isinstance(value.data, int) and not isinstance(value.data, bool):
            return self._outside("Value", value.data)
        return ""

    def _outside(self, what: str, number: int) -> str:
        least, most = _member(self.body, f"min{what}"), _member(self.body, f"max{what}")
        subject = "must have" if what == "Length" else "must be"
        if least is not None and isinstance(least.data, int) and number < least.data:
            return f"{subject} at least {least.data}"
        if most is not None and isinstance(most.data, int) and number > most.data:
            return f"{subject} at most {most.data}"
        return ""


def declare(member: Member, definitions: Object) -> Declaration:
    """A declaration from a member of `parameters`, with `$ref` followed into the file's `definitions`."""
    body = member.value.data if isinstance(member.value.data, Object) else Object()
    merged = _with_references(body, definitions)
    kind = _member(merged, "type")
    name = str(kind.data).lower() if kind is not None and isinstance(kind.data, str) else ""
    nullable = _member(merged, "nullable")
    return Declaration(
        name=member.key,
        key=member.name,
        kind=name if name in _KINDS else "",
        body=merged,
        nullable=nullable is not None and nullable.data is True,
    )


def unknown_type(declaration: Declaration) -> str:
    """The declared type, if it is none that ARM knows."""
    kind = _member(declaration.body, "type")
    return "" if declaration.kind or kind is None else str(kind.data)


def _with_references(body: Object, definitions: Object) -> Object:
    for _ in range(_MOST_REFERENCES):
        reference = _member(body, "$ref")
        if reference is None or not isinstance(reference.data, str):
            break
        target = definitions.find(reference.data.rpartition("/")[2])
        if target is None or not isinstance(target.value.data, Object):
            break
        own = [member for member in body if member.key != "$ref"]
        keys = {member.key.lower() for member in own}
        body = Object([*own, *(member for member in target.value.data if member.key.lower() not in keys)])
    return body


def _member(body: Object, key: str) -> Value | None:
    member = body.find(key)
    return member.value if member else None


def _allows(allowed: tuple[Value, ...], value: Value) -> bool:
    """For an array the declaration lists what its elements may be, or whole arrays."""
    if any(_alike(item, value) for item in allowed):
        return True
    return isinstance(value.data, tuple) and all(any(_alike(item, one) for item in allowed) for one in value.data)


def _alike(one: Value, other: Value) -> bool:
    if isinstance(one.data, str) and isinstance(other.data, str):
        return one.data.lower() == other.data.lower()
    return same(one, other)


def _shown(value: Value) -> str:
    return value.data if isinstance(value.data, str) else str(value.data)
