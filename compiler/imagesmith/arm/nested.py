"""A template, outer or nested, to the scope in which its expressions are evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from imagesmith.arm.evaluate import evaluate_string, expand
from imagesmith.arm.faults import Finding, Stop
from imagesmith.arm.loops import property_copies, resource_loop, turns
from imagesmith.arm.meter import Meter
from imagesmith.arm.parameters import declarations
from imagesmith.arm.scope import Environment, Parameter, Partial, Scope, Surroundings, UserFunction
from imagesmith.diagnostics import Span
from imagesmith.source import Member, Object, Value

DEPLOYMENT = "microsoft.resources/deployments"


def open_template(
    template: Object, *, surroundings: Surroundings, meter: Meter, parameters: dict[str, Parameter]
) -> Scope:
    """The scope of a template: its parameters, variables and user functions."""
    variables = template.find("variables")
    section = variables.value.data if variables and isinstance(variables.value.data, Object) else Object()
    written, loops = _variable_loops(section)
    modules = any(_inline(resource) is not None for _, resource in _resources(template))
    scope = Scope(
        surroundings=surroundings,
        meter=meter,
        expand=expand,
        parameters=parameters,
        variables=written,
        loops=loops,
        functions=_functions(template),
    )
    if modules:
        scope.declared = lambda target, full, here: _declared(template, scope, target, full=full, here=here)
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


def _functions(template: Object) -> dict[str, UserFunction]:
    section = template.find("functions")
    spaces = section.value.data if section is not None and isinstance(section.value.data, tuple) else ()
    found: dict[str, UserFunction] = {}
    for space in spaces:
        namespace, members = (member_of(space, key) for key in ("namespace", "members"))
        if namespace is None or members is None or not isinstance(members.data, Object):
            continue
        for member in members.data:
            output = member_of(member_of(member.value, "output"), "value")
            if output is not None:
                name = f"{namespace.data}.{member.key}"
                parameters = member_of(member.value, "parameters")
                found[name.lower()] = UserFunction(name=name, parameters=tuple(_named(parameters)), output=output)
    return found


def _named(parameters: Value | None) -> Iterator[tuple[str, Span]]:
    if parameters is not None and isinstance(parameters.data, tuple):
        for parameter in parameters.data:
            name = member_of(parameter, "name")
            if name is not None:
                yield str(name.data), name.span


def member_of(value: Value | None, key: str) -> Value | None:
    if value is None or not isinstance(value.data, Object):
        return None
    member = value.data.find(key)
    return member.value if member else None


def nested_environment(resource: Value, outer: Environment) -> Environment:
    """Where a nested deployment's expressions are evaluated: in the outer template, or in a scope of its own."""
    properties = member_of(resource, "properties")
    template = member_of(properties, "template")
    scope = member_of(member_of(properties, "expressionEvaluationOptions"), "scope")
    inner = scope is not None and str(scope.data).lower() == "inner"
    if not inner or template is None or not isinstance(template.data, Object):
        return outer
    given = member_of(properties, "parameters")
    values = None
    if given is not None:
        try:
            values = expand(given, outer).data
        except Stop as stop:
            values = Partial((), {declaration.name: stop.findings for declaration in declarations(template.data)})
    parameters = dict(_handed_down(template.data, values if isinstance(values, Object) else Object()))
    nested = open_template(
        template.data,
        surroundings=_surroundings(resource, outer),
        meter=outer.scope.meter,
        parameters=parameters,
    )
    return Environment(scope=nested, here=template, copies=outer.copies)


def _handed_down(template: Object, values: Object) -> Iterator[tuple[str, Parameter]]:
    for declaration in declarations(template):
        entry = values.find(declaration.name)
        value, findings = None, _missing(values, declaration.name)
        if entry is not None and isinstance(entry.value.data, Object):
            member = entry.value.data.find("value")
            value = member.value if member and member.value.data is not None else None
            findings = _missing(entry.value.data, "value")
        yield (
            declaration.name.lower(),
            Parameter(
                name=declaration.name,
                declared=declaration.key.span,
                given=value,
                default=declaration.default,
                nullable=declaration.nullable,
                secure=declaration.secure,
                findings=findings,
                check=declaration.check,
            ),
        )


def _missing(data: Object, key: str) -> tuple[Finding, ...]:
    return data.missing.get(key.lower(), ()) if isinstance(data, Partial) else ()


def _surroundings(resource: Value, outer: Environment) -> Surroundings:
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
    return replace(around, **changed)  # type: ignore[arg-type]


def _text(value: Value, environment: Environment) -> str | None:
    try:
        data = evaluate_string(value, environment).data if isinstance(value.data, str) else None
    except Stop:
        return None
    return data if isinstance(data, str) else None


def _resources(template: Object) -> Iterator[tuple[str, Value]]:
    """The resources of a template with their symbolic names, where they have some."""
    section = template.find("resources")
    if section is not None and isinstance(section.value.data, Object):
        yield from ((member.key, member.value) for member in section.value.data)
    elif section is not None and isinstance(section.value.data, tuple):
        yield from (("", resource) for resource in section.value.data)


def _inline(resource: Value) -> Object | None:
    """The template that a resource deploys, if it is a nested deployment with one."""
    kind = member_of(resource, "type")
    if kind is None or str(kind.data).lower() != DEPLOYMENT:
        return None
    template = member_of(member_of(resource, "properties"), "template")
    return template.data if template is not None and isinstance(template.data, Object) else None


def _declared(template: Object, scope: Scope, target: str, *, full: bool, here: Value) -> Value | None:
    """What the file itself tells of a resource that reference() asks for: a module's outputs, a location.

    `target` is a symbolic name or a resource id. None where the file deploys no such resource.
    """
    for symbol, resource in _resources(template):
        for environment in _matches(symbol, resource, scope, target):
            what = f"deployment '{target}'" + (" (full)" if full else "")
            return scope.once(what, here, lambda r=resource, e=environment: _state(r, e, full=full))  # type: ignore[misc]
    return None


def _matches(symbol: str, resource: Value, scope: Scope, target: str) -> Iterator[Environment]:
    outside = Environment(scope=scope, here=resource)
    if symbol and symbol == target:
        yield outside
        return
    kind, name = member_of(resource, "type"), member_of(resource, "name")
    place, _, last = target.lower().rpartition("/")
    if kind is None or name is None or not place.endswith(f"/providers/{str(kind.data).lower()}"):
        return
    try:
        loop = resource_loop(resource)
        environments = turns(loop, outside, expand) if loop else [outside]
        for one in environments:
            if str(expand(name, one).data).lower() == last:
                yield one
    except Stop:
        return  # a resource whose name is not known cannot be told to be the one


def _state(resource: Value, environment: Environment, *, full: bool) -> Value:
    members, missing = [], {}
    template = _inline(resource)
    parts = []
    if template is not None and (outputs := template.find("outputs")) is not None:
        parts.append((outputs, nested_environment(resource, environment)))
    if full and isinstance(resource.data, Object) and (location := resource.data.find("location")) is not None:
        parts.append((location, environment))
    for member, where in parts:
        try:
            members.append(Member(member.name, expand(member.value, where)))
        except Stop as stop:
            missing[member.key] = stop.findings
    return Value(Partial(members, missing), resource.origin)
