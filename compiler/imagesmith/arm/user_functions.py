"""The `functions` section: functions of the file with the types of what they take and give."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from imagesmith.arm.faults import Problem, Stop
from imagesmith.arm.scope import Argument, UserFunction
from imagesmith.arm.structure import member_of, section_of
from imagesmith.arm.types import declared_type, problems
from imagesmith.source import Object, Value


def functions_of(template: Object) -> dict[str, UserFunction]:
    """The functions of a template by lower-case name, their namespace before it."""
    section, definitions = template.find("functions"), section_of(template, "definitions")
    spaces = section.value.data if section is not None and isinstance(section.value.data, tuple) else ()
    found: dict[str, UserFunction] = {}
    for space in spaces:
        namespace, members = (member_of(space, key) for key in ("namespace", "members"))
        if namespace is None or members is None or not isinstance(members.data, Object):
            continue
        for member in members.data:
            function = _function(f"{namespace.data}.{member.key}", member.value, definitions)
            if function is not None:
                found[function.name.lower()] = function
    return found


def _function(name: str, body: Value, definitions: Object) -> UserFunction | None:
    output = member_of(body, "output", "value")
    if output is None:
        return None
    check = _check(member_of(body, "output"), definitions, f"what {name}() gives")
    return UserFunction(name=name, parameters=tuple(_arguments(name, body, definitions)), output=output, check=check)


def _arguments(function: str, body: Value, definitions: Object) -> Iterator[Argument]:
    parameters = member_of(body, "parameters")
    for parameter in parameters.data if parameters is not None and isinstance(parameters.data, tuple) else ():
        name = member_of(parameter, "name")
        if name is not None:
            check = _check(parameter, definitions, f"argument {str(name.data)!r} of {function}()")
            yield Argument(name=str(name.data), declared=name.span, check=check)


def _check(body: Value | None, definitions: Object, subject: str) -> Callable[[Value], Value]:
    """A check against the type that a declaration has; the names of values and defaults in it say nothing of a type."""
    declared = declared_type(body.data if body is not None and isinstance(body.data, Object) else Object(), definitions)

    def check(value: Value) -> Value:
        found = tuple(Problem(diagnostic=one) for one in problems(value, declared, subject))
        if found:
            raise Stop(found)
        return value

    return check
