"""A deployment as a client sends it, to the resources that ARM would create; for the sandbox's own ARM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from imagesmith.arm.declarations import declarations
from imagesmith.arm.faults import Stop
from imagesmith.arm.landing import Landing
from imagesmith.arm.links import template_of
from imagesmith.arm.meter import Meter
from imagesmith.arm.nested import nested_environment, open_template
from imagesmith.arm.reporting import report
from imagesmith.arm.scope import Environment, Parameter
from imagesmith.arm.states import output_value, output_wanted
from imagesmith.arm.structure import member_of
from imagesmith.arm.surroundings import Surroundings
from imagesmith.arm.templates import Search, instances, resources_of
from imagesmith.diagnostics import Diagnostic
from imagesmith.source import Object, Origin, Value, plain, wrap

_STEERING = frozenset({"condition", "copy", "comments", "existing", "resources"})
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rehearsal:
    """What a deployment makes: resources as plain JSON data, outputs, and what could not be computed."""

    resources: tuple[dict[str, Any], ...]  # any resource of any provider
    outputs: dict[str, Any]  # values of any shape
    diagnostics: tuple[Diagnostic, ...]


def evaluate_template(
    template: Value,
    parameters: Mapping[str, Any],  # values of any shape
    *,
    resource_group: str | None = None,
    subscription_id: str | None = None,
    tenant_id: str | None = None,
    location: str | None = None,
) -> list[dict[str, Any]]:  # resources of any provider
    """The resources of a template, conditions and loops applied, names and everything else computed.

    Children in nested `resources` follow their parent, with type and name written out in full. An expression that
    cannot be computed, such as `reference()`, stays as its text. `parameters` are plain values, or {"value": …} each.
    """
    rehearsal = rehearse(
        template,
        parameters,
        surroundings=Surroundings(
            resource_group=resource_group,
            subscription_id=subscription_id,
            tenant_id=tenant_id,
            location=location,
            now=_EPOCH,
            seed="",
        ),
    )
    return list(rehearsal.resources)


def rehearse(
    template: Value,
    parameters: Mapping[str, Any],  # values of any shape
    *,
    surroundings: Surroundings,
) -> Rehearsal:
    """Like `evaluate_template`, with the outputs and with the problems."""
    data = template.data if isinstance(template.data, Object) else Object()
    scope = open_template(
        template,
        surroundings=surroundings,
        meter=Meter(),
        parameters=dict(_given(data, parameters, template.origin)),
    )
    environment = Environment(scope=scope, here=template)
    landing, found = Landing(), Search()
    resources = tuple(_deployed(template, environment, landing, found))
    outputs = _outputs(data, environment, landing)
    diagnostics = (*report([*found.findings, *landing.findings]), *landing.diagnostics)
    return Rehearsal(resources=resources, outputs=outputs, diagnostics=diagnostics)


def _given(template: Object, values: Mapping[str, Any], origin: Origin) -> Iterator[tuple[str, Parameter]]:
    folded = {name.lower(): value for name, value in values.items()}
    for declaration in declarations(template):
        value = folded.get(declaration.name.lower())
        if isinstance(value, dict) and set(value) == {"value"}:
            value = value["value"]
        yield (
            declaration.name.lower(),
            Parameter(
                name=declaration.name,
                declared=declaration.key.span,
                given=None if value is None else wrap(value, origin),
                default=declaration.default,
                nullable=declaration.nullable,
                secure=declaration.secure,
                check=declaration.check,
                secrets_of=declaration.secrets_of,
            ),
        )


def _deployed(template: Value, environment: Environment, landing: Landing, found: Search) -> Iterator[dict[str, Any]]:
    for resource in resources_of(template, found):
        for one in instances(resource, environment, found):
            try:
                inner = template_of(resource, one)
                inside = nested_environment(resource, one)
            except Stop as stop:
                found.findings.extend(stop.findings)
                continue
            if inner is None:
                yield from _flat(resource, one, landing, found, parents=())
            else:
                yield from _deployed(inner, inside, landing, found)


def _flat(
    resource: Value, environment: Environment, landing: Landing, found: Search, parents: tuple[tuple[str, str], ...]
) -> Iterator[dict[str, Any]]:
    """A resource and its children, each with its full type and name."""
    body: dict[str, Any] = plain(landing.resource(resource, environment, without=_STEERING))
    kind, name = str(body.get("type", "")), str(body.get("name", ""))
    if parents and not kind.lower().startswith("microsoft."):
        kind, name = f"{parents[-1][0]}/{kind}", f"{parents[-1][1]}/{name}"
    yield {**body, "type": kind, "name": name}
    for child in resources_of(resource, found):
        for one in instances(child, environment, found):
            yield from _flat(child, one, landing, found, parents=(*parents, (kind, name)))


def _outputs(template: Object, environment: Environment, landing: Landing) -> dict[str, Any]:
    section = template.find("outputs")
    if section is None or not isinstance(section.value.data, Object):
        return {}
    outputs = {}
    for member in section.value.data:
        try:
            wanted = output_wanted(member.value, environment)
            value = output_value(member.value, environment) if wanted else None
        except Stop as stop:
            landing.findings.extend(stop.findings)
            value = member_of(member.value, "value")
        if value is not None:
            outputs[member.key] = plain(value)
    return outputs
