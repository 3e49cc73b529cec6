"""Every field of the template that takes a text: it stands in the compiled files as it was, or is refused by name.

"As it was" is what the real Packer makes of the HCL: all literals of all compilations are evaluated and rendered once,
as a plugin does it.
"""

from __future__ import annotations

import copy
import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from tests.e2e.texts import BUNDLES, UNFIT, arrive, literals

from imagesmith.api_versions import VERSIONS, load_schema
from imagesmith.diagnostics import Diagnostic, dotted
from imagesmith.lower.texts import shown
from imagesmith.pipeline import Compilation, compile_text
from imagesmith.plan import BuildPlan

Place: TypeAlias = tuple[str | int, ...]
Json: TypeAlias = Any  # JSON data of any shape

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/contoso"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub/subnets"
IMAGES = f"{GROUP}/providers/Microsoft.Compute"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
CHECKSUM = "0" * 64


def template(source: Json, steps: list[Json], outputs: list[Json], **more: Json) -> Json:
    """A whole template around its parts."""
    properties = {"source": source, "customize": steps, "distribute": outputs}
    version = more.pop("apiVersion", "2025-10-01")
    return {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": version,
        "name": "contoso",
        "location": "westeurope",
        "properties": {**properties, **more},
    }


UBUNTU = {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu", "sku": "server", "version": "latest"}
WINDOWS = {**UBUNTU, "publisher": "MicrosoftWindowsServer"}
GALLERY = {
    "type": "SharedImage",
    "runOutputName": "gallery",
    "galleryImageId": f"{IMAGES}/galleries/gallery/images/web",
    "artifactTags": {"made by": "contoso"},
}
TEMPLATES: tuple[Json, ...] = (
    {
        **template(
            {**UBUNTU, "planInfo": {"planName": "pro", "planProduct": "os", "planPublisher": "contoso"}},
            [
                {"type": "Shell", "name": "inline", "inline": ["true", "false"]},
                {
                    "type": "Shell",
                    "name": "script",
                    "scriptUri": "https://contoso.com/a.sh",
                    "sha256Checksum": CHECKSUM,
                },
                {
                    "type": "File",
                    "name": "file",
                    "sourceUri": "https://contoso.com/a.txt",
                    "destination": "/tmp/contoso/a.txt",
                    "sha256Checksum": CHECKSUM,
                },
            ],
            [
                {**GALLERY, "targetRegions": [{"name": "westeurope"}]},
                {
                    "type": "ManagedImage",
                    "runOutputName": "image",
                    "imageId": f"{IMAGES}/images/web",
                    "location": "westeurope",
                    "artifactTags": {"made by": "contoso"},
                },
            ],
            managedResourceTags={"cost center": "4711"},
            stagingResourceGroup=f"{GROUP}-staging",
            optimize={
                "workload": {"state": "Enabled", "scriptUri": "https://contoso.com/o.sh", "sha256Checksum": CHECKSUM}
            },
            vmProfile={
                "vmSize": "Standard_D2ds_v4",
                "userAssignedIdentities": [f"{IDENTITY}/one"],
                "vnetConfig": {"subnetId": f"{NETWORK}/build", "containerInstanceSubnetId": f"{NETWORK}/containers"},
            },
            validate={
                "inVMValidations": [
                    {"type": "Shell", "name": "inline", "inline": ["true"]},
                    {"type": "Shell", "scriptUri": "https://contoso.com/v.sh", "sha256Checksum": CHECKSUM},
                    {
                        "type": "File",
                        "name": "file",
                        "sourceUri": "https://contoso.com/v.txt",
                        "destination": "/tmp/v.txt",
                        "sha256Checksum": CHECKSUM,
                    },
                ]
            },
        ),
        "tags": {"team": "platform"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{IDENTITY}/builder": {}}},
    },
    template(
        WINDOWS,
        [
            {"type": "PowerShell", "name": "inline", "inline": ["exit 0"]},
            {"type": "PowerShell", "scriptUri": "https://contoso.com/a.ps1", "sha256Checksum": CHECKSUM},
            {
                "type": "WindowsRestart",
                "name": "restart",
                "restartCommand": "shutdown /r",
                "restartCheckCommand": "echo up",
                "restartTimeout": "10m",
            },
            {
                "type": "WindowsUpdate",
                "name": "update",
                "searchCriteria": "IsInstalled=0",
                "filters": ["include:$true"],
            },
            {"type": "File", "sourceUri": "https://contoso.com/a.txt", "destination": "C:\\contoso\\a.txt"},
        ],
        [{**GALLERY, "replicationRegions": ["westeurope"]}],
        vmProfile={"vnetConfig": {"subnetId": f"{NETWORK}/build", "proxyVmSize": "Standard_A1_v2"}},
        validate={
            "inVMValidations": [
                {"type": "PowerShell", "name": "inline", "inline": ["exit 0"]},
                {"type": "PowerShell", "scriptUri": "https://contoso.com/v.ps1", "sha256Checksum": CHECKSUM},
            ]
        },
    ),
    template(
        {"type": "ManagedImage", "imageId": f"{IMAGES}/images/base"},
        [{"type": "Shell", "inline": ["true"]}],
        [
            {
                "type": "VHD",
                "runOutputName": "vhd",
                "uri": "https://contoso.blob.core.windows.net/vhds/web/one.vhd",
                "artifactTags": {"made by": "contoso"},
            }
        ],
    ),
    template(
        {"type": "SharedImageVersion", "imageVersionId": f"{IMAGES}/galleries/gallery/images/base/versions/1.0.0"},
        [{"type": "Shell", "inline": ["true"]}],
        [GALLERY],
        apiVersion="2019-05-01-preview",
        vmProfile={"vnetConfig": {"name": "hub", "subnetName": "build", "resourceGroupName": "contoso"}},
    ),
)

TEXTS = (*BUNDLES, *UNFIT, "{{name}}", "[concat('a', 'b')]", "-n")
WITHOUT_EFFECT = ("tags", "identity", "proxyVmSize", "containerInstanceSubnetId")
"""What only the service needs; a note says so, or it is about the template as a resource."""
OF_THE_SERVICE = {"principalId", "tenantId", "clientId", "exactVersion", "exactStagingResourceGroup", "id", "etag"}
"""Written by the service, in an answer of the REST API; nothing is made of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One text in one field."""

    place: Place
    text: str
    compilation: Compilation


def leaves(value: Json, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text of a template and where it stands."""
    match value:
        case str():
            yield place, value
        case dict():
            for key, item in value.items():
                yield from leaves(item, (*place, key))
        case list():
            for index, item in enumerate(value):
                yield from leaves(item, (*place, index))


def replaced(whole: Json, place: Place, text: str) -> Json:
    """The template with another text at a place."""
    changed = copy.deepcopy(whole)
    inner = changed
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = text
    return changed


def renamed(whole: Json, place: Place, text: str) -> Json:
    """The template with another name for a member (of tags)."""
    changed = copy.deepcopy(whole)
    inner = changed
    for part in place[:-1]:
        inner = inner[part]
    inner[text] = inner.pop(place[-1])
    return changed


def fields() -> Iterator[tuple[Json, Place, str]]:
    """Every text field of every kind of object once: the template that has it, its place, the value there."""
    seen: set[tuple[str | None, ...]] = set()
    for whole in TEMPLATES:
        for place, value in leaves(whole):
            field = (*(part for part in place if isinstance(part, str)), kind(whole, place))
            if place[-1] not in {"type", "apiVersion", "state"} and field not in seen:
                seen.add(field)
                yield whole, place, value


def kind(whole: Json, place: Place) -> str | None:
    """The `type` of the innermost object around a place that has one."""
    found = None
    for part in place:
        found = whole.get("type", found) if isinstance(whole, dict) else found
        whole = whole[part]
    return found


def variants() -> Iterator[tuple[Place, str, Json]]:
    """Every field with every text: as its whole value, as the last part of an id or path, as a tag's name."""
    for whole, place, value in fields():
        for text in TEXTS:
            yield place, text, replaced(whole, place, text)
            if "/" in value:
                yield place, text, replaced(whole, place, posixpath.join(posixpath.dirname(value), text))
            if place[-2:-1] and place[-2] in {"artifactTags", "managedResourceTags", "tags"}:
                yield (*place[:-1], text), text, renamed(whole, place, text)


@cache
def trials() -> tuple[Trial, ...]:
    """All compilations, some milliseconds each."""
    return tuple(
        Trial(place=place, text=text, compilation=compile_text(json.dumps(changed), filename="template.json"))
        for place, text, changed in variants()
    )


def test_the_templates_have_every_text_field_of_the_schemas() -> None:
    """A text field that a new API version brings has to be put to the test here, too."""
    there = {
        (place[-2] if isinstance(place[-1], int) else place[-1]) for whole in TEMPLATES for place, _ in leaves(whole)
    }
    there |= {"artifactTags", "managedResourceTags", "tags", "userAssignedIdentities"}
    asked = {name for version in VERSIONS for name in text_fields(load_schema(version))}
    assert asked - there - OF_THE_SERVICE == set()


def text_fields(schema: Json) -> Iterator[str]:
    """Names of properties that take any text, a list of texts or a map to texts."""
    for part in (schema, *schema["$defs"].values()):
        for name, node in part.get("properties", {}).items():
            inner = node.get("items") or node.get("additionalProperties") or node
            free = {**node, **(inner if isinstance(inner, dict) else {})}
            if inner and free.get("type") == "string" and "enum" not in free:
                yield name


def test_the_templates_themselves_compile() -> None:
    """Otherwise every text would be refused for another reason."""
    for whole in TEMPLATES:
        compilation = compile_text(json.dumps(whole), filename="template.json")
        assert compilation.ok, compilation.diagnostics


def test_every_text_arrives_or_is_refused_by_name(packer: Any, tmp_path: Path) -> None:
    """In every field, for the real evaluator."""
    written = [trial for trial in trials() if trial.compilation.ok]
    quoted = sorted({text for trial in written for text in hcl_literals(trial.compilation)})
    said = dict(zip(quoted, arrive(packer, tmp_path, quoted), strict=True))
    lost = [
        f"{dotted(trial.place)}: {trial.text!r}"
        for trial in written
        if not arrives(trial, {said[text] for text in hcl_literals(trial.compilation)})
    ]
    assert lost == []
    silent = [
        f"{dotted(trial.place)}: {trial.text!r}: {trial.compilation.diagnostics}"
        for trial in trials()
        if not trial.compilation.ok and not any(names(found, trial) for found in trial.compilation.diagnostics)
    ]
    assert silent == []
    assert len(written) > 500, "nearly everything was refused"


def hcl_literals(compilation: Compilation) -> list[str]:
    """The literals of all stages."""
    files = (data for name, data in compilation.files.items() if name.endswith(".pkr.hcl"))
    return [text for data in files for text in literals(data.decode())]


def names(found: Diagnostic, trial: Trial) -> bool:
    """Whether an error is about the field (of a list of lines: about the list) and points into the file."""
    field = trial.place[:-1] if isinstance(trial.place[-1], int) else trial.place
    return found.is_error and found.path[: len(field)] == field and found.span is not None


def arrives(trial: Trial, said: set[str]) -> bool:
    """Whether a compilation holds the text where the field's meaning wants it."""
    compilation, text = trial.compilation, trial.text
    plan = compilation.plan
    assert plan is not None
    if any(part in WITHOUT_EFFECT for part in trial.place):
        return True
    if "inline" in trial.place:
        return any(text.encode() in data for name, data in compilation.files.items() if "/scripts/" in name)
    if trial.place[-1] == "name" and {"customize", "inVMValidations"}.intersection(trial.place):
        return any(step.title == shown(text) for stage in plan.stages for step in stage.steps)
    return text in said or any(text in found for found in kept(plan)) or any(text in found for found in said)


def kept(plan: BuildPlan) -> Iterator[str]:
    """What of the template is used by ourselves, not by Packer."""
    yield plan.name
    for stage in plan.stages:
        yield from (fetch.uri for fetch in stage.fetches)
        yield from (fetch.sha256 or "" for fetch in stage.fetches)
    for item in plan.publications:
        yield item.run_output_name
        yield from (text for pair in item.artifact_tags.items() for text in pair)
