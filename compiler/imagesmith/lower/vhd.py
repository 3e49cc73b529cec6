"""VHD distributors to azure-arm's capture options (lowering.md §1.6, packer.md §1.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from imagesmith.diagnostics import Rule, Severity
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
    """A container, or a blob in it, of a storage account."""

    account: str
    container: str
    blob: str | None


_ACCOUNT_HOST = re.compile(r"([a-z0-9]{3,24})\.blob\.[a-z0-9.-]+")


def parse_blob_uri(uri: str) -> BlobPlace | None:
    """A VHD's `uri` taken apart: ``https://<account>.blob.<suffix>/<container>[/<blob>]``; None if it is none."""
    parts = urlsplit(uri)
    account = _ACCOUNT_HOST.fullmatch(parts.netloc.lower())
    container, _, blob = unquote(parts.path).strip("/").partition("/")
    if parts.scheme != "https" or account is None or not container:
        return None
    return BlobPlace(account=account[1], container=container, blob=blob or None)


def vhd(item: VhdDistributor, lowering: Lowering) -> Output:
    uri = item.uri or lowering.options.vhd_container
    place = parse_blob_uri(uri) if uri else None
    if uri is None:
        lowering.say(NO_ACCOUNT, item.path)
    if place is None:
        place = BlobPlace(account="none", container="none", blob=None)
    else:
        url = f"https://{place.account}.blob.core.windows.net/{place.container}"
        lowering.need(NeedKind.STORAGE_CONTAINER, url, item.path)
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
    if place.blob is None:
        slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", lowering.options.name).lstrip("-._")
        yield "capture_name_prefix", f"{slug[:22].rstrip('-._') or 'image'}-"
        return
    folder, _, name = place.blob.rpartition("/")
    if folder:
        yield "capture_name_prefix", lowering.rendered(f"{folder}/", (*item.path, "uri"))
    yield "temp_os_disk_name", lowering.rendered(name.removesuffix(".vhd"), (*item.path, "uri"))
