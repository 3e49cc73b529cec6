"""The image templates of a file to the one to take, under its name and with its type spelt out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagesmith.arm.deployment import Deployment
from imagesmith.arm.structure import IMAGE_TEMPLATE, is_image_template
from imagesmith.arm.suggest import close
from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.source import Member, Object, Value

if TYPE_CHECKING:
    from imagesmith.arm.templates import Candidate, Search

_FORMS = "aib-templates.md §3.1"

NO_IMAGE_TEMPLATE = Rule(
    code="IMG100",
    severity=Severity.ERROR,
    title="the file holds no image template",
    cause="A file is an image template resource, its properties, or an ARM deployment file with a resource of type "
    "Microsoft.VirtualMachineImages/imageTemplates.",
    fix="give a file with an image template, or pass over files without one with --skip-others",
    example='{"type": "Microsoft.Compute/virtualMachines", "properties": {}}',
    corrected='{"type": "Microsoft.VirtualMachineImages/imageTemplates", "properties": {"source": {}}}',
    source=_FORMS,
)
SEVERAL_IMAGE_TEMPLATES = Rule(
    code="IMG101",
    severity=Severity.ERROR,
    title="the file holds several image templates",
    cause="One build makes one image, so one of the templates must be chosen.",
    fix="choose one with --name",
    example="imagesmith compile images.json",
    corrected="imagesmith compile images.json --name contoso-base",
    source=_FORMS,
)
MISSPELT_TYPE = Rule(
    code="IMG102",
    severity=Severity.WARNING,
    title="the resource type is incomplete",
    cause="The type has two parts; `az resource create` with --resource-type hides the mistake, a deployment does not.",
    fix="write Microsoft.VirtualMachineImages/imageTemplates",
    example='"type": "Microsoft.VirtualMachineImages"',
    corrected='"type": "Microsoft.VirtualMachineImages/imageTemplates"',
    source="corpus-stats.md §3",
)
CONDITION_FALSE = Rule(
    code="IMG103",
    severity=Severity.ERROR,
    title="the image template is switched off",
    cause="Its `condition`, or that of the nested deployment around it, is false with the given parameters.",
    fix="give the parameters with which the condition is true",
    example='"condition": "[parameters(\'deployImage\')]"',
    corrected="-p deployImage=true",
    source="Azure Resource Manager documentation, 'Conditional deployment in ARM templates'",
)


def choose(
    root: Value, found: Search, deployment: Deployment
) -> tuple[Candidate | None, tuple[str, ...], tuple[Diagnostic, ...]]:
    """The image template to take, the names of the others, and the error where none can be taken."""
    candidates = found.candidates
    if not candidates:
        return None, (), (none_found(root, found),)
    if len(candidates) == 1:
        return candidates[0], (), ()
    names = [candidate.name() or _written_name(candidate) for candidate in candidates]
    wanted = (deployment.name or "").lower()
    at = next((index for index, name in enumerate(names) if deployment.name and name.lower() == wanted), None)
    if at is not None:
        return candidates[at], tuple(names[:at] + names[at + 1 :]), ()
    listed = ", ".join(names)
    message = f"the file holds {len(names)} image templates: {listed}"
    hint = f"choose one with --name {names[0]}"
    if deployment.name:
        message = f"the file holds no image template {deployment.name!r}; it holds {listed}"
        hint = close(deployment.name, names) or hint
    span = candidates[1].resource.span
    return None, tuple(names), (SEVERAL_IMAGE_TEMPLATES.at((), message, hint=hint, span=span),)


def _written_name(candidate: Candidate) -> str:
    member = candidate.body.find("name")
    return str(member.value.data) if member else "(without name)"


def none_found(root: Value, found: Search | None = None) -> Diagnostic:
    """The error where a file holds no image template, or only ones that are switched off."""
    if found is not None and found.switched_off:
        return CONDITION_FALSE.at((), span=found.switched_off[0].span)
    return NO_IMAGE_TEMPLATE.at((), span=root.span)


def named(resource: Value, deployment: Deployment) -> Value:
    """The resource with a name: its own, or the one that was given, or the file's."""
    data = resource.data
    if not isinstance(data, Object):
        return resource
    member = data.find("name")
    if member is not None and (deployment.name is None or str(member.value.data).lower() == deployment.name.lower()):
        return resource
    text = deployment.name or deployment.default_name
    if member is None:
        name = Member(Value("name", resource.origin), Value(text, resource.origin))
        return Value(Object([*data.members, name]), resource.origin)
    name = Member(member.name, Value(text, member.value.origin))
    return Value(Object(name if other is member else other for other in data), resource.origin)


def spelt(resource: Value) -> tuple[Value, tuple[Diagnostic, ...]]:
    """The resource with its type spelt out, and a warning where it was not."""
    data = resource.data
    member = data.find("type") if isinstance(data, Object) else None
    if member is None or not isinstance(data, Object) or not is_image_template(member.value):
        return resource, ()
    right = Member(member.name, Value(IMAGE_TEMPLATE, member.value.origin))
    spelt = Value(Object(right if other is member else other for other in data), resource.origin)
    if str(member.value.data).lower() == IMAGE_TEMPLATE.lower():
        return spelt, ()
    message = f"the type {member.value.data!r} is incomplete; {IMAGE_TEMPLATE} is meant"
    return spelt, (MISSPELT_TYPE.at(("type",), message, span=member.value.span),)
