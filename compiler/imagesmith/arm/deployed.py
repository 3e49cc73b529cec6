"""A deployment file to the image template in it: parameters, variables, conditions, loops, nested deployments."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from imagesmith.arm.answers import Answers, read_answers
from imagesmith.arm.choosing import choose
from imagesmith.arm.deployment import Deployment, Found
from imagesmith.arm.gifts import Gifts
from imagesmith.arm.landing import Landing, named_secrets, secrets_in
from imagesmith.arm.meter import Meter
from imagesmith.arm.nested import open_template
from imagesmith.arm.parameters import assumptions, declared
from imagesmith.arm.reporting import report
from imagesmith.arm.scope import Environment
from imagesmith.arm.surroundings import Surroundings
from imagesmith.arm.templates import TEMPLATE_FORM, Search, search
from imagesmith.diagnostics import Diagnostic, SourceText
from imagesmith.source import Document, Object, Value

_STEERING = frozenset(
    {"condition", "copy", "dependson", "comments", "existing", "import", "metadata", "resources", "scope"}
)
"""Members of a resource that only steer its deployment (ARM 'structure and syntax')."""


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


def in_deployment(root: Value, data: Object, gifts: Gifts, deployment: Deployment) -> Found:
    """Take the image template out of the file; the problems on the way are in what is found."""
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
        return Found(root=None, diagnostics=problems, secrets=hidden, others=others, parameters=names)
    landing = Landing()
    resource = landing.resource(chosen.resource, chosen.environment, without=_STEERING)
    named = [*offered, *scope.named_secrets]
    return Found(
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
