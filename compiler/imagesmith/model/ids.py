"""Azure resource ids: text to their parts, compared without case (aib-templates.md §1.2, §1.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
VERSION_NUMBER = re.compile(r"(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})")
"""A gallery version's number; each part must also fit an int32."""


@dataclass(frozen=True, slots=True)
class ResourceId:
    """A resource id taken apart.

    `types` is the full type without its namespace (``("galleries", "images", "versions")``), `names` the names that go
    with them; both are empty for a resource group's own id. `subscription` and `resource_group` are None in the ids of
    direct-shared and community galleries.
    """

    subscription: str | None
    resource_group: str | None
    namespace: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The last name, the resource group's where the id is one's own."""
        return self.names[-1] if self.names else self.resource_group or ""

    @property
    def resource_type(self) -> str:
        """The whole type in Azure's usual case: ``Microsoft.Compute/galleries/images``."""
        return "/".join((self.namespace, *self.types))

    def is_type(self, resource_type: str) -> bool:
        """Whether the id is of this type, whatever the case."""
        return self.resource_type.lower() == resource_type.lower()

    def parent(self, *, levels: int = 1) -> ResourceId:
        """The id of the resource that this one stands below."""
        return ResourceId(
            self.subscription, self.resource_group, self.namespace, self.types[:-levels], self.names[:-levels]
        )

    def __str__(self) -> str:
        if self.subscription is None:
            return "".join(f"/{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        text = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        if not self.types:
            return text
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"{text}/providers/{self.namespace}/{pairs}"


class IdError(ValueError):
    """A text that is no resource id; the message says which part is wrong."""


def parse_id(text: str) -> ResourceId:
    """Take a resource id apart. Raises IdError with the first thing that is wrong with it."""
    parts = text.split("/")
    if not text.startswith("/"):
        raise IdError("an id starts with '/subscriptions/'")
    if any(not part for part in parts[1:]):
        raise IdError("there is an empty part (two slashes in a row, or a slash at the end)")
    keys = [part.lower() for part in parts[1::2]]
    names = parts[2::2]
    if keys[0] in ("sharedgalleries", "communitygalleries"):
        return _gallery_id(parts, keys, names)
    if keys[0] != "subscriptions":
        raise IdError(f"an id starts with '/subscriptions/', not '/{parts[1]}/'")
    if len(keys) < 2 or keys[1] != "resourcegroups":
        raise IdError("'/resourceGroups/<name>' must follow the subscription")
    if len(parts) < 5:
        raise IdError("the resource group's name is missing")
    if len(parts) == 5:
        return ResourceId(names[0], names[1], "", (), ())
    if keys[2] != "providers":
        raise IdError(f"'/providers/' must follow the resource group, not '/{parts[5]}/'")
    if len(parts) < 9 or len(parts) % 2 == 0:
        raise IdError("types and names do not come in pairs")
    return ResourceId(names[0], names[1], names[2], tuple(parts[7::2]), tuple(parts[8::2]))


def _gallery_id(parts: list[str], keys: list[str], names: list[str]) -> ResourceId:
    if len(parts) % 2 == 0 or keys[1:] not in (["images"], ["images", "versions"]):
        raise IdError(f"a shared gallery's id has the form '/{parts[1]}/<gallery>/images/<image>/versions/<version>'")
    return ResourceId(None, None, "Microsoft.Compute", (parts[1], *parts[3::2]), tuple(names))


def is_guid(text: str) -> bool:
    """Whether a text has the form of a subscription's or tenant's id."""
    return _GUID.fullmatch(text) is not None


def is_version_number(text: str) -> bool:
    """Whether a text is a gallery version's number: three integers that fit an int32 (packer.md §1.3)."""
    return VERSION_NUMBER.fullmatch(text) is not None and all(int(part) < 2**31 for part in text.split("."))


def same_id(one: str, other: str) -> bool:
    """Whether two ids name the same resource."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


def region_name(text: str) -> str:
    """A region in its short form: ``West Europe`` is ``westeurope`` (lowering.md §1.1)."""
    return text.replace(" ", "").lower()
