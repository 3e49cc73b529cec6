"""The `uri` of a VHD distributor: a container, or a blob in one, of a storage account (aib-templates.md §1.7)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import ImageTemplate, VhdDistributor
from imagesmith.rules.context import Check, RuleContext

VHD_URI = Rule(
    code="IMG370",
    severity=Severity.ERROR,
    title="'uri' is not the address of a container or a blob in a storage account",
    cause="The VHD is copied to a blob of your storage account: 'uri' names the container, or the blob in it.",
    fix="write 'https://<account>.blob.core.windows.net/<container>' or '…/<container>/<name>.vhd'",
    example='{"type": "VHD", "uri": "https://contosoimages.blob.core.windows.net/"}',
    corrected='{"type": "VHD", "uri": "https://contosoimages.blob.core.windows.net/vhds/web.vhd"}',
    source="aib-templates.md §1.7, lowering.md §1.6",
)
VHD_SECRET = Rule(
    code="IMG371",
    severity=Severity.ERROR,
    title="'uri' carries a shared access signature",
    cause="The signature is a secret, and a template is stored and shown in clear. It is not needed: the copy is made"
    " with the login of the build.",
    fix="take everything from the '?' on away, and withdraw the signature if the file was shared",
    example='{"type": "VHD", "uri": "https://contosoimages.blob.core.windows.net/vhds/web.vhd?sv=2024-11-04&sig=…"}',
    corrected='{"type": "VHD", "uri": "https://contosoimages.blob.core.windows.net/vhds/web.vhd"}',
    source="aib-templates.md §2.3, §2.9",
)

_ACCOUNT_HOST = re.compile(r"[a-z0-9]{3,24}\.(?:[a-z0-9-]+\.)?blob\.[a-z0-9.-]+")
_DROPPED = re.compile(r"[\x00-\x1f\x7f]")
_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,62}")


def check_vhds(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Every VHD distributor that says where the VHD goes."""
    for target in template.distribute:
        if isinstance(target, VhdDistributor) and target.uri:
            yield from _uri(target.uri, (*target.path, "uri"))


def _uri(text: str, path: Path) -> Iterator[Diagnostic]:
    if _DROPPED.search(text):  # urlsplit takes them away without a word
        yield VHD_URI.at(path, "the address of a blob holds no line ends and no other control characters")
        return
    try:
        parts = urlsplit(text)
    except ValueError:  # brackets that hold no IPv6 address
        yield VHD_URI.at(path)
        return
    if "sig" in parse_qs(parts.query):
        yield VHD_SECRET.at(path)
    elif parts.query or parts.fragment:
        yield VHD_URI.at(path, "the address of a blob has no '?' and no '#'")
    if parts.scheme != "https":
        hint = f"write 'https://{parts.netloc}{parts.path}'" if parts.scheme == "http" else ""
        yield VHD_URI.at(path, "the address of a blob starts with 'https://'", hint=hint)
    elif not _ACCOUNT_HOST.fullmatch(parts.netloc.lower()):
        yield VHD_URI.at(path, f"'{parts.hostname or ''}' is not the blob service of a storage account")
    else:
        yield from _place(parts.path, path)


def _place(place: str, path: Path) -> Iterator[Diagnostic]:
    container, _, _blob = place.strip("/").partition("/")
    if not container:
        yield VHD_URI.at(path, "the address names no container")
    elif container == "$root" or container.lower().endswith(".vhd"):
        message = "the blob would lie in the root container, which Packer cannot use"
        yield VHD_URI.at(path, message, hint="put a container before the blob's name, as in '…/vhds/web.vhd'")
    elif not _CONTAINER.fullmatch(container):
        message = f"'{container}' cannot be a container: 3 to 63 lower-case letters, digits and single '-' between them"
        yield VHD_URI.at(path, message, hint=f"is it '{container.lower()}'?" if container != container.lower() else "")


CHECKS: tuple[Check, ...] = (check_vhds,)
