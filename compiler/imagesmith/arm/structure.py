"""The shape of deployment files: looking at sections and resources without evaluating anything."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.source import Member, Object, Value

DEPLOYMENT = "microsoft.resources/deployments"
IMAGE_TEMPLATE = "Microsoft.VirtualMachineImages/imageTemplates"
MISSPELT = "microsoft.virtualmachineimages"
"""What 67 of 455 real files have in place of the full type (corpus-stats.md §3)."""
SCRIPTS = frozenset({"inline", "script"})
"""Keys whose strings are lines of scripts."""


def member_of(value: Value | None, *path: str) -> Value | None:
    """The value at a path of keys, each without regard to case; None where there is none."""
    for key in path:
        if value is None or not isinstance(value.data, Object):
            return None
        member = value.data.find(key)
        value = member.value if member else None
    return value


def section_of(template: Object, key: str) -> Object:
    """A section of a template that is an object; an empty one where it is missing or of another kind."""
    member = template.find(key)
    return member.value.data if member and isinstance(member.value.data, Object) else Object()


def resources_in(template: Object) -> Iterator[tuple[str, Value]]:
    """The resources of a template with their symbolic names, where they have some."""
    section = template.find("resources")
    if section is not None and isinstance(section.value.data, Object):
        yield from ((member.key, member.value) for member in section.value.data)
    elif section is not None and isinstance(section.value.data, tuple):
        yield from (("", resource) for resource in section.value.data)


def is_deployment(resource: Value) -> bool:
    """Whether a resource is a nested or linked deployment."""
    kind = member_of(resource, "type")
    return kind is not None and str(kind.data).lower() == DEPLOYMENT


def is_image_template(kind: Value | None) -> bool:
    """Whether a resource's `type` names the image template, also in its usual misspelling."""
    return kind is not None and isinstance(kind.data, str) and kind.data.lower() in {IMAGE_TEMPLATE.lower(), MISSPELT}


def without_nulls(value: Value) -> Value:
    """A value without members that are null, which ARM treats as not given; elements of arrays stay."""
    data = value.data
    if isinstance(data, tuple):
        items = []
        for item in data:
            items.append(without_nulls(item))  # noqa: PERF401  a comprehension would be a frame more a level
        return Value(tuple(items), value.origin)
    if isinstance(data, Object):
        members = []
        for member in data:
            if member.value.data is not None:
                members.append(Member(member.name, without_nulls(member.value)))  # noqa: PERF401  the same
        return Value(Object(members), value.origin)
    return value
