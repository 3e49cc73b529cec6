"""Values against the types of a template's language: plain ones, and those of `definitions` (languageVersion 2.0)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from imagesmith.arm.calls import alike, kind_of
from imagesmith.arm.scope import Partial
from imagesmith.arm.suggest import close
from imagesmith.arm.type_rules import PARAMETER_CONSTRAINT, PARAMETER_SHAPE, WRONG_PARAMETER_TYPE
from imagesmith.diagnostics import Diagnostic, Path, dotted
from imagesmith.source import Object, Value

KINDS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a string", (str,)),
    "securestring": ("a string", (str,)),
    "int": ("an integer", (int,)),
    "bool": ("true or false", (bool,)),
    "array": ("an array", (tuple,)),
    "object": ("an object", (Object,)),
    "secureobject": ("an object", (Object,)),
}
"""The types by lower-case name: what their values are in words, and of which classes."""

_SECURE = frozenset({"securestring", "secureobject"})
_MOST_REFERENCES = 32
_DEEPEST = 40
"""Types within types that are looked at; a recursive type ends with the value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredType:
    """A type as declared: its body with every `$ref` followed, and the definitions for those further inside."""

    body: Object
    definitions: Object

    @property
    def kind(self) -> str:
        """The lower-case name of the type; empty where it has none that ARM knows, so that anything fits."""
        kind = self.member("type")
        name = str(kind.data).lower() if kind is not None and isinstance(kind.data, str) else ""
        return name if name in KINDS else ""

    @property
    def nullable(self) -> bool:
        """Whether null, or no value, fits too."""
        nullable = self.member("nullable")
        return nullable is not None and nullable.data is True

    @property
    def secure(self) -> bool:
        """Whether values of the type are secrets."""
        return self.kind in _SECURE

    def member(self, key: str) -> Value | None:
        """One of the declaration's own members."""
        member = self.body.find(key)
        return member.value if member else None

    def below(self, body: Value | None) -> DeclaredType | None:
        """A type that is declared inside this one; None where there is none, so that anything fits."""
        if body is None or not isinstance(body.data, Object):
            return None
        return declared_type(body.data, self.definitions)


def declared_type(body: Object, definitions: Object) -> DeclaredType:
    """A declaration with `$ref` followed; its own members stand before those of what it refers to."""
    for _ in range(_MOST_REFERENCES):
        reference = body.find("$ref")
        if reference is None or not isinstance(reference.value.data, str):
            break
        target = _at(reference.value.data, definitions)
        if target is None:
            break
        own = [member for member in body if member.key != "$ref"]
        keys = {member.key.lower() for member in own}
        body = Object([*own, *(member for member in target if member.key.lower() not in keys)])
    return DeclaredType(body=body, definitions=definitions)


def _at(pointer: str, definitions: Object) -> Object | None:
    """What `#/definitions/name` or a path below it points at."""
    prefix, _, path = pointer.partition("definitions/")
    if not path or prefix not in {"#/", "/", ""}:
        return None
    value: Value | None = None
    data: object = definitions
    for part in path.split("/"):
        key = unquote(part).replace("~1", "/").replace("~0", "~")
        if isinstance(data, Object):
            member = data.find(key)
            value = member.value if member else None
        elif isinstance(data, tuple) and key.isdigit() and int(key) < len(data):
            value = data[int(key)]
        else:
            value = None
        if value is None:
            return None
        data = value.data
    return data if isinstance(data, Object) else None


def problems(value: Value, declared: DeclaredType, subject: str, path: Path = ()) -> Iterator[Diagnostic]:
    """Everything in a value that does not fit its type; `subject` is whose value it is, in words."""
    if (value.data is None and declared.nullable) or len(path) > _DEEPEST:
        return
    where = f"{subject} at {dotted(path)}" if path else subject
    if declared.kind:
        words, classes = KINDS[declared.kind]
        if not isinstance(value.data, classes) or (declared.kind == "int" and isinstance(value.data, bool)):
            message = f"{where} must be {words}, but its value is {kind_of(value)}"
            yield WRONG_PARAMETER_TYPE.at((), message, span=value.span, via=value.origin.via)
            return
    yield from _limits(value, declared, where)
    if isinstance(value.data, tuple):
        yield from _elements(value, value.data, declared, subject, path)
    elif isinstance(value.data, Object):
        yield from _properties(value, value.data, declared, subject, path)


def secrets_of(value: Value, declared: DeclaredType | None, depth: int = 0) -> Iterator[Value]:
    """The parts of a value whose types say that they are secrets."""
    if declared is None or depth > _DEEPEST:
        return
    if declared.secure:
        yield value
    elif isinstance(value.data, tuple):
        for index, item in enumerate(value.data):
            yield from secrets_of(item, _element_type(declared, index), depth + 1)
    elif isinstance(value.data, Object):
        chosen = _variant(value.data, declared) or declared
        for member in value.data:
            yield from secrets_of(member.value, _property_type(chosen, member.key), depth + 1)


def _limits(value: Value, declared: DeclaredType, where: str) -> Iterator[Diagnostic]:
    allowed = declared.member("allowedValues")
    if allowed is not None and isinstance(allowed.data, tuple) and not _allows(allowed.data, value):
        message = f"{where} must be one of {', '.join(_shown(item) for item in allowed.data)}"
        known = [item.data for item in allowed.data if isinstance(item.data, str)]
        hint = close(value.data, known) if isinstance(value.data, str) and not declared.secure else ""
        yield PARAMETER_CONSTRAINT.at((), message, hint=hint, span=value.span, via=value.origin.via)
        return
    broken = ""
    if isinstance(value.data, str | tuple) and (text := _outside(declared, "Length", len(value.data))):
        broken = f"must have {text} {'characters' if isinstance(value.data, str) else 'elements'}"
    elif isinstance(value.data, int) and not isinstance(value.data, bool):
        text = _outside(declared, "Value", value.data)
        broken = f"must be {text}" if text else ""
    if broken:
        yield PARAMETER_CONSTRAINT.at((), f"{where} {broken}", span=value.span, via=value.origin.via)


def _outside(declared: DeclaredType, what: str, number: int) -> str:
    least, most = declared.member(f"min{what}"), declared.member(f"max{what}")
    if least is not None and isinstance(least.data, int) and number < least.data:
        return f"at least {least.data}"
    if most is not None and isinstance(most.data, int) and number > most.data:
        return f"at most {most.data}"
    return ""


def _elements(
    value: Value, items: tuple[Value, ...], declared: DeclaredType, subject: str, path: Path
) -> Iterator[Diagnostic]:
    tuple_types = declared.member("prefixItems")
    count = len(tuple_types.data) if tuple_types is not None and isinstance(tuple_types.data, tuple) else 0
    more = declared.member("items")
    closed = more is not None and more.data is False
    if len(items) < count or (closed and len(items) > count):
        where = f"{subject} at {dotted(path)}" if path else subject
        message = f"{where} must have {count if closed else f'at least {count}'} elements, but has {len(items)}"
        yield PARAMETER_SHAPE.at((), message, span=value.span, via=value.origin.via)
    for index, item in enumerate(items):
        inner = _element_type(declared, index)
        if inner is not None:
            yield from problems(item, inner, subject, (*path, index))


def _element_type(declared: DeclaredType, index: int) -> DeclaredType | None:
    tuple_types = declared.member("prefixItems")
    if tuple_types is not None and isinstance(tuple_types.data, tuple) and index < len(tuple_types.data):
        return declared.below(tuple_types.data[index])
    return declared.below(declared.member("items"))


def _properties(value: Value, data: Object, declared: DeclaredType, subject: str, path: Path) -> Iterator[Diagnostic]:
    where = f"{subject} at {dotted(path)}" if path else subject
    chosen = _variant(data, declared)
    if chosen is None:
        yield from _no_variant(value, data, declared, where)
        return
    named = chosen.member("properties")
    wanted = named.data if named is not None and isinstance(named.data, Object) else Object()
    for member in wanted:
        inner = chosen.below(member.value)
        there = data.find(member.key) is not None or _unknown(data, member.key)
        if inner is not None and not inner.nullable and not there:
            message = f"{where} lacks the property {member.key!r}"
            yield PARAMETER_SHAPE.at((), message, span=value.span, via=value.origin.via)
    others = chosen.member("additionalProperties")
    for member in data:
        if wanted.find(member.key) is None and others is not None and others.data is False:
            message = f"{where} has the property {member.key!r}, which its type does not know"
            hint = close(member.key, [m.key for m in wanted])
            yield PARAMETER_SHAPE.at((), message, hint=hint, span=member.name.span, via=member.name.origin.via)
        else:
            inner = _property_type(chosen, member.key)
            if inner is not None:
                yield from problems(member.value, inner, subject, (*path, member.key))


def _unknown(data: Object, key: str) -> bool:
    """Whether a property may be there, only that it could not be computed; who asks for it is told so."""
    return isinstance(data, Partial) and (key.lower() in data.missing or data.otherwise is not None)


def _property_type(declared: DeclaredType, key: str) -> DeclaredType | None:
    named = declared.member("properties")
    member = named.data.find(key) if named is not None and isinstance(named.data, Object) else None
    return declared.below(member.value if member else declared.member("additionalProperties"))


def _variant(data: Object, declared: DeclaredType) -> DeclaredType | None:
    """The type that a discriminator chooses for an object, the declared one where it has none; None for no match."""
    chooser = declared.member("discriminator")
    if chooser is None or not isinstance(chooser.data, Object):
        return declared
    name, mapping = chooser.data.get("propertyName"), chooser.data.get("mapping")
    if name is None or mapping is None or not isinstance(mapping.data, Object):
        return declared
    member = data.find(str(name.data))
    chosen = mapping.data.find(str(member.value.data)) if member is not None else None
    return declared.below(chosen.value) if chosen is not None else None


def _no_variant(value: Value, data: Object, declared: DeclaredType, where: str) -> Iterator[Diagnostic]:
    chooser = declared.member("discriminator")
    body = chooser.data if chooser is not None and isinstance(chooser.data, Object) else Object()
    name, mapping = body.get("propertyName"), body.get("mapping")
    key = str(name.data) if name else ""
    known = [m.key for m in mapping.data] if mapping is not None and isinstance(mapping.data, Object) else []
    member = data.find(key)
    if member is None:
        message = f"{where} lacks the property {key!r}, which tells its kind: one of {', '.join(known)}"
        yield PARAMETER_SHAPE.at((), message, span=value.span, via=value.origin.via)
    else:
        given = str(member.value.data)
        message = f"{where} has the kind {given!r}; {key} must be one of {', '.join(known)}"
        origin = member.value.origin
        yield PARAMETER_CONSTRAINT.at((), message, hint=close(given, known), span=origin.span, via=origin.via)


def _allows(allowed: tuple[Value, ...], value: Value) -> bool:
    """For an array the declaration lists what its elements may be, or whole arrays."""
    if any(alike(item, value) for item in allowed):
        return True
    return isinstance(value.data, tuple) and all(any(alike(item, one) for item in allowed) for one in value.data)


def _shown(value: Value) -> str:
    return value.data if isinstance(value.data, str) else str(value.data)
