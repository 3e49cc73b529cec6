"""A template, outer or nested, to the scope in which its expressions are evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from imagesmith.arm.declarations import declarations
from imagesmith.arm.evaluate import evaluate_string
from imagesmith.arm.expansion import expand
from imagesmith.arm.faults import MISSING_PARAMETERS, Finding, Problem, RuntimeValue, Stop
from imagesmith.arm.links import is_linked, read_link, template_of
from imagesmith.arm.loops import property_copies
from imagesmith.arm.meter import Meter
from imagesmith.arm.parameters import secret_call
from imagesmith.arm.scope import Environment, Parameter, Partial, Scope
from imagesmith.arm.states import States
from imagesmith.arm.structure import member_of, section_of
from imagesmith.arm.surroundings import Surroundings
from imagesmith.arm.user_functions import functions_of
from imagesmith.source import Member, Object, Value


def open_template(
    template: Value, *, surroundings: Surroundings, meter: Meter, parameters: dict[str, Parameter]
) -> Scope:
    """The scope of a template: its parameters, variables and user functions."""
    data = template.data if isinstance(template.data, Object) else Object()
    written, loops = _variable_loops(section_of(data, "variables"))
    scope = Scope(
        surroundings=surroundings,
        meter=meter,
        expand=expand,
        parameters=parameters,
        variables=written,
        loops=loops,
        functions=functions_of(data),
        template=template,
    )
    scope.states = States(data, scope, nested_environment)
    return scope


def _variable_loops(section: Object) -> tuple[Object, dict[str, Value]]:
    """The written variables, and those that loops make: each as an object with that one loop, by lower-case name."""
    loops, rest = property_copies(section)
    if not loops:
        return section, {}
    member = section.find("copy")
    items = member.value.data if member and isinstance(member.value.data, tuple) else ()
    made = {}
    for loop, item in zip(loops, items, strict=True):
        name = Value("copy", item.origin)
        made[str(loop.name.data).lower()] = Value(Object([Member(name, Value((item,), item.origin))]), item.origin)
    return Object(rest), made


def nested_environment(resource: Value, outer: Environment) -> Environment:
    """Where a nested deployment's expressions are evaluated: in the outer template, or in a scope of its own.

    Raises:
        Stop: where the template, or its parameters, are linked and cannot be read.
    """
    template = template_of(resource, outer)
    scope = member_of(resource, "properties", "expressionEvaluationOptions", "scope")
    written = member_of(resource, "properties", "template")
    computed = written is not None and isinstance(written.data, str)  # what is in it then is evaluated when it deploys
    inner = computed or is_linked(resource) or (scope is not None and str(scope.data).lower() == "inner")
    if not inner or template is None or not isinstance(template.data, Object):
        return outer
    parameters = dict(_handed_down(template.data, _given(resource, template.data, outer), resource, outer))
    nested = open_template(
        template,
        surroundings=_surroundings(resource, template, outer),
        meter=outer.scope.meter,
        parameters=parameters,
    )
    nested.remarks, nested.secrets = outer.scope.remarks, outer.scope.secrets
    nested.named_secrets, nested.reads = outer.scope.named_secrets, outer.scope.reads
    nested.outermost = False
    return Environment(scope=nested, here=template, copies=outer.copies)


@dataclass(frozen=True, slots=True)
class _Given:
    """The parameters that a deployment hands down, each as {"value": …}, and which secure parameters each has read."""

    values: Object = field(default_factory=Object)
    reads: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By the lower-case name of the parameter that is handed down."""


def _given(resource: Value, template: Object, outer: Environment) -> _Given:
    given, link = (member_of(resource, "properties", key) for key in ("parameters", "parametersLink"))
    if given is None and link is not None:
        file = read_link(link, outer).data  # values of a parameter file are no expressions
        return _Given(section_of(file, "parameters") if isinstance(file, Object) else Object())
    if given is None:
        return _Given()
    try:
        return _expanded(given, outer)
    except Stop as stop:
        return _Given(Partial((), {declaration.name: stop.findings for declaration in declarations(template)}))


def _expanded(given: Value, outer: Environment) -> _Given:
    """Member by member, so that each depends on no more than it has read itself."""
    data = given.data
    parts = [Value(Object([member]), given.origin) for member in data] if isinstance(data, Object) else [given]
    members: list[Member] = []
    missing: dict[str, tuple[Finding, ...]] = {}
    reads: dict[str, frozenset[str]] = {}
    for part in parts:
        with outer.scope.reads.apart() as read:
            found = expand(part, outer).data
        if isinstance(found, Object):
            members += found
            reads |= {member.key.lower(): frozenset(read) for member in found}
        if isinstance(found, Partial):
            missing |= found.missing
    return _Given(Partial(members, missing) if missing else Object(members), reads)


def _handed_down(
    template: Object, given: _Given, resource: Value, outer: Environment
) -> Iterator[tuple[str, Parameter]]:
    values = given.values
    for declaration in declarations(template):
        entry = values.find(declaration.name)
        value, findings = None, _missing(values, declaration.name)
        if entry is not None and isinstance(entry.value.data, Object):
            value, findings = _entry(entry.value, outer)
        elif not findings and declaration.default is None and not declaration.nullable:
            findings = (_not_handed_down(declaration.name, resource),)
        yield (
            declaration.name.lower(),
            Parameter(
                name=declaration.name,
                declared=declaration.key.span,
                given=value,
                reads=given.reads.get(declaration.name.lower(), frozenset()),
                default=declaration.default,
                nullable=declaration.nullable,
                findings=findings,
                check=declaration.check,
                secrets_of=declaration.secrets_of,
            ),
        )


def _entry(entry: Value, outer: Environment) -> tuple[Value | None, tuple[Finding, ...]]:
    """The value of one parameter that is handed down: as written, or a secret of a key vault, which --resolve gives."""
    reference = member_of(entry, "reference")
    if reference is not None:
        secret = secret_call(reference)
        answers = outer.surroundings.answers
        known = answers.find_text(secret, outer) if answers is not None else None
        here = reference.span
        unknown = RuntimeValue(expression=secret, span=here, via=reference.origin.via, asked=(here, (0, 0)))
        return known, () if known is not None else (unknown,)
    value = member_of(entry, "value")
    data = entry.data if isinstance(entry.data, Object) else Object()
    return (value if value is not None and value.data is not None else None), _missing(data, "value")


def _not_handed_down(name: str, resource: Value) -> Problem:
    place = member_of(resource, "properties", "parameters") or member_of(resource, "name") or resource
    message = f"the nested deployment gives no value to its parameter {name!r}"
    hint = f'add "{name}": {{"value": …}} to its `parameters`'
    return Problem(diagnostic=MISSING_PARAMETERS.at((), message, hint=hint, span=place.span))


def _missing(data: Object, key: str) -> tuple[Finding, ...]:
    return data.missing.get(key.lower(), ()) if isinstance(data, Partial) else ()


def _surroundings(resource: Value, template: Value, outer: Environment) -> Surroundings:
    """A nested deployment may name another group or subscription; what cannot be computed is unknown then."""
    around = outer.surroundings
    changed: dict[str, str | None] = {}
    for key, field_name in (("resourceGroup", "resource_group"), ("subscriptionId", "subscription_id")):
        value = member_of(resource, key)
        if value is not None:
            changed[field_name] = _text(value, outer)
    name = member_of(resource, "name")
    if name is not None:
        changed["deployment_name"] = _text(name, outer) or around.deployment_name
    moved = replace(around, **changed)  # type: ignore[arg-type]
    if not is_linked(resource):
        return moved
    return replace(moved, linked_from=(*moved.linked_from, template.span.file))


def _text(value: Value, environment: Environment) -> str | None:
    try:
        data = evaluate_string(value, environment).data if isinstance(value.data, str) else None
    except Stop:
        return None
    return data if isinstance(data, str) else None
