"""A file in any of the forms that image templates come in, to the image template in it with everything resolved."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from imagesmith.arm.answers import Answers, read_answers
from imagesmith.arm.choosing import NO_IMAGE_TEMPLATE, choose, named, none_found, spelt
from imagesmith.arm.deployment import Deployment, Resolution
from imagesmith.arm.forms import bare_resource, expressions_in
from imagesmith.arm.landing import Landing, named_secrets, secrets_in
from imagesmith.arm.meter import Meter
from imagesmith.arm.nested import open_template
from imagesmith.arm.parameters import Gifts, assumptions, declared, given, unknown
from imagesmith.arm.reporting import report
from imagesmith.arm.scope import Environment
from imagesmith.arm.surroundings import Surroundings
from imagesmith.arm.templates import (
    TEMPLATE_FORM,
    Search,
    search,
)
from imagesmith.arm.tokens import Filling, fill
from imagesmith.diagnostics import Diagnostic, Path, SourceText, in_order
from imagesmith.source import Document, Object, Value

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
    root, misspelt = spelt(named(found.root, deployment))
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
        return _Found(root=None, diagnostics=(none_found(root, Search()),))
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
    chosen, others, problem = choose(root, found, deployment)
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


def _fill_tokens(root: Value, gifts: Gifts, deployment: Deployment) -> Filling:
    def lookup(name: str) -> Value | None:
        gift = gifts.by_name.get(name.lower())
        if gift is not None:
            return gift.as_text
        if name.lower() == "region" and deployment.location is not None:
            return Value(deployment.location, root.origin)
        return None

    return fill(root, lookup, given=frozenset(gifts.by_name))
