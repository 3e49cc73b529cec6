"""The template that a deployment resource deploys: written in it, or a file beside the one that links to it."""

from __future__ import annotations

import re
from dataclasses import replace

from imagesmith.arm.evaluate import evaluate_string
from imagesmith.arm.expansion import expand
from imagesmith.arm.faults import CIRCULAR_DEFINITION, Problem, RuntimeValue, Stop, fault
from imagesmith.arm.scope import Environment
from imagesmith.arm.structure import is_deployment, member_of
from imagesmith.diagnostics import Rule, Severity
from imagesmith.source import Object, Value

LINK_NOT_FOLLOWED = Rule(
    code="IMG132",
    severity=Severity.ERROR,
    title="a linked template cannot be read here",
    cause="Links are followed to files in the template's folder, named with relativePath or with a URI beside the "
    "template's own; nothing is fetched from the network, and template specs are not read.",
    fix="put the linked file into the template's folder and name it with relativePath, or give the linked file itself",
    example='"templateLink": {"uri": "https://contoso.example/image.json"}',
    corrected='"templateLink": {"relativePath": "image.json"}',
    source="Azure Resource Manager documentation, 'Using linked and nested templates'",
)

_BASE = "https://template.invalid/"
"""Stands for the folder of the template, where an expression makes an address from deployment().properties."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DEEPEST = 20
"""Links within links; ARM itself allows five levels of nesting."""


def is_linked(resource: Value) -> bool:
    """Whether a deployment has its template in another file, so that its expressions are always its own."""
    return member_of(resource, "properties", "template") is None


def template_of(resource: Value, environment: Environment) -> Value | None:
    """The template that a resource deploys; None where it is no deployment, or has none.

    Raises:
        Stop: where the template is linked and cannot be read.
    """
    if not is_deployment(resource):
        return None
    written = member_of(resource, "properties", "template")
    if written is not None:
        return expand(written, environment) if isinstance(written.data, str) else written
    link = member_of(resource, "properties", "templateLink")
    return None if link is None else read_link(link, environment)


def read_link(link: Value, environment: Environment) -> Value:
    """What stands in a linked file: a template, or the parameters for one.

    Raises:
        Stop: where the file cannot be read.
    """
    place = _place(link, environment)
    path = str(place.data)
    reader, chain = environment.surroundings.read_linked, environment.surroundings.linked_from
    if reader is None:
        raise fault(LINK_NOT_FOLLOWED, place, "the template comes without a folder, so its links cannot be followed")
    document = reader(path, link.span.file)
    if document.filename in chain or len(chain) >= _DEEPEST:
        message = f"the linked template '{path}' links back to itself"
        raise fault(CIRCULAR_DEFINITION, place, message, hint="break the circle of links")
    errors = [found for found in document.diagnostics if found.is_error]
    if not document.source.text and errors:
        message = f"the linked template '{path}' cannot be read: {errors[0].message}"
        found = replace(errors[0], message=message, span=place.span, via=place.origin.via)
        raise Stop([Problem(diagnostic=found)])
    if document.root is None or errors:
        raise Stop(Problem(diagnostic=found) for found in errors)
    environment.scope.remarks.update(dict.fromkeys(document.diagnostics))
    if not isinstance(document.root.data, Object):
        raise fault(LINK_NOT_FOLLOWED, place, f"the linked file '{path}' holds no template: its top level is no object")
    return document.root


def _place(link: Value, environment: Environment) -> Value:
    """The path of the linked file, relative to the file with the link."""
    relative, address = member_of(link, "relativePath"), member_of(link, "uri")
    if relative is not None:
        return _text(relative, environment)
    if address is None:
        raise fault(LINK_NOT_FOLLOWED, link, "the link names neither relativePath nor uri")
    try:
        found = _text(address, environment)
    except Stop as stop:
        if not any(isinstance(finding, RuntimeValue) for finding in stop.findings):
            raise
        found = _text(address, _from_folder(environment))
    text = str(found.data)
    if text.startswith(_BASE):
        return Value(text.removeprefix(_BASE).partition("?")[0], found.origin)
    if _ADDRESS.match(text):
        raise fault(LINK_NOT_FOLLOWED, address, f"the linked template lies at {text.partition('?')[0]}")
    return found


def _from_folder(environment: Environment) -> Environment:
    """The same names, evaluated anew as if the address of the template's folder were known."""
    moved = replace(environment.surroundings, link_base=_BASE)
    return replace(environment, scope=environment.scope.moved(moved))


def _text(value: Value, environment: Environment) -> Value:
    found = evaluate_string(value, environment) if isinstance(value.data, str) else value
    if not isinstance(found.data, str):
        raise fault(LINK_NOT_FOLLOWED, value, "the place of the linked template is no text")
    return found
