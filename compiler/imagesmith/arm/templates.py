"""A deployment file to the image templates in it: nested deployments, conditions and loops followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from imagesmith.arm.evaluate import expand
from imagesmith.arm.faults import Finding, Stop, fault
from imagesmith.arm.loops import resource_loop, turns
from imagesmith.arm.nested import DEPLOYMENT, member_of, nested_environment
from imagesmith.arm.scope import Environment, Scope
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

IMAGE_TEMPLATE = "Microsoft.VirtualMachineImages/imageTemplates"
MISSPELT = "microsoft.virtualmachineimages"
"""What 67 of 455 real files have in place of the full type (corpus-stats.md §3)."""


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


def search(template: Value, environment: Environment, found: Search) -> Search:
    """Collect the image templates of a template into `found`."""
    found.scopes.append(environment.scope)
    for resource in resources_of(template, found):
        kind = member_of(resource, "type")
        if is_image_template(kind):
            _add(resource, environment, found)
        elif kind is not None and str(kind.data).lower() == DEPLOYMENT:
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
    try:
        loop = resource_loop(resource)
        environments = turns(loop, environment, expand) if loop else [environment]
    except Stop as stop:
        found.findings.extend(stop.findings)
        environments = [environment]
    condition = member_of(resource, "condition")
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
    properties = member_of(resource, "properties")
    template = member_of(properties, "template")
    if template is None:
        link = member_of(properties, "templateLink")
        if link is not None:
            found.linked.append(link)
        return
    if not _holds_image_template(template):
        return  # lazily: what a deployment without an image template needs is of no concern
    for outer in instances(resource, environment, found):
        search(template, nested_environment(resource, outer), found)


def _holds_image_template(template: Value) -> bool:
    return any(
        isinstance(part.data, Object) and is_image_template(member_of(part, "type")) for _, part in walk(template)
    )
