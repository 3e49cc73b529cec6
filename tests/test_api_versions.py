"""Each API version as the service reads it: how strictly, what it added, what it took away (aib-templates.md §1.1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from imagesmith.api_versions import VERSIONS
from imagesmith.pipeline import CompileOptions, compile_text
from tests.linted import RHEL, template

Change = Callable[[dict[str, Any]], object]
STRICT = tuple(version for version in VERSIONS if version >= "2024-02-01")
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images/providers/Microsoft.Compute"
DEFINITION = f"{GROUP}/galleries/contoso/images/web"


def found(change: Change, version: str, *, strict: bool = False) -> set[tuple[str, str]]:
    """Code and severity of what a version has against a template that is fine but for the change."""
    data = json.loads(template({"type": "Shell", "inline": ["true"]}, source=RHEL))
    data["apiVersion"] = version
    change(data["properties"])
    options = CompileOptions(check_only=True, strict=strict)
    diagnostics = compile_text(json.dumps(data), filename="t.json", options=options).diagnostics
    return {(item.code, item.severity.value) for item in diagnostics if item.code not in ("IMG202", "IMG410")}


def step(**members: Any) -> Change:
    return lambda properties: properties.update(customize=[members])


def gallery(**members: Any) -> Change:
    target = {"type": "SharedImage", "runOutputName": "web", "galleryImageId": DEFINITION, **members}
    return lambda properties: properties.update(distribute=[target])


# The fault, and what a lenient and a strict version say of it: a warning that it was mended, or an error.
STRICTNESS: list[tuple[str, Change, str, str, str]] = [
    ("a key of another case", lambda p: p.update(BuildTimeoutInMinutes=90), "IMG203", "warning", "error"),
    ("an old name", step(type="Shell", script="https://contoso.example/a.sh"), "IMG204", "warning", "error"),
    ("a kind of another case", step(type="shell", inline=["true"]), "IMG205", "warning", "error"),
    ("a number as text", lambda p: p.update(buildTimeoutInMinutes="90"), "IMG208", "warning", "error"),
    ("a key that nobody knows", lambda p: p.update(colour="red"), "IMG220", "warning", "error"),
    ("what the service sets", lambda p: p.update(provisioningState="Succeeded"), "IMG207", "note", "note"),
    ("a kind that nobody knows", step(type="Ansible"), "IMG226", "error", "error"),
    ("another kind of value", step(type="Shell", inline="true"), "IMG224", "error", "error"),
    ("a number out of range", lambda p: p.update(buildTimeoutInMinutes=961), "IMG227", "error", "error"),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("change", "code", "lenient", "strict"), [row[1:] for row in STRICTNESS],
                         ids=[row[0] for row in STRICTNESS])  # fmt: skip
def test_strictness_is_the_versions_own_or_asked_for(
    change: Change, code: str, lenient: str, strict: str, version: str
) -> None:
    """From 2024-02-01 on names are compared by their case and unknown ones refused; --strict does so everywhere."""
    assert found(change, version) == {(code, strict if version in STRICT else lenient)}
    assert found(change, version, strict=True) == {(code, strict)}


def latest(properties: dict[str, Any]) -> None:
    properties["source"] = {"type": "SharedImageVersion", "imageVersionId": f"{DEFINITION}/versions/latest"}


def iso(properties: dict[str, Any]) -> None:
    properties["source"] = {"type": "ISO", "sourceUri": "https://contoso.example/rhel.iso", "sha256Checksum": "0" * 64}


def network_by_name(properties: dict[str, Any]) -> None:
    properties["vmProfile"] = {"vnetConfig": {"name": "hub", "subnetName": "build", "resourceGroupName": "net"}}


def without_identity(properties: dict[str, Any]) -> None:
    properties["source"]["planInfo"] = {"planName": "a", "planProduct": "b", "planPublisher": "c"}


# What a value or a kind is known from on, and up to; None stands for the oldest and the newest.
LIVES: list[tuple[str, Change, str | None, str | None, str]] = [
    ("latest of a gallery", latest, "2022-07-01", None, "IMG221"),
    ("plan", without_identity, "2020-02-14", None, "IMG221"),
    ("versioning", gallery(replicationRegions=["westeurope"], versioning={"scheme": "Latest"}), "2022-07-01", None,
     "IMG221"),
    ("premium storage", gallery(replicationRegions=["westus"], storageAccountType="Premium_LRS"), "2022-07-01", None,
     "IMG221"),
    ("no regions", gallery(), "2022-07-01", None, "IMG223"),
    ("data disks", lambda p: p.update(additionalDataDisks=[{"sizeGB": 4}]), "2025-10-01", None, "IMG221"),
    ("network by name", network_by_name, None, "2019-05-01-preview", "IMG222"),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("change", "first", "last", "code"), [row[1:] for row in LIVES],
                         ids=[row[0] for row in LIVES])  # fmt: skip
def test_what_a_version_does_not_know_is_told(
    change: Change, first: str | None, last: str | None, code: str, version: str
) -> None:
    known = (first is None or version >= first) and (last is None or version <= last)
    codes = {item for item, _ in found(change, version)}
    assert (code in codes) is not known


@pytest.mark.parametrize("version", VERSIONS)
def test_sources_that_nobody_builds_from_any_more_are_errors_everywhere(version: str) -> None:
    assert found(iso, version) == {("IMG222", "error")}
