"""VHD distributors to azure-arm's capture options (lowering.md §1.6, packer.md §1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from imagesmith.diagnostics import On, Rule, Severity
from imagesmith.hcl import Block, Expression, Literal, attributes
from imagesmith.lower.output import Output
from imagesmith.lower.words import Lowering
from imagesmith.model import VhdDistributor
from imagesmith.plan import NeedKind, Publication, PublicationKind, Section

NO_ACCOUNT = Rule(
    code="IMG425",
    severity=Severity.ERROR,
    title="the VHD has no place to go",
    cause="Without `uri` the service uses a storage account of its own; a build on your own machine has none.",
    fix="set `uri` to a container or blob of your storage account, or pass --vhd-container https://…/<container>",
    example='{"type": "VHD", "runOutputName": "vhd"}',
    corrected='{"type": "VHD", "runOutputName": "vhd", "uri": "https://contosoimages.blob.core.windows.net/vhds"}',
    source="lowering.md §1.6",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobPlace:
    """A container, or a blob in it, of a storage account; `host` is the account's blob service."""

    host: str
    account: str
    container: str
    blob: str | None


NOT_A_VHD = Rule(
    code="IMG426",
    severity=Severity.WARNING,
    title="the blob's name gets the ending '.vhd'",
    cause="Packer names the blob after the machine's disk and adds the ending itself.",
    fix="end the name with '.vhd', or with '/' where it is to be a folder",
    example='"uri": "https://contosoimages.blob.core.windows.net/vhds/web"',
    corrected='"uri": "https://contosoimages.blob.core.windows.net/vhds/web.vhd"',
    source="lowering.md §1.6",
)
BLOB_NAME = Rule(
    code="IMG427",
    severity=Severity.ERROR,
    title="the VHD cannot get this name",
    cause="Packer names the blob after the machine's disk, and Azure takes only letters, digits, '_', '-' and '.' in"
    " the name of a disk, at most 80 of them, the first a letter or digit, the last no '-' or '.'.",
    fix="choose a name of letters, digits, '_', '-' and '.'",
    example='"uri": "https://contosoimages.blob.core.windows.net/vhds/web server.vhd"',
    corrected='"uri": "https://contosoimages.blob.core.windows.net/vhds/web-server.vhd"',
    source="lowering.md §1.6",
)
NO_VHD_TAGS = Rule(
    code="IMG428",
    severity=Severity.WARNING,
    title="a VHD gets no tags",
    cause="A blob is no resource of Azure's Resource Manager: what the service writes on it, a build does not.",
    fix="take artifactTags away, or write metadata on the blob after the build",
    example='{"type": "VHD", "runOutputName": "vhd", "artifactTags": {"team": "web"}, …}',
    corrected='{"type": "VHD", "runOutputName": "vhd", …}',
    source="lowering.md §1.6",
)
_DISK_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,78}[A-Za-z0-9_])?")
_ACCOUNT_HOST = re.compile(r"([a-z0-9]{3,24})\.(?:[a-z0-9-]+\.)?blob\.[a-z0-9.-]+")


def parse_blob_uri(uri: str) -> BlobPlace | None:
    """A VHD's `uri` taken apart: ``https://<account>[.<zone>].blob.<suffix>/<container>[/<blob>]``; None if it is none.

    A blob that ends with ``/`` is a folder in the container.
    """
    parts = urlsplit(uri)
    host = parts.netloc.lower()
    account = _ACCOUNT_HOST.fullmatch(host)
    container, _, blob = unquote(parts.path).lstrip("/").partition("/")
    if parts.scheme != "https" or account is None or not container:
        return None
    return BlobPlace(host=host, account=account[1], container=container, blob=blob.lstrip("/") or None)


def vhd(item: VhdDistributor, lowering: Lowering) -> Output:
    uri = item.uri or lowering.options.vhd_container
    place = parse_blob_uri(uri) if uri else None
    if uri is None:
        lowering.say(NO_ACCOUNT, item.path)
    if place is None:
        place = BlobPlace(host="none", account="none", container="none", blob=None)
    else:
        lowering.need(NeedKind.STORAGE_CONTAINER, f"https://{place.host}/{place.container}", item.path)
    if item.artifact_tags:
        lowering.say(NO_VHD_TAGS, (*item.path, "artifactTags"), on=On.KEY)
    rows = attributes(
        storage_account=place.account,
        resource_group_name=vhd_group(lowering),
        capture_container_name=place.container,
    )
    publication = Publication(
        kind=PublicationKind.VHD,
        run_output_name=item.run_output_name,
        path=item.path,
        artifact_id=None,
        artifact_tags=item.artifact_tags,
    )
    section = Section(
        name="vhd", path=item.path, body=Block(type="vhd", attributes=(*rows, *_blob_name(place, item, lowering)))
    )
    return Output(section=section, publication=publication, as_source=None)


def vhd_group(lowering: Lowering) -> Expression:
    return lowering.variable(
        "vhd_resource_group_name",
        "Resource group of the VHD's storage account; its address does not say.",
        required=True,
        value=lowering.options.vhd_resource_group or lowering.options.resource_group or "storage",
    )


def _blob_name(place: BlobPlace, item: VhdDistributor, lowering: Lowering) -> Iterator[tuple[str, Literal]]:
    """A blob gets exactly its name through the disk's; a container gets one that begins with the template's."""
    path = (*item.path, "uri")
    folder, _, name = (place.blob or "").rpartition("/")
    if not name:
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", lowering.options.name).lstrip("-._")
        prefix = f"{slug[:22].rstrip('-._') or 'image'}-"
        yield "capture_name_prefix", lowering.rendered(f"{folder}/{prefix}", path) if folder else prefix
        return
    if folder:
        yield "capture_name_prefix", lowering.rendered(f"{folder}/", path)
    disk = name.removesuffix(".vhd")
    if disk == name:
        lowering.say(NOT_A_VHD, path, f"the blob will be called '{name}.vhd'")
    if not _DISK_NAME.fullmatch(disk):
        lowering.say(BLOB_NAME, path, f"the VHD cannot be called '{name}'")
    yield "temp_os_disk_name", lowering.rendered(disk, path)
