"""A deployment file to the image templates in it: nested deployments, conditions and loops followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from imagesmith.arm.expansion import expand
from imagesmith.arm.faults import Finding, Stop, fault
from imagesmith.arm.links import template_of
from imagesmith.arm.loops import resource_loop, turns
from imagesmith.arm.nested import nested_environment
from imagesmith.arm.scope import Environment, Turn
from imagesmith.arm.structure import is_deployment, is_image_template, member_of
from imagesmith.diagnostics import Rule, Severity
from imagesmith.source import Object, Value, walk

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
    """What was found on the way through a file; `linked` are the reasons why linked templates were not read."""

    candidates: list[Candidate] = field(default_factory=list)
    switched_off: list[Value] = field(default_factory=list)
    linked: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def search(template: Value, environment: Environment, found: Search) -> Search:
    """Collect the image templates of a template into `found`."""
    for resource in resources_of(template, found):
        kind = member_of(resource, "type")
        if is_image_template(kind):
            _add(resource, environment, found)
        elif is_deployment(resource):
            _enter(resource, environment, found)
    return found


def resources_of(template: Value, found: Search) -> Iterator[Value]:
    """The resources of a template, by list or by symbolic name; existing ones are none of the deployment's."""
    section = member_of(template, "resources")
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
        existing = member_of(resource, "existing")
        if not isinstance(resource.data, Object):
            found.findings.extend(fault(TEMPLATE_FORM, resource, "a resource must be an object").findings)
        elif existing is None or existing.data is not True:
            yield resource


def instances(resource: Value, environment: Environment, found: Search) -> Iterator[Environment]:
    """The environments in which a resource is deployed: one a turn of its loop, none where its condition is false."""
    loop = None
    try:
        loop = resource_loop(resource)
        environments = turns(loop, environment, expand) if loop else [environment]
    except Stop as stop:
        found.findings.extend(stop.findings)
        # One turn is looked at all the same, for what else is wrong; that there is no loop would be a false report.
        name = str(loop.name.data) if loop else ""
        environments = [environment.within(Turn(loop=name, index=0, whole_resource=True))]
    condition = member_of(resource, "condition")
    for one in environments:
        if one.scope.meter.exhausted:
            return
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
    """Look into a deployment; lazily, since what one without an image template needs is of no concern."""
    written = member_of(resource, "properties", "template")
    if written is None or isinstance(written.data, str):
        _enter_unseen(resource, environment, found)
    elif _holds_image_template(resource):
        for outer in instances(resource, environment, found):
            _search_in(resource, outer, found)


def _enter_unseen(resource: Value, environment: Environment, found: Search) -> None:
    """Look into a template that is linked, or that an expression gives; which one may depend on a loop around it."""
    unseen = Search()
    for outer in instances(resource, environment, unseen):
        try:
            template = template_of(resource, outer)
        except Stop as stop:
            found.linked.extend(stop.findings)
            continue
        if template is not None and _holds_image_template(template):
            _search_in(resource, outer, found)
            found.findings.extend(unseen.findings)
    found.switched_off.extend(unseen.switched_off)


def _search_in(resource: Value, outer: Environment, found: Search) -> None:
    try:
        template = template_of(resource, outer)
        if template is not None:
            search(template, nested_environment(resource, outer), found)
    except Stop as stop:
        found.findings.extend(stop.findings)


def _holds_image_template(template: Value) -> bool:
    """Whether there is an image template anywhere in it, or a link that may lead to one."""
    return any(
        isinstance(part.data, Object)
        and (is_image_template(member_of(part, "type")) or part.data.find("templateLink") is not None)
        for _, part in walk(template)
    )
