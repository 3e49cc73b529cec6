"""A file in any of the forms that image templates come in, to the image template in it with everything resolved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from imagesmith.arm.answers import Answers, read_answers
from imagesmith.arm.deployment import Deployment, Resolution
from imagesmith.arm.forms import bare_resource, expressions_in
from imagesmith.arm.landing import Landing, named_secrets, secrets_in
from imagesmith.arm.meter import Meter
from imagesmith.arm.nested import open_template
from imagesmith.arm.parameters import Gifts, assumptions, declared, given, unknown
from imagesmith.arm.reporting import report
from imagesmith.arm.scope import Environment, Surroundings, close
from imagesmith.arm.templates import (
    IMAGE_TEMPLATE,
    TEMPLATE_FORM,
    Candidate,
    Search,
    is_image_template,
    search,
)
from imagesmith.arm.tokens import Filling, fill
from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity, SourceText, in_order
from imagesmith.source import Document, Member, Object, Value

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

_STEERING = frozenset(
    {"condition", "copy", "dependson", "comments", "existing", "import", "metadata", "resources", "scope"}
)
"""Members of a resource that only steer its deployment (ARM 'structure and syntax')."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """The chosen image template, before its tokens are filled."""

    root: Value | None
    diagnostics: tuple[Diagnostic, ...] = ()
    secrets: tuple[str, ...] = ()
    named_secrets: Mapping[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    unresolved: tuple[Path, ...] = ()
    parameters: frozenset[str] = frozenset()
    inputs: tuple[SourceText, ...] = ()


class _Links:
    """Reads linked templates, each once."""

    def __init__(self, reader: Callable[[str, str], Document] | None) -> None:
        self._reader = reader
        self._read: dict[tuple[str, str], Document] = {}

    def read(self, path: str, named_in: str) -> Document:
        """The document at a path relative to the file that names it."""
        key = path, named_in
        if key not in self._read and self._reader is not None:
            self._read[key] = self._reader(path, named_in)
        return self._read[key]

    @property
    def sources(self) -> tuple[SourceText, ...]:
        """The texts of the files that were read."""
        return tuple(document.source for document in self._read.values())


def resolve(document: Document, deployment: Deployment) -> Resolution:
    """Take the image template out of a file and resolve parameters, variables, expressions and tokens in it.

    Never raises for what stands in the file or for what was given; every problem is in the resolution's diagnostics
    (architecture §3.2-3.4). Diagnostics of the reader and of parameter files are not repeated.
    """
    if document.root is None:
        return Resolution(document=None)
    gifts = given(deployment)
    found = _find(document.root, gifts, deployment)
    diagnostics = [*gifts.diagnostics, *found.diagnostics]
    if found.root is None:
        return Resolution(
            document=None,
            diagnostics=in_order(diagnostics),
            secrets=found.secrets,
            other_templates=found.others,
        )
    root, misspelt = _spelt(_named(found.root, deployment))
    filling = _fill_tokens(root, gifts, deployment)
    diagnostics += [*misspelt, *filling.diagnostics, *unknown(gifts, set(found.parameters | filling.names))]
    given_files = (file.source for file in deployment.parameter_files)
    inputs = tuple(dict.fromkeys([*document.inputs, *given_files, *found.inputs]))
    return Resolution(
        document=replace(document, root=filling.root, inputs=inputs),
        diagnostics=in_order(diagnostics),
        secrets=found.secrets,
        named_secrets=found.named_secrets,
        other_templates=found.others,
        unresolved=(*found.unresolved, *filling.unresolved),
    )


def _find(root: Value, gifts: Gifts, deployment: Deployment) -> _Found:
    data = root.data
    if not isinstance(data, Object):
        message = "the file holds no image template: its top level is no object"
        return _Found(root=None, diagnostics=(NO_IMAGE_TEMPLATE.at((), message, span=root.span),))
    if data.find("resources") is not None and data.find("properties") is None:
        return _in_deployment(root, data, gifts, deployment)
    resource = bare_resource(root, data)
    if resource is None:
        return _Found(root=None, diagnostics=(_none(root, Search()),))
    return _Found(root=resource, diagnostics=tuple(expressions_in(resource, ())))


def _in_deployment(root: Value, data: Object, gifts: Gifts, deployment: Deployment) -> _Found:
    parameters, diagnostics = declared(data, gifts, deployment)
    answers = read_answers(deployment.resolved)
    links = _Links(deployment.read_linked)
    surroundings = _surroundings(deployment, answers, links, root.span.file)
    scope = open_template(root, surroundings=surroundings, meter=Meter(), parameters=parameters)
    answers.outside = Environment(scope=scope, here=root)
    found = search(root, answers.outside, Search())
    names = frozenset(parameter.name for parameter in parameters.values())
    offered = [
        (one.name, part)
        for one in parameters.values()
        if one.offered is not None
        for part in one.secrets_of(one.offered)
    ]
    chosen, others, problem = _choose(root, found, deployment)
    malformed = tuple(_malformed(data))
    if chosen is None:
        # Where resources could not be read, "there is none" would be a guess.
        linked = () if found.candidates or found.findings else report(found.linked)
        none = problem if found.candidates or not (found.findings or linked) else ()
        problems = (*diagnostics, *answers.faults, *malformed, *report(found.findings), *linked, *none)
        hidden = secrets_in([*(part for _, part in offered), *scope.secrets, *answers.secrets])
        return _Found(root=None, diagnostics=problems, secrets=hidden, others=others, parameters=names)
    landing = Landing()
    resource = landing.resource(chosen.resource, chosen.environment, without=_STEERING)
    named = [*offered, *scope.named_secrets]
    return _Found(
        root=resource,
        diagnostics=(
            *diagnostics,
            *answers.faults,
            *malformed,
            *report([*found.findings, *landing.findings]),
            *landing.diagnostics,
            *scope.remarks,
            *answers.unused(),
            *assumptions(scope.assumed, deployment),
        ),
        secrets=secrets_in([*(part for _, part in named), *scope.secrets, *answers.secrets]),
        named_secrets=named_secrets(named),
        others=others,
        unresolved=tuple(landing.unresolved),
        parameters=names,
        inputs=links.sources,
    )


def _surroundings(deployment: Deployment, answers: Answers, links: _Links, filename: str) -> Surroundings:
    return Surroundings(
        resource_group=deployment.resource_group,
        subscription_id=deployment.subscription_id,
        tenant_id=deployment.tenant_id,
        location=deployment.location,
        deployment_name=deployment.default_name,
        now=deployment.now,
        seed=deployment.seed,
        answers=answers if answers.answers else None,
        read_linked=links.read if deployment.read_linked else None,
        linked_from=(os.path.normpath(filename),),
    )


def _malformed(data: Object) -> Iterator[Diagnostic]:
    for key in ("parameters", "variables"):
        section = data.find(key)
        if section is not None and section.value.data is not None and not isinstance(section.value.data, Object):
            yield TEMPLATE_FORM.at((), f"`{key}` is no object", span=section.value.span)


def _choose(
    root: Value, found: Search, deployment: Deployment
) -> tuple[Candidate | None, tuple[str, ...], tuple[Diagnostic, ...]]:
    """The image template to take, the names of the others, and the error where none can be taken."""
    candidates = found.candidates
    if not candidates:
        return None, (), (_none(root, found),)
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


def _none(root: Value, found: Search) -> Diagnostic:
    if found.switched_off:
        return CONDITION_FALSE.at((), span=found.switched_off[0].span)
    return NO_IMAGE_TEMPLATE.at((), span=root.span)


def _named(resource: Value, deployment: Deployment) -> Value:
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


def _spelt(resource: Value) -> tuple[Value, tuple[Diagnostic, ...]]:
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


def _fill_tokens(root: Value, gifts: Gifts, deployment: Deployment) -> Filling:
    def lookup(name: str) -> Value | None:
        gift = gifts.by_name.get(name.lower())
        if gift is not None:
            return gift.as_text
        if name.lower() == "region" and deployment.location is not None:
            return Value(deployment.location, root.origin)
        return None

    return fill(root, lookup, given=frozenset(gifts.by_name))
