"""Resource ids: their form, the type that each property wants, and the names in them (aib-templates.md §1.2-1.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from imagesmith.diagnostics import Diagnostic, On, Path, Rule, Severity
from imagesmith.hcl import unfit
from imagesmith.model import ImageTemplate
from imagesmith.model.ids import IdError, ResourceId, is_guid, is_version_number, parse_id
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.references import Reference, references
from imagesmith.rules.resource_types import (
    GALLERY,
    GALLERY_IMAGE,
    GALLERY_VERSION,
    MANAGED_IMAGE,
    NAME_FORMS,
    RESOURCE_GROUP,
    SUBNET,
    VIRTUAL_NETWORK,
    describe,
)

_COMPUTE = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/images/providers/Microsoft.Compute"

MALFORMED_ID = Rule(
    code="IMG300",
    severity=Severity.ERROR,
    title="the text is no resource id",
    cause="Azure finds a resource by its whole id; a part that is missing or empty makes it another resource, or none.",
    fix="copy the id from the portal ('JSON View') or from 'az resource show --query id'",
    example='{"imageId": "subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/images/"}',
    corrected=f'{{"imageId": "{_COMPUTE}/images/web"}}',
    source="aib-templates.md §1.4, §1.7",
)
WRONG_RESOURCE_TYPE = Rule(
    code="IMG301",
    severity=Severity.ERROR,
    title="the id is of another kind of resource",
    cause="Each property takes the id of one kind of resource.",
    fix="give the id of the kind of resource that the property takes",
    example=f'{{"galleryImageId": "{_COMPUTE}/galleries/contoso"}}',
    corrected=f'{{"galleryImageId": "{_COMPUTE}/galleries/contoso/images/web"}}',
    source="aib-templates.md §1.4, §1.7, §1.9",
)
BAD_SUBSCRIPTION = Rule(
    code="IMG302",
    severity=Severity.ERROR,
    title="the subscription in the id is no GUID",
    cause="A subscription stands in an id by its GUID, not by its name. Azure answers InvalidSubscriptionId.",
    fix="write the subscription's id; 'az account show --query id' prints it",
    example='{"stagingResourceGroup": "/subscriptions/contoso-production/resourceGroups/staging"}',
    corrected='{"stagingResourceGroup": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/staging"}',
    source="aib-templates.md §1.2",
)
BAD_NAME = Rule(
    code="IMG303",
    severity=Severity.ERROR,
    title="the name is not possible in Azure",
    cause="Azure allows certain characters and lengths for the names of each kind of resource; no resource can have"
    " this name.",
    fix="look up the resource's real name",
    example=f'{{"galleryImageId": "{_COMPUTE}/galleries/contoso-gallery/images/web"}}',
    corrected=f'{{"galleryImageId": "{_COMPUTE}/galleries/contoso_gallery/images/web"}}',
    source="Azure Resource Manager, naming rules and restrictions for Azure resources",
)
BAD_VERSION = Rule(
    code="IMG304",
    severity=Severity.ERROR,
    title="the gallery version is no number of the form 1.2.3",
    cause="A gallery version is three integers below 2147483648 without leading zeros, with dots between them.",
    fix="write three integers, as in 1.0.0",
    example=f'{{"galleryImageId": "{_COMPUTE}/galleries/contoso/images/web/versions/1.0"}}',
    corrected=f'{{"galleryImageId": "{_COMPUTE}/galleries/contoso/images/web/versions/1.0.0"}}',
    source="aib-templates.md §2.8, packer.md §1.3",
)
SEVERAL_IDENTITIES = Rule(
    code="IMG305",
    severity=Severity.ERROR,
    title="the template has more than one identity",
    cause="The service takes exactly one user-assigned identity for the template itself.",
    fix="keep one; identities for the build machine belong into 'vmProfile.userAssignedIdentities'",
    example='{"identity": {"type": "UserAssigned", "userAssignedIdentities": {"<id of one>": {}, "<id of two>": {}}}}',
    corrected='{"identity": {"type": "UserAssigned", "userAssignedIdentities": {"<id of one>": {}}}}',
    source="aib-templates.md §1.2, §2.16",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """Two kinds of resource that are taken for each other, and what to say; `place` where it holds for one only."""

    wanted: str
    found: str
    hint: str
    place: str | None = None


_GALLERY_TARGET = 'a gallery is a distributor of "type": "SharedImage" with "galleryImageId"'
_CONFUSED = (
    Confusion(
        wanted=GALLERY_VERSION,
        found=GALLERY_IMAGE,
        hint="name a version of it: '{text}/versions/latest', or a number in place of 'latest'",
    ),
    Confusion(
        wanted=GALLERY_VERSION,
        found=MANAGED_IMAGE,
        hint='a managed image is a source of "type": "ManagedImage" with "imageId"',
    ),
    Confusion(
        wanted=MANAGED_IMAGE,
        found=GALLERY_VERSION,
        hint='a gallery version is a source of "type": "SharedImageVersion" with "imageVersionId"',
        place="source",
    ),
    Confusion(wanted=MANAGED_IMAGE, found=GALLERY_VERSION, hint=_GALLERY_TARGET, place="target"),
    Confusion(wanted=MANAGED_IMAGE, found=GALLERY_IMAGE, hint=_GALLERY_TARGET, place="target"),
    Confusion(wanted=GALLERY_IMAGE, found=GALLERY, hint="add the image definition: '{text}/images/<definition>'"),
    Confusion(
        wanted=GALLERY_IMAGE,
        found=MANAGED_IMAGE,
        hint='a managed image is a distributor of "type": "ManagedImage" with "imageId"',
    ),
    Confusion(wanted=SUBNET, found=VIRTUAL_NETWORK, hint="add the subnet: '{text}/subnets/<subnet>'"),
)


def check_references(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Every id: its form, then its kind, then the names in it."""
    for reference in references(template):
        try:
            found = parse_id(reference.text)
        except IdError as error:
            yield _malformed(reference, str(error))
            continue
        if not any(map(found.is_type, reference.kinds)) and not _is_public(found, reference):
            yield _wrong_kind(reference, found)
        yield from _names(reference, found)


def check_identity_count(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """One identity at most (aib-templates.md §2.16)."""
    if len(template.identities) > 1:
        path = ("identity", "userAssignedIdentities", template.identities[1])
        message = f"the template has {len(template.identities)} identities; the service takes one"
        yield SEVERAL_IDENTITIES.at(path, message, on=On.KEY)


def check_network_names(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """The three names that 2019-05-01-preview had in place of a subnet's id."""
    network = template.vm_profile.vnet_config
    if network is None:
        return
    rows = (
        ("name", VIRTUAL_NETWORK, network.name),
        ("subnetName", SUBNET, network.subnet_name),
        ("resourceGroupName", RESOURCE_GROUP, network.resource_group_name),
    )
    for key, kind, name in rows:
        if name:
            yield from _name(kind, name, (*network.path, key), On.VALUE)


def _is_public(found: ResourceId, reference: Reference) -> bool:
    """Whether it is a direct-shared or community gallery's version, as a source may be (aib-templates.md §1.4)."""
    return found.subscription is None and len(found.types) == 3 and reference.path[-1] == "imageVersionId"


def _malformed(reference: Reference, reason: str) -> Diagnostic:
    text = reference.text
    wanted = describe(reference.kinds[0])
    hint = f"the id of {wanted} looks like {_shape(reference.kinds[0])}"
    repaired = "/" + re.sub("/{2,}", "/", text.strip()).strip("/")
    if _parses(repaired):
        hint = f"write '{repaired}'"
    elif text and "/" not in text and reference.kinds == (RESOURCE_GROUP,):
        hint = f"write the whole id: '/subscriptions/<subscription>/resourceGroups/{text}'"
    elif _open_token(text):
        hint = f"{_open_token(text)}; {hint}"
    shown = f"'{text}' is not the id of {wanted}" if text else f"the id of {wanted} is missing"
    return MALFORMED_ID.at(reference.path, f"{shown}: {reason}" if text else shown, hint=hint, on=reference.on)


def _parses(text: str) -> bool:
    try:
        parse_id(text)
    except IdError:
        return False
    return True


def _shape(kind: str) -> str:
    """An id of a kind with its names left open."""
    text = "/subscriptions/<subscription>/resourceGroups/<group>"
    namespace, *types = kind.split("/")
    return text + (f"/providers/{namespace}" + "".join(f"/{name}/<name>" for name in types) if kind else "")


def _wrong_kind(reference: Reference, found: ResourceId) -> Diagnostic:
    wanted = describe(reference.kinds[0])
    message = f"this is the id of {describe(found.resource_type)}, not of {wanted}"
    return WRONG_RESOURCE_TYPE.at(reference.path, message, hint=_kind_hint(reference, found), on=reference.on)


def _kind_hint(reference: Reference, found: ResourceId) -> str:
    """What to write instead, where the mistake is a known one."""
    wanted, text = reference.kinds[0], reference.text
    if wanted == RESOURCE_GROUP:
        return f"write '{ResourceId(found.subscription, found.resource_group, '', (), ())}'"
    if wanted == GALLERY_VERSION and found.subscription is None:
        return f"name a version of it: '{text}/versions/latest'"
    place = "source" if reference.path[:2] == ("properties", "source") else "target"
    for row in _CONFUSED:
        if row.wanted == wanted and found.is_type(row.found) and row.place in (None, place):
            return row.hint.format(text=text)
    return f"the id of {describe(wanted)} looks like {_shape(wanted)}"


def _names(reference: Reference, found: ResourceId) -> Iterator[Diagnostic]:
    if found.subscription is not None and not is_guid(found.subscription):
        message = f"the subscription '{found.subscription}' is no GUID"
        yield BAD_SUBSCRIPTION.at(reference.path, message, hint=_open_token(found.subscription), on=reference.on)
    named = [(RESOURCE_GROUP, found.resource_group)] if found.resource_group is not None else []
    parts = ("Microsoft.Compute/galleries/images", found.names[1]) if found.subscription is None else None
    named += [parts] if parts else _typed_names(found)
    for kind, name in named:
        if name is not None:
            yield from _name(kind, name, reference.path, reference.on)
    if "versions" in (kind.lower() for kind in found.types):
        yield from _version(reference, found.name)


def _name(kind: str, name: str, path: Path, on: On) -> Iterator[Diagnostic]:
    form = NAME_FORMS.get(kind.lower())
    if form and not form.pattern.fullmatch(name):
        message = f"'{name}' cannot be the name of {describe(kind)}: {form.rule}"
        hint = _open_token(name) or (f"is it '{name.replace('-', '_')}'?" if kind.lower() == GALLERY.lower() else "")
        yield BAD_NAME.at(path, message, hint=hint, on=on)
    elif problem := unfit(name):
        yield BAD_NAME.at(path, f"'{name}' cannot be handed to Packer: {problem}", on=on)


def _typed_names(found: ResourceId) -> list[tuple[str, str]]:
    levels = range(1, len(found.types) + 1)
    return [("/".join((found.namespace, *found.types[:level])), found.names[level - 1]) for level in levels]


def _open_token(text: str) -> str:
    return f"'{text}' looks like a place to fill in" if re.search(r"[<>{}\[\]]|^[xX]{3,}$", text) else ""


def _version(reference: Reference, number: str) -> Iterator[Diagnostic]:
    destination = reference.path[-1] == "galleryImageId"
    if is_version_number(number) or (number.lower() == "latest" and not destination):
        return
    if number.lower() == "latest":
        hint = (
            'take \'/versions/latest\' away and add "versioning": {"scheme": "Latest"}: the next number is then taken'
        )
        yield BAD_VERSION.at(reference.path, "a new version needs a number, not 'latest'", hint=hint)
        return
    message = f"'{number}' is no version number: it is three integers below 2147483648, as in 1.0.0"
    yield BAD_VERSION.at(reference.path, message, hint=_number_hint(number))


def _number_hint(number: str) -> str:
    """The number that was probably meant: one, two or three integers, zeros in front or a 'v' taken away."""
    match = re.fullmatch(r"[vV]?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?", number)
    meant = ".".join(str(int(part or 0)) for part in match.groups()) if match and len(number) < 40 else ""
    return f"write '{meant}'" if is_version_number(meant) else _open_token(number)


CHECKS: tuple[Check, ...] = (check_references, check_identity_count, check_network_names)
