"""The kinds of resource that a template names: their types, what people call them, and the names they may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

RESOURCE_GROUP = ""
MANAGED_IMAGE = "Microsoft.Compute/images"
GALLERY = "Microsoft.Compute/galleries"
GALLERY_IMAGE = "Microsoft.Compute/galleries/images"
GALLERY_VERSION = "Microsoft.Compute/galleries/images/versions"
VIRTUAL_NETWORK = "Microsoft.Network/virtualNetworks"
SUBNET = "Microsoft.Network/virtualNetworks/subnets"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"

_WORDS: Mapping[str, str] = {
    kind.lower(): words
    for kind, words in {
        RESOURCE_GROUP: "a resource group",
        MANAGED_IMAGE: "a managed image",
        GALLERY: "a gallery",
        GALLERY_IMAGE: "an image definition of a gallery",
        GALLERY_VERSION: "a gallery image version",
        VIRTUAL_NETWORK: "a virtual network",
        SUBNET: "a subnet",
        IDENTITY: "a user-assigned identity",
        "Microsoft.Compute/disks": "a disk",
        "Microsoft.Compute/snapshots": "a snapshot",
        "Microsoft.Compute/virtualMachines": "a virtual machine",
        "Microsoft.Storage/storageAccounts": "a storage account",
        "Microsoft.VirtualMachineImages/imageTemplates": "an image template",
        "Microsoft.Compute/sharedGalleries/images": "an image of a shared gallery, without a version",
        "Microsoft.Compute/communityGalleries/images": "an image of a community gallery, without a version",
        "Microsoft.Compute/sharedGalleries/images/versions": "a shared gallery's image version",
        "Microsoft.Compute/communityGalleries/images/versions": "a community gallery's image version",
    }.items()
}


def describe(kind: str) -> str:
    """A resource type in words with an article: ``a subnet``."""
    return _WORDS.get(kind.lower(), f"a resource of type '{kind}'")


@dataclass(frozen=True, slots=True)
class NameForm:
    """The names that a kind of resource may have, and the same in words."""

    pattern: re.Pattern[str]
    rule: str


_DOTTED = NameForm(
    re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?"),
    "up to 80 letters, digits, '.', '_' and '-', the first a letter or digit, the last no '.' or '-'",
)
# Azure Resource Manager, "Naming rules and restrictions for Azure resources". Where two editions of that page differ,
# the wider form stands here: a name that Azure takes must never be refused.
NAME_FORMS: Mapping[str, NameForm] = {
    RESOURCE_GROUP: NameForm(
        re.compile(r"[\w().-]{0,89}[\w()-]"), "up to 90 letters, digits, '_', '-', '.', '(' and ')', the last no '.'"
    ),
    MANAGED_IMAGE.lower(): _DOTTED,
    GALLERY.lower(): NameForm(
        re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._]{0,78}[A-Za-z0-9])?"),
        "up to 80 letters, digits, '.' and '_' (no '-'), the first and the last a letter or digit",
    ),
    GALLERY_IMAGE.lower(): _DOTTED,
    VIRTUAL_NETWORK.lower(): _DOTTED,
    SUBNET.lower(): _DOTTED,
    IDENTITY.lower(): NameForm(
        re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}"),
        "up to 128 letters, digits, '_' and '-', the first a letter or digit",
    ),
}
