"""Names and tags that the template gives: run outputs that differ, and the limits of tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from imagesmith.diagnostics import Diagnostic, On, Path, Rule, Severity
from imagesmith.model import ImageTemplate
from imagesmith.rules.context import Check, RuleContext

DUPLICATE_RUN_OUTPUT = Rule(
    code="IMG311",
    severity=Severity.ERROR,
    title="two distributors have the same 'runOutputName'",
    cause="The result of each distributor is found under its run output's name, which Azure compares without case.",
    fix="give each distributor a name of its own",
    example='{"distribute": [{"type": "VHD", "runOutputName": "web"}, {"type": "VHD", "runOutputName": "Web"}]}',
    corrected='{"distribute": [{"type": "VHD", "runOutputName": "web"}, {"type": "VHD", "runOutputName": "web-2"}]}',
    source="aib-templates.md §1.7",
)
TOO_MANY_TAGS = Rule(
    code="IMG312",
    severity=Severity.ERROR,
    title="there are more than 50 tags",
    cause="A resource in Azure has 50 tags at most.",
    fix="take some away",
    example='{"managedResourceTags": {"tag1": "…", "tag51": "…"}}',
    corrected='{"managedResourceTags": {"tag1": "…"}}',
    source="Azure Resource Manager, tag limitations; lowering.md §1.3",
)
TAG_FORM = Rule(
    code="IMG313",
    severity=Severity.ERROR,
    title="the tag is not possible",
    cause="A tag's name has 1 to 512 characters, none of them < > % & \\ ? /, and is unique whatever its case; its"
    " value has up to 256 characters.",
    fix="shorten it, or write '-' for the character",
    example='{"artifactTags": {"cost/center": "42"}}',
    corrected='{"artifactTags": {"cost-center": "42"}}',
    source="Azure Resource Manager, tag limitations; lowering.md §1.3",
)

_FORBIDDEN_IN_TAG = frozenset("<>%&\\?/")


def check_run_outputs(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Run outputs have different names."""
    first: dict[str, Path] = {}
    for target in template.distribute:
        path = (*target.path, "runOutputName")
        name = target.run_output_name.lower()
        if name in first:
            message = f"'{target.run_output_name}' is already the run output of distribute[{first[name][2]}]"
            hint = f"write another name, for example '{target.run_output_name}-{path[2]}'"
            yield DUPLICATE_RUN_OUTPUT.at(path, message, hint=hint)
        first.setdefault(name, path)


def check_tags(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Number, names and values of all tags."""
    yield from _tags(template.tags, ("tags",))
    yield from _tags(template.managed_resource_tags, ("properties", "managedResourceTags"))
    for target in template.distribute:
        yield from _tags(target.artifact_tags, (*target.path, "artifactTags"))


def _tags(tags: Mapping[str, str], path: Path) -> Iterator[Diagnostic]:
    if len(tags) > 50:
        yield TOO_MANY_TAGS.at(path, f"there are {len(tags)} tags; a resource has 50 at most")
    seen: dict[str, str] = {}
    for name, value in tags.items():
        yield from _tag(name, value, (*path, name))
        earlier = seen.setdefault(name.lower(), name)
        if earlier != name:
            message = f"'{name}' and '{earlier}' are the same tag: Azure compares names without case"
            yield TAG_FORM.at((*path, name), message, hint="keep one of them", on=On.KEY)


def _tag(name: str, value: str, path: Path) -> Iterator[Diagnostic]:
    odd = sorted(_FORBIDDEN_IN_TAG.intersection(name))
    if not 1 <= len(name) <= 512:
        message = f"the tag's name has {len(name)} characters; 1 to 512 are allowed"
        yield TAG_FORM.at(path, message, hint="give it a name of 1 to 512 characters", on=On.KEY)
    elif odd:
        possible = "".join("-" if character in _FORBIDDEN_IN_TAG else character for character in name)
        message = f"'{name}' cannot be a tag's name: {' '.join(odd)} cannot stand in it"
        yield TAG_FORM.at(path, message, hint=f"write '{possible}'", on=On.KEY)
    if len(value) > 256:
        message = f"the tag's value has {len(value)} characters; 256 are allowed"
        yield TAG_FORM.at(path, message, hint="shorten the value")


CHECKS: tuple[Check, ...] = (check_run_outputs, check_tags)
