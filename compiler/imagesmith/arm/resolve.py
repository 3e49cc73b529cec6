"""A file in any of the forms that image templates come in, to the image template in it with everything resolved."""

from __future__ import annotations

from dataclasses import replace

from imagesmith.arm.choosing import NO_IMAGE_TEMPLATE, named, none_found, spelt
from imagesmith.arm.deployment import Deployment, Found, Resolution
from imagesmith.arm.forms import bare_resource, expressions_in
from imagesmith.arm.gifts import Gifts, given, unknown
from imagesmith.arm.tokens import Filling, fill
from imagesmith.diagnostics import in_order
from imagesmith.source import Document, Object, Value


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


def _find(root: Value, gifts: Gifts, deployment: Deployment) -> Found:
    data = root.data
    if not isinstance(data, Object):
        message = "the file holds no image template: its top level is no object"
        return Found(root=None, diagnostics=(NO_IMAGE_TEMPLATE.at((), message, span=root.span),))
    if data.find("resources") is not None and data.find("properties") is None:
        from imagesmith.arm.deployed import in_deployment  # the evaluator, which a bare resource does not need

        return in_deployment(root, data, gifts, deployment)
    resource = bare_resource(root, data)
    if resource is None:
        return Found(root=None, diagnostics=(none_found(root),))
    return Found(root=resource, diagnostics=tuple(expressions_in(resource, ())))


def _fill_tokens(root: Value, gifts: Gifts, deployment: Deployment) -> Filling:
    def lookup(name: str) -> Value | None:
        gift = gifts.by_name.get(name.lower())
        if gift is not None:
            return gift.as_text
        if name.lower() == "region" and deployment.location is not None:
            return Value(deployment.location, root.origin)
        return None

    return fill(root, lookup, given=frozenset(gifts.by_name))
