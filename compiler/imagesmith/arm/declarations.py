"""The `parameters` section: declarations, the reading of a text for one, and the check of a value against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagesmith.arm.faults import Problem, Stop
from imagesmith.arm.plain_json import plain_json
from imagesmith.arm.structure import section_of
from imagesmith.arm.type_rules import WRONG_PARAMETER_TYPE
from imagesmith.arm.types import KINDS, DeclaredType, declared_type, problems, secrets_of
from imagesmith.diagnostics import SourceText, Span
from imagesmith.source import Member, Object, Origin, Value, wrap

_INTEGER = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """A declared parameter."""

    name: str
    key: Value
    type: DeclaredType

    @property
    def kind(self) -> str:
        """The lower-case type, empty where it has none that ARM knows."""
        return self.type.kind

    @property
    def nullable(self) -> bool:
        """Whether the parameter may stay without a value."""
        return self.type.nullable

    @property
    def secure(self) -> bool:
        """Whether the value is a secret."""
        return self.type.secure

    @property
    def default(self) -> Value | None:
        """The declaration's own default."""
        return self.type.member("defaultValue")

    @property
    def unknown_type(self) -> str:
        """The declared type, if it is none that ARM knows."""
        kind = self.type.member("type")
        return "" if self.kind or kind is None else str(kind.data)

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
                return wrap(plain_json(text), origin)
            except ValueError:
                pass
        shown = "the given text" if self.secure else repr(text)
        message = f"parameter {self.name!r} must be {KINDS[self.kind][0]}, but {shown} is not"
        hint = "" if self.kind in {"int", "bool"} else f"give JSON: -p '{self.name}=…' or -p {self.name}=@FILE"
        raise Stop([Problem(diagnostic=WRONG_PARAMETER_TYPE.at((), message, hint=hint, span=origin.span))])

    def check(self, value: Value) -> Value:
        """The same value, if the declaration allows it.

        Raises:
            Stop: where it does not, with everything that speaks against it.
        """
        found = tuple(Problem(diagnostic=one) for one in problems(value, self.type, f"parameter {self.name!r}"))
        if found:
            raise Stop(found)
        return value

    def secrets_of(self, value: Value) -> tuple[Value, ...]:
        """The parts of a value that are secrets."""
        return tuple(secrets_of(value, self.type))


def declarations(template: Object) -> Iterator[Declaration]:
    """The declarations of a template's `parameters` section."""
    definitions = section_of(template, "definitions")
    yield from (declare(member, definitions) for member in section_of(template, "parameters"))


def declare(member: Member, definitions: Object) -> Declaration:
    """A declaration from a member of `parameters`, with `$ref` followed into the file's `definitions`."""
    body = member.value.data if isinstance(member.value.data, Object) else Object()
    return Declaration(name=member.key, key=member.name, type=declared_type(body, definitions))
