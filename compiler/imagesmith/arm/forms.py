"""Files that are no deployments: a bare resource, its properties alone, the body of a REST example."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.arm.structure import SCRIPTS, is_image_template, without_nulls
from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.source import Member, Object, Value

EXPRESSION_IN_RESOURCE = Rule(
    code="IMG124",
    severity=Severity.WARNING,
    title="an expression stands in a file that has no expressions",
    cause="Expressions are evaluated in ARM deployment files only; a bare resource takes the text as it is.",
    fix="write the value, or make the file a deployment file with `resources`",
    example='{"type": "Microsoft.VirtualMachineImages/imageTemplates", "location": "[resourceGroup().location]"}',
    corrected='{"type": "Microsoft.VirtualMachineImages/imageTemplates", "location": "westeurope"}',
    source="aib-templates.md §3.1",
)

_NOT_SENT = frozenset({"dependson", "$schema", "contentversion"})
"""Members that bare files carry over from deployment files; the service's resource has none of them."""


def bare_resource(root: Value, data: Object) -> Value | None:
    """The resource in a file that is no deployment: itself, its properties alone, or a REST example's body."""
    kind = data.find("type")
    if kind is not None and _is_resource_type(kind.value) and not is_image_template(kind.value):
        return None
    if data.find("properties") is not None or (kind is not None and is_image_template(kind.value)):
        kept = Object(member for member in data if member.key.lower() not in _NOT_SENT)
        return without_nulls(Value(kept, root.origin))
    if data.find("source") is not None or data.find("distribute") is not None:
        kept = Object(member for member in data if member.key.lower() not in _NOT_SENT)
        properties = Value(kept, root.origin)
        return without_nulls(Value(Object([Member(Value("properties", root.origin), properties)]), root.origin))
    return _example_body(data)


def _is_resource_type(kind: Value) -> bool:
    return isinstance(kind.data, str) and "." in kind.data


def _example_body(data: Object) -> Value | None:
    """The resource in an example of the REST reference: {"parameters": {"…": {"properties": …}}}."""
    parameters = data.find("parameters")
    if parameters is None or not isinstance(parameters.value.data, Object):
        return None
    for member in parameters.value.data:
        body = member.value.data
        properties = body.find("properties") if isinstance(body, Object) else None
        if (
            properties is not None
            and isinstance(properties.value.data, Object)
            and properties.value.data.find("source")
        ):
            return without_nulls(member.value)
    return None


def expressions_in(value: Value, path: Path) -> Iterator[Diagnostic]:
    """A warning for each string of a bare resource that would be an expression in a deployment file."""
    data = value.data
    if isinstance(data, str):
        if data.startswith("[") and _is_read(data):
            yield EXPRESSION_IN_RESOURCE.at(path, f"{data!r} is not evaluated in this kind of file", span=value.span)
    elif isinstance(data, tuple):
        for index, item in enumerate(data):
            yield from expressions_in(item, (*path, index))
    elif isinstance(data, Object):
        for member in data:
            yield from expressions_in(member.name, (*path, member.key))
            if member.key.lower() not in SCRIPTS:
                yield from expressions_in(member.value, (*path, member.key))


def _is_read(text: str) -> bool:
    """Whether the text would be read as an expression."""
    from imagesmith.arm.syntax import SyntaxFault, is_expression, parse

    if not is_expression(text):
        return False
    try:
        parse(text)
    except SyntaxFault:
        return False
    return True
