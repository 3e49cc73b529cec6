"""A deployment file to the image templates in it: nested deployments, conditions and loops followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from imagesmith.arm.evaluate import evaluate_string, expand
from imagesmith.arm.faults import Finding, Stop, fault
from imagesmith.arm.loops import property_copies, resource_loop, turns
from imagesmith.arm.meter import Meter
from imagesmith.arm.parameters import declarations
from imagesmith.arm.scope import Environment, Parameter, Partial, Scope, Surroundings, UserFunction
from imagesmith.diagnostics import Rule, Severity, Span
from imagesmith.source import Member, Object, Value, walk

TEMPLATE_FORM = Rule(
    code="IMG123",
    severity=Severity.ERROR,
    title="a section of the deployment file does not have its form",
    cause="`parameters`, `variables` and `properties` are objects, `resources` is an array or an object of objects.",
    fix="bring the section into its form",
    example='"resources": {"type": "Microsoft.VirtualMachineImages/imageTemplates"}',
    corrected='"resources": [{"type": "Microsoft.VirtualMachineImages/imageTemplates"}]',
    source="Azure Resource Manager documentation, 'Understand the structure and syntax of ARM templates'",
)

IMAGE_TEMPLATE = "Microsoft.VirtualMachineImages/imageTemplates"
MISSPELT = "microsoft.virtualmachineimages"
"""What 67 of 455 real files have in place of the full type (corpus-stats.md §3)."""

_DEPLOYMENT = "microsoft.resources/deployments"


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An image template in a file and where its expressions are to be evaluated."""

    resource: Value
    environment: Environment

    @property
    def body(self) -> Object:
        """The resource's members."""
        return self.resource.data if isinstance(self.resource.data, Object) else Object()

    def name(self) -> str | None:
        """The evaluated name, or None where it cannot be computed or is not there."""
        member = self.body.find("name")
        if member is None:
            return None
        try:
            return str(expand(member.value, self.environment).data)
        except Stop:
            return None


@dataclass(kw_only=True, slots=True)
class Search:
    """What was found on the way through a file."""

    candidates: list[Candidate] = field(default_factory=list)
    switched_off: list[Value] = field(default_factory=list)
    linked: list[Value] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)


def is_image_template(kind: Value | None) -> bool:
    """Whether a resource's `type` names the image template, also in its usual misspelling."""
    return kind is not None and isinstance(kind.data, str) and kind.data.lower() in {IMAGE_TEMPLATE.lower(), MISSPELT}


def open_template(
    template: Object, *, surroundings: Surroundings, meter: Meter, parameters: dict[str, Parameter]
) -> Scope:
    """The scope of a template: its parameters, variables and user functions."""
    variables = template.find("variables")
    section = variables.value.data if variables and isinstance(variables.value.data, Object) else Object()
    written, loops = _variable_loops(section)
    return Scope(
        surroundings=surroundings,
        meter=meter,
        expand=expand,
        parameters=parameters,
        variables=written,
        loops=loops,
        functions=_functions(template),
    )


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
        namespace, members = (_get(space, key) for key in ("namespace", "members"))
        if namespace is None or members is None or not isinstance(members.data, Object):
            continue
        for member in members.data:
            output = _get(_get(member.value, "output"), "value")
            if output is not None:
                name = f"{namespace.data}.{member.key}"
                parameters = _get(member.value, "parameters")
                found[name.lower()] = UserFunction(name=name, parameters=tuple(_named(parameters)), output=output)
    return found


def _named(parameters: Value | None) -> Iterator[tuple[str, Span]]:
    if parameters is not None and isinstance(parameters.data, tuple):
        for parameter in parameters.data:
            name = _get(parameter, "name")
            if name is not None:
                yield str(name.data), name.span


def _get(value: Value | None, key: str) -> Value | None:
    if value is None or not isinstance(value.data, Object):
        return None
    member = value.data.find(key)
    return member.value if member else None


def search(template: Value, environment: Environment, found: Search) -> Search:
    """Collect the image templates of a template into `found`."""
    found.scopes.append(environment.scope)
    for resource in resources_of(template, found):
        kind = _get(resource, "type")
        if is_image_template(kind):
            _add(resource, environment, found)
        elif kind is not None and str(kind.data).lower() == _DEPLOYMENT:
            _enter(resource, environment, found)
    return found


def resources_of(template: Value, found: Search) -> Iterator[Value]:
    """The resources of a template, by list or by symbolic name; existing ones are none of the deployment's."""
    section = _get(template, "resources")
    if section is None:
        return
    if isinstance(section.data, Object):
        resources = tuple(member.value for member in section.data)
    elif isinstance(section.data, tuple):
        resources = section.data
    else:
        found.findings.extend(fault(TEMPLATE_FORM, section, "`resources` is neither an array nor an object").findings)
        return
    for resource in resources:
        existing = _get(resource, "existing")
        if not isinstance(resource.data, Object):
            found.findings.extend(fault(TEMPLATE_FORM, resource, "a resource must be an object").findings)
        elif existing is None or existing.data is not True:
            yield resource


def instances(resource: Value, environment: Environment, found: Search) -> Iterator[Environment]:
    """The environments in which a resource is deployed: one a turn of its loop, none where its condition is false."""
    try:
        loop = resource_loop(resource)
        environments = turns(loop, environment, expand) if loop else [environment]
    except Stop as stop:
        found.findings.extend(stop.findings)
        environments = [environment]
    condition = _get(resource, "condition")
    for one in environments:
        try:
            wanted = True if condition is None else expand(condition, one).data
        except Stop as stop:
            found.findings.extend(stop.findings)
            wanted = True
        if wanted is False or (isinstance(wanted, str) and wanted.lower() == "false"):
            found.switched_off.append(resource)
        else:
            yield one


def _add(resource: Value, environment: Environment, found: Search) -> None:
    for one in instances(resource, environment, found):
        found.candidates.append(Candidate(resource=resource, environment=one))


def _enter(resource: Value, environment: Environment, found: Search) -> None:
    properties = _get(resource, "properties")
    template = _get(properties, "template")
    if template is None:
        link = _get(properties, "templateLink")
        if link is not None:
            found.linked.append(link)
        return
    if not _holds_image_template(template):
        return  # lazily: what a deployment without an image template needs is of no concern
    for outer in instances(resource, environment, found):
        search(template, nested_environment(resource, outer), found)


def nested_environment(resource: Value, outer: Environment) -> Environment:
    """Where a nested deployment's expressions are evaluated: in the outer template, or in a scope of its own."""
    properties = _get(resource, "properties")
    template = _get(properties, "template")
    scope = _get(_get(properties, "expressionEvaluationOptions"), "scope")
    inner = scope is not None and str(scope.data).lower() == "inner"
    if not inner or template is None or not isinstance(template.data, Object):
        return outer
    given = _get(properties, "parameters")
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
        value = _get(resource, key)
        if value is not None:
            changed[field_name] = _text(value, outer)
    name = _get(resource, "name")
    if name is not None:
        changed["deployment_name"] = _text(name, outer) or around.deployment_name
    return replace(around, **changed)  # type: ignore[arg-type]


def _text(value: Value, environment: Environment) -> str | None:
    try:
        data = evaluate_string(value, environment).data if isinstance(value.data, str) else None
    except Stop:
        return None
    return data if isinstance(data, str) else None


def _holds_image_template(template: Value) -> bool:
    return any(isinstance(part.data, Object) and is_image_template(_get(part, "type")) for _, part in walk(template))
