"""Every rule over the model: a template that breaks it is told so at the right place, and a near miss is left alone."""

from __future__ import annotations

import copy
import importlib
import json
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from imagesmith import rules
from imagesmith.diagnostics import Diagnostic, Rule, Severity, SourceText, Span, dotted
from imagesmith.model import ImageTemplate, OsType, parse
from imagesmith.rules import RuleContext, check
from imagesmith.rules.timeouts import seconds
from imagesmith.source import Document, Origin, wrap

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
GROUP = f"{SUBSCRIPTION}/resourceGroups/contoso-images"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/images/web"
GALLERY = f"{GROUP}/providers/Microsoft.Compute/galleries/contoso"
DEFINITION = f"{GALLERY}/images/web"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/hub"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
DIGEST = "e3b0c442" * 8

LINUX: dict[str, Any] = {  # JSON
    "name": "web",
    "location": "westeurope",
    "tags": {"team": "web"},
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}},
    "properties": {
        "source": {
            "type": "PlatformImage",
            "publisher": "Canonical",
            "offer": "ubuntu-24_04-lts",
            "sku": "server",
            "version": "latest",
        },
        "customize": [
            {"type": "Shell", "name": "packages", "inline": ["sudo apt-get update"]},
            {"type": "Shell", "scriptUri": "https://example.com/setup.sh", "sha256Checksum": DIGEST},
            {"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/app.conf"},
        ],
        "validate": {"inVMValidations": [{"type": "Shell", "inline": ["true"]}]},
        "distribute": [
            {
                "type": "SharedImage",
                "galleryImageId": DEFINITION,
                "runOutputName": "gallery",
                "artifactTags": {"built": "here"},
                "targetRegions": [{"name": "westeurope", "replicaCount": 1}, {"name": "North Europe"}],
            },
            {"type": "ManagedImage", "imageId": IMAGE, "location": "West Europe", "runOutputName": "image"},
            {"type": "VHD", "uri": "https://contoso.blob.core.windows.net/vhds/web.vhd", "runOutputName": "vhd"},
        ],
        "buildTimeoutInMinutes": 60,
        "stagingResourceGroup": f"{SUBSCRIPTION}/resourceGroups/staging",
        "managedResourceTags": {"cost": "42"},
        "additionalDataDisks": [{"sizeGB": 32}],
        "vmProfile": {
            "vmSize": "Standard_D2s_v3",
            "osDiskSizeGB": 64,
            "userAssignedIdentities": [IDENTITY],
            "vnetConfig": {
                "subnetId": f"{NETWORK}/subnets/build",
                "containerInstanceSubnetId": f"{NETWORK}/subnets/containers",
            },
        },
    },
}
WINDOWS: dict[str, Any] = {  # JSON
    "name": "desktop",
    "location": "westeurope",
    "properties": {
        "source": {
            "type": "PlatformImage",
            "publisher": "MicrosoftWindowsServer",
            "offer": "WindowsServer",
            "sku": "2022-datacenter-g2",
            "version": "20348.2402.240405",
        },
        "customize": [
            {"type": "PowerShell", "inline": ["whoami"], "runElevated": True, "runAsSystem": True},
            {"type": "WindowsRestart", "restartTimeout": "10m"},
            {"type": "WindowsUpdate", "filters": ["exclude: $_.Title -like '*:*'", "include:$true"], "updateLimit": 0},
            {"type": "File", "sourceUri": "https://example.com/a.txt", "destination": "C:\\Temp\\a.txt"},
        ],
        "distribute": [{"type": "VHD", "runOutputName": "vhd"}],
    },
}
ABSENT = object()

Patch = Mapping[str, object]


def build(base: dict[str, Any], patch: Patch) -> ImageTemplate:
    """The base with some places replaced: `customize/0/inline` is below `properties`, `/name` at the top."""
    data = copy.deepcopy(base)
    for place, value in patch.items():
        at: Any = data if place.startswith("/") else data["properties"]
        *parents, last = (int(key) if key.isdigit() else key for key in place.strip("/").split("/"))
        for key in parents:
            at = at.setdefault(key, {}) if isinstance(at, dict) else at[key]
        if value is ABSENT:
            del at[last]
        else:
            at[last] = value
    text = json.dumps(data)
    root = wrap(data, Origin(Span(SourceText("web.json", text), 0, len(text))))
    return parse(Document(source=SourceText("web.json", text), root=root), api_version="2025-10-01")


def findings(template: ImageTemplate, **context: Any) -> list[Diagnostic]:
    return list(check(template, RuleContext(api_version="2025-10-01", **context)))


@dataclass(frozen=True, kw_only=True)
class Case:
    """A patch that breaks a rule, what has to be said about it, and a patch close to it that is right."""

    code: str
    bad: Patch
    at: str
    says: str = ""
    hint: str = ""
    good: Patch = field(default_factory=dict)
    base: dict[str, Any] = field(default_factory=lambda: LINUX)  # JSON
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.code} {self.at}"


def windows(**settings: Any) -> Case:
    return Case(base=WINDOWS, **settings)


def source_of(kind: str, key: str, text: str) -> dict[str, object]:
    return {"source": {"type": kind, key: text}}


SHARED = "SharedImageVersion"
WARNING = Severity.WARNING
CASES = (
    # Ids
    Case(
        code="IMG300",
        bad={"distribute/1/imageId": f"{IMAGE}/"},
        at="properties.distribute[1].imageId",
        says="an empty part",
        hint=f"write '{IMAGE}'",
        good={"distribute/1/imageId": IMAGE.replace("resourceGroups", "resourcegroups").upper()},
    ),
    Case(
        code="IMG300",
        bad={"stagingResourceGroup": "staging"},
        at="properties.stagingResourceGroup",
        hint="'/subscriptions/<subscription>/resourceGroups/staging'",
    ),
    Case(
        code="IMG300",
        bad={"distribute/0/galleryImageId": ""},
        at="properties.distribute[0].galleryImageId",
        says="missing",
    ),
    Case(
        code="IMG300",
        bad={"/identity": {"userAssignedIdentities": {"<builder>": {}}}},
        at="identity.userAssignedIdentities['<builder>']",
        hint="'<builder>' looks like a place to fill in",
    ),
    Case(
        code="IMG301",
        bad={"distribute/0/galleryImageId": GALLERY},
        at="properties.distribute[0].galleryImageId",
        says="this is the id of a gallery, not of an image definition of a gallery",
        hint=f"'{GALLERY}/images/<definition>'",
        good={"distribute/0/galleryImageId": f"{DEFINITION}/versions/1.0.0"},
    ),
    Case(
        code="IMG301",
        bad={"distribute/0/galleryImageId": IMAGE},
        at="properties.distribute[0].galleryImageId",
        hint='"type": "ManagedImage"',
    ),
    Case(
        code="IMG301",
        bad={"distribute/1/imageId": DEFINITION},
        at="properties.distribute[1].imageId",
        hint='"type": "SharedImage"',
    ),
    Case(
        code="IMG301",
        bad=source_of("ManagedImage", "imageId", f"{DEFINITION}/versions/1.0.0"),
        at="properties.source.imageId",
        says="a gallery image version, not of a managed image",
        hint='"type": "SharedImageVersion"',
        good=source_of("ManagedImage", "imageId", IMAGE + "-2"),
    ),
    Case(
        code="IMG301",
        bad=source_of(SHARED, "imageVersionId", DEFINITION),
        at="properties.source.imageVersionId",
        hint=f"'{DEFINITION}/versions/latest'",
        good=source_of(SHARED, "imageVersionId", f"{DEFINITION}/versions/Latest"),
    ),
    Case(
        code="IMG301",
        bad=source_of(SHARED, "imageVersionId", "/CommunityGalleries/contoso-1/Images/web"),
        at="properties.source.imageVersionId",
        hint="'/CommunityGalleries/contoso-1/Images/web/versions/latest'",
        good=source_of(SHARED, "imageVersionId", "/CommunityGalleries/contoso-1/Images/web/Versions/latest"),
    ),
    Case(
        code="IMG301",
        bad={"distribute/0/galleryImageId": "/sharedGalleries/contoso/images/web/versions/1.0.0"},
        at="properties.distribute[0].galleryImageId",
        says="a shared gallery's image version",
    ),
    Case(
        code="IMG301",
        bad={"vmProfile/vnetConfig/subnetId": NETWORK},
        at="properties.vmProfile.vnetConfig.subnetId",
        hint=f"'{NETWORK}/subnets/<subnet>'",
    ),
    Case(
        code="IMG301",
        bad={"vmProfile/userAssignedIdentities": [IMAGE]},
        at="properties.vmProfile.userAssignedIdentities[0]",
        says="this is the id of a managed image, not of a user-assigned identity",
    ),
    Case(
        code="IMG301",
        bad={"stagingResourceGroup": IMAGE},
        at="properties.stagingResourceGroup",
        hint=f"write '{GROUP}'",
    ),
    Case(
        code="IMG302",
        bad={"stagingResourceGroup": "/subscriptions/contoso/resourceGroups/staging"},
        at="properties.stagingResourceGroup",
        says="'contoso' is no GUID",
        good={"stagingResourceGroup": "/SUBSCRIPTIONS/00000000-0000-0000-0000-00000000ABCD/resourceGroups/a(b)._-"},
    ),
    Case(
        code="IMG303",
        bad={"distribute/0/galleryImageId": DEFINITION.replace("/contoso/", "/contoso-gallery/")},
        at="properties.distribute[0].galleryImageId",
        says="'contoso-gallery' cannot be the name of a gallery",
        hint="is it 'contoso_gallery'?",
        good={"distribute/0/galleryImageId": DEFINITION.replace("/contoso/", "/contoso.g_1/") + "-server"},
    ),
    Case(
        code="IMG303",
        bad={"distribute/0/galleryImageId": GALLERY + "-gallery"},  # and it is no image definition
        at="properties.distribute[0].galleryImageId",
        hint="is it 'contoso_gallery'?",
    ),
    Case(
        code="IMG303",
        bad={"distribute/1/imageId": IMAGE.replace("/contoso-images/", "/{rg}/")},
        at="properties.distribute[1].imageId",
        hint="'{rg}' looks like a place to fill in",
    ),
    Case(
        code="IMG304",
        bad={"distribute/0/galleryImageId": f"{DEFINITION}/versions/v1.02"},
        at="properties.distribute[0].galleryImageId",
        hint="write '1.2.0'",
        good={"distribute/0/galleryImageId": f"{DEFINITION}/versions/0.25088.3355"},
    ),
    Case(
        code="IMG304",
        bad={"distribute/0/galleryImageId": f"{DEFINITION}/versions/1.0.2147483648"},
        at="properties.distribute[0].galleryImageId",
        says="below 2147483648",
        good={"distribute/0/galleryImageId": f"{DEFINITION}/versions/1.0.2147483647"},
    ),
    Case(
        code="IMG304",
        bad={"distribute/0/galleryImageId": f"{DEFINITION}/versions/latest"},
        at="properties.distribute[0].galleryImageId",
        hint='"versioning": {"scheme": "Latest"}',
        good=source_of(SHARED, "imageVersionId", f"{DEFINITION}/versions/latest"),
    ),
    Case(
        code="IMG305",
        bad={"/identity/userAssignedIdentities": {IDENTITY: {}, f"{IDENTITY}-2": {}}},
        at=dotted(("identity", "userAssignedIdentities", f"{IDENTITY}-2")),
        says="2 identities",
        good={"/identity": ABSENT},
    ),
    # Source
    Case(
        code="IMG306",
        bad={"source/sku": "", "source/offer": ABSENT},
        at="properties.source",
        says="no 'offer' and no 'sku'",
    ),
    Case(code="IMG307", bad={"source/offer": "Ubuntu Server"}, at="properties.source.offer", says="'Ubuntu Server'"),
    Case(
        code="IMG307",
        bad={"source/version": "newest"},
        at="properties.source.version",
        hint="write 'latest'",
        good={"source/version": "Latest"},
    ),
    Case(
        code="IMG308",
        bad={"source/planInfo": {"planName": "pro", "planProduct": "", "planPublisher": "contoso"}},
        at="properties.source.planInfo",
        says="no 'planProduct'",
        good={"source/planInfo": {"planName": "pro", "planProduct": "os", "planPublisher": "contoso"}},
    ),
    # Names and tags
    Case(
        code="IMG311",
        bad={"distribute/1/runOutputName": "Gallery"},
        at="properties.distribute[1].runOutputName",
        says="already the run output of distribute[0]",
        hint="'Gallery-1'",
        good={"distribute/1/runOutputName": "gallery-"},
    ),
    Case(
        code="IMG312",
        bad={"managedResourceTags": {f"tag{n}": "" for n in range(51)}},
        at="properties.managedResourceTags",
        says="51 tags",
        good={"managedResourceTags": {f"tag{n}": "" for n in range(50)}},
    ),
    Case(
        code="IMG313",
        bad={"distribute/0/artifactTags": {"cost/center": "42"}},
        at="properties.distribute[0].artifactTags['cost/center']",
        hint="write 'cost-center'",
        good={"distribute/0/artifactTags": {"cost:center é": "a/b<c>"}},
    ),
    Case(
        code="IMG313",
        bad={"/tags": {"long": "x" * 257}},
        at="tags.long",
        says="257 characters",
        good={"/tags": {"long": "x" * 256}},
    ),
    Case(code="IMG313", bad={"/tags": {"Team": "a", "team": "b"}}, at="tags.team", says="the same tag"),
    # Operating system
    Case(
        code="IMG320",
        bad={"source": {"type": "ManagedImage", "imageId": f"{IMAGE}-2"}, "customize": [], "validate": ABSENT},
        at="properties.source",
        hint="--os-type Linux",
        good={"source": {"type": "ManagedImage", "imageId": f"{IMAGE}-2"}},
    ),
    Case(
        code="IMG321",
        bad={
            "source": {"type": "ManagedImage", "imageId": f"{IMAGE}-2"},
            "customize": [{"type": "Shell", "inline": ["true"]}, {"type": "PowerShell", "inline": ["whoami"]}],
        },
        at="properties.customize[1].type",
        says="the PowerShell step is for Windows, but the Shell step before it is for Linux",
    ),
    # Steps
    Case(
        code="IMG330",
        bad={"customize/0/scriptUri": "https://example.com/setup.sh"},
        at="properties.customize[0].scriptUri",
        good={"customize/0/scriptUri": "https://example.com/setup.sh", "customize/0/inline": []},
    ),
    Case(
        code="IMG331",
        bad={"customize/1/scriptUri": ""},
        at="properties.customize[1]",
        good={"customize/1/scriptUri": "setup.sh"},
    ),
    Case(
        code="IMG333",
        bad={"customize/1/sha256Checksum": f" {DIGEST.upper()} "},
        at="properties.customize[1].sha256Checksum",
        hint=f"write '{DIGEST}'",
        good={"customize/1/sha256Checksum": ""},
    ),
    Case(
        code="IMG333",
        bad={"customize/2/sha256Checksum": "d41d8cd98f00b204e9800998ecf8427e"},
        at="properties.customize[2].sha256Checksum",
        says="has 32 digits",
        hint="MD5",
        good={"customize/2/sha256Checksum": DIGEST},
    ),
    Case(
        code="IMG333",
        bad={"optimize/workload": {"state": "Enabled", "scriptUri": "tune.sh", "sha256Checksum": "none"}},
        at="properties.optimize.workload.sha256Checksum",
        says="'none' is no SHA-256",
    ),
    Case(
        code="IMG334",
        bad={"customize/0/sha256Checksum": "anything"},
        at="properties.customize[0].sha256Checksum",
        severity=WARNING,
        good={"customize/0/sha256Checksum": ""},
    ),
    windows(
        code="IMG335",
        bad={"customize/0/runElevated": False},
        at="properties.customize[0].runAsSystem",
        hint='"runElevated": true',
        good={"customize/0/runAsSystem": False},
    ),
    windows(
        code="IMG336",
        bad={"customize/0": {"type": "Shell", "inline": ["true"]}},
        at="properties.customize[0].type",
        says="a Shell step runs on Linux only, and this image is Windows",
        hint="a PowerShell step",
    ),
    Case(
        code="IMG336",
        bad={"validate/inVMValidations/0": {"type": "PowerShell", "inline": ["whoami"]}},
        at="properties.validate.inVMValidations[0].type",
        hint="pwsh",
    ),
    Case(
        code="IMG336",
        bad={"customize/0": {"type": "WindowsUpdate"}},
        at="properties.customize[0].type",
        hint="apt-get",
    ),
    Case(
        code="IMG337",
        bad={"optimize/workload": {"state": "Enabled"}},
        at="properties.optimize.workload",
        severity=WARNING,
        good={"optimize/workload": {"state": "Disabled"}},
    ),
    # Files
    Case(code="IMG338", bad={"customize/2/sourceUri": ""}, at="properties.customize[2]", says="no 'sourceUri'"),
    Case(
        code="IMG339",
        bad={"customize/2/destination": "C:\\Temp\\app.conf"},
        at="properties.customize[2].destination",
        hint="write '/tmp/app.conf'",
    ),
    windows(
        code="IMG339",
        bad={"customize/3/destination": "/Temp/a.txt"},
        at="properties.customize[3].destination",
        hint="'C:\\Temp\\a.txt'",
        severity=WARNING,
        good={"customize/3/destination": "d:/Temp/a.txt"},
    ),
    Case(
        code="IMG340",
        bad={"customize/2/destination": "~/app.conf"},
        at="properties.customize[2].destination",
        hint="'/tmp/app.conf'",
        severity=WARNING,
        good={"customize/2/destination": "/home/packer/app.conf"},
    ),
    windows(
        code="IMG340",
        bad={"customize/3/destination": "Temp\\a.txt"},
        at="properties.customize[3].destination",
        severity=WARNING,
        good={"customize/3/destination": "$env:TEMP\\a.txt"},
    ),
    Case(
        code="IMG341",
        bad={"customize/2/destination": "/tmp/"},
        at="properties.customize[2].destination",
        hint="write '/tmp/app.conf'",
    ),
    Case(
        code="IMG342",
        bad={"customize/2/destination": "/etc/app/app.conf"},
        at="properties.customize[2].destination",
        hint="'sudo mv /tmp/app.conf /etc/app/app.conf'",
        severity=WARNING,
        good={"customize/2/destination": "/var/tmp/app/app.conf"},
    ),
    # Times
    Case(
        code="IMG345",
        bad={"buildTimeoutInMinutes": 5},
        at="properties.buildTimeoutInMinutes",
        says="no build fits into 5 minutes",
        good={"buildTimeoutInMinutes": 0},
    ),
    windows(
        code="IMG346",
        bad={"buildTimeoutInMinutes": 59},
        at="properties.buildTimeoutInMinutes",
        severity=WARNING,
        good={"buildTimeoutInMinutes": 60},
    ),
    windows(
        code="IMG347",
        bad={"customize/1/restartTimeout": "1d"},
        at="properties.customize[1].restartTimeout",
        hint="write '24h'",
        good={"customize/1/restartTimeout": "1h30m"},
    ),
    windows(
        code="IMG348",
        bad={"customize/1/restartTimeout": "0s"},
        at="properties.customize[1].restartTimeout",
        severity=WARNING,
        good={"customize/1/restartTimeout": ""},
    ),
    windows(
        code="IMG349",
        bad={"customize/1/restartTimeout": "241m"},
        at="properties.customize[1].restartTimeout",
        says="only 240 minutes",
        severity=WARNING,
        good={"customize/1/restartTimeout": "4h"},
    ),
    # Updates
    windows(
        code="IMG350",
        bad={"customize/2/filters": ["$_.BrowseOnly"]},
        at="properties.customize[2].filters[0]",
        hint="'include:$_.BrowseOnly'",
        severity=WARNING,
        good={"customize/2/filters": ["include:$_.BrowseOnly"]},
    ),
    windows(
        code="IMG350",
        bad={"customize/2/filters": ["$_.Title -like 'KB: *'", "include:$true"]},
        at="properties.customize[2].filters[0]",
        severity=WARNING,
    ),
    windows(
        code="IMG351",
        bad={"customize/2/filters": ["include :$true"]},
        at="properties.customize[2].filters[0]",
        hint="write 'include:$true'",
        severity=WARNING,
        good={"customize/2/filters": ["Include: $true"]},
    ),
    windows(
        code="IMG351",
        bad={"customize/2/filters": ["only:$_.BrowseOnly", "include:$true"]},
        at="properties.customize[2].filters[0]",
        says="'only' is no action",
        severity=WARNING,
    ),
    windows(
        code="IMG352",
        bad={"customize/2/filters": ["exclude:$_.Title -like '*Preview*'"]},
        at="properties.customize[2].filters",
        severity=WARNING,
        good={"customize/2/filters": []},
    ),
    windows(
        code="IMG353",
        bad={"customize/2/filters": ["exclude:$.Title -like '*Preview*'", "include:$true"]},
        at="properties.customize[2].filters[0]",
        hint="write 'exclude:$_.Title -like '*Preview*''",
        severity=WARNING,
    ),
    windows(
        code="IMG353",
        bad={"customize/2/filters": ["include:"]},
        at="properties.customize[2].filters[0]",
        says="no expression",
        severity=WARNING,
    ),
    # Distribution
    Case(
        code="IMG360",
        bad={"distribute": []},
        at="properties.distribute",
        good={"distribute": [{"type": "VHD", "runOutputName": "vhd"}]},
    ),
    Case(
        code="IMG361",
        bad={"distribute/0/replicationRegions": ["westeurope"]},
        at="properties.distribute[0].replicationRegions",
        good={"distribute/0/replicationRegions": []},
    ),
    Case(
        code="IMG362",
        bad={"distribute/0/storageAccountType": "Standard_ZRS"},
        at="properties.distribute[0].storageAccountType",
        good={
            "distribute/0/storageAccountType": "Standard_ZRS",
            "distribute/0/replicationRegions": ["westeurope"],
            "distribute/0/targetRegions": ABSENT,
        },
    ),
    Case(
        code="IMG363",
        bad={"distribute/0/targetRegions/1/name": "West Europe"},
        at="properties.distribute[0].targetRegions[1].name",
        says="'West Europe' is the same region as 'westeurope'",
        severity=WARNING,
        good={"distribute/0/targetRegions/1/name": "West Europe", "distribute/0/targetRegions/0/name": "eastus"},
    ),
    Case(
        code="IMG364",
        bad={"distribute/0/targetRegions/0/replicaCount": 101},
        at="properties.distribute[0].targetRegions[0].replicaCount",
        good={"distribute/0/targetRegions/0/replicaCount": 100},
    ),
    Case(
        code="IMG365",
        bad={"distribute/0/replicationMode": "Shallow"},
        at="properties.distribute[0].replicationMode",
        says="here are 2",
        good={"distribute/0/replicationMode": "Shallow", "distribute/0/targetRegions": [{"name": "westeurope"}]},
    ),
    Case(
        code="IMG366",
        bad={
            "distribute/0/galleryImageId": f"{DEFINITION}/versions/1.0.0",
            "distribute/0/versioning": {"scheme": "Latest"},
        },
        at="properties.distribute[0].versioning",
        severity=WARNING,
        good={"distribute/0/versioning": {"scheme": "Latest", "major": 2}},
    ),
    Case(
        code="IMG367",
        bad={"distribute/0/versioning": {"scheme": "Source", "major": 2}},
        at="properties.distribute[0].versioning.major",
        severity=WARNING,
        good={"distribute/0/versioning": {"scheme": "Source", "major": -1}},
    ),
    Case(
        code="IMG368",
        bad={
            "distribute/2": {
                "type": "ManagedImage",
                "imageId": IMAGE.upper(),
                "location": "westeurope",
                "runOutputName": "x",
            }
        },
        at="properties.distribute[2].imageId",
        says="distribute[1] already writes here",
        good={
            "distribute/2": {
                "type": "ManagedImage",
                "imageId": f"{IMAGE}-2",
                "location": "westeurope",
                "runOutputName": "x",
            }
        },
    ),
    Case(
        code="IMG368",
        bad={"distribute/2": {"type": "SharedImage", "galleryImageId": DEFINITION, "runOutputName": "x"}},
        at="properties.distribute[2].galleryImageId",
        severity=WARNING,
        good={"distribute/2": {"type": "SharedImage", "galleryImageId": f"{DEFINITION}2", "runOutputName": "x"}},
    ),
    Case(
        code="IMG369",
        bad=source_of("ManagedImage", "imageId", IMAGE.lower()),
        at="properties.distribute[1].imageId",
        good=source_of("ManagedImage", "imageId", f"{IMAGE}-2"),
    ),
    Case(
        code="IMG370",
        bad={"distribute/2/uri": "https://contoso.blob.core.windows.net/web.vhd"},
        at="properties.distribute[2].uri",
        says="root container",
        good={"distribute/2/uri": "https://contoso.blob.core.usgovcloudapi.net/vhds"},
    ),
    Case(
        code="IMG370",
        bad={"distribute/2/uri": "http://contoso.blob.core.windows.net/vhds"},
        at="properties.distribute[2].uri",
        hint="write 'https://contoso.blob.core.windows.net/vhds'",
    ),
    Case(
        code="IMG370",
        bad={"distribute/2/uri": "https://example.com/vhds/web.vhd"},
        at="properties.distribute[2].uri",
        says="'example.com' is not the blob service",
    ),
    Case(code="IMG370", bad={"distribute/2/uri": "https://["}, at="properties.distribute[2].uri"),
    Case(
        code="IMG370",
        bad={"distribute/2/uri": "https://contoso.blob.core.windows.net/"},
        at="properties.distribute[2].uri",
        says="no container",
    ),
    Case(
        code="IMG370",
        bad={"distribute/2/uri": "https://contoso.blob.core.windows.net/VHDs/a.vhd"},
        at="properties.distribute[2].uri",
        hint="is it 'vhds'?",
    ),
    Case(
        code="IMG371",
        bad={"distribute/2/uri": "https://contoso.blob.core.windows.net/vhds/web.vhd?sv=2024-11-04&sig=secret"},
        at="properties.distribute[2].uri",
        says="shared access signature",
    ),
    # Regions
    Case(
        code="IMG380",
        bad={"distribute/1/location": "west-europe"},
        at="properties.distribute[1].location",
        hint="did you mean 'westeurope'?",
        good={"distribute/1/location": "West US 2"},
    ),
    Case(
        code="IMG380",
        bad={"/location": "(Europe) West Europe"},
        at="location",
        hint="did you mean 'westeurope'?",
    ),
    Case(
        code="IMG381",
        bad={"distribute/0/targetRegions/1/name": "northeurop"},
        at="properties.distribute[0].targetRegions[1].name",
        hint="did you mean 'northeurope'?",
        severity=WARNING,
    ),
    Case(
        code="IMG382",
        bad={"/location": "canadaeast"},
        at="location",
        severity=Severity.NOTE,
        good={"/location": "Canada Central"},
    ),
    Case(code="IMG383", bad={"/location": ABSENT}, at="", hint="--location"),
    # Machine
    Case(
        code="IMG385",
        bad={"vmProfile/vnetConfig/proxyVmSize": "Standard_A1_v2"},
        at="properties.vmProfile.vnetConfig.proxyVmSize",
        good={
            "vmProfile/vnetConfig/proxyVmSize": "Standard_A1_v2",
            "vmProfile/vnetConfig/containerInstanceSubnetId": "",
        },
    ),
    Case(
        code="IMG386",
        bad={"vmProfile/vnetConfig/containerInstanceSubnetId": f"{NETWORK}/subnets/BUILD"},
        at="properties.vmProfile.vnetConfig.containerInstanceSubnetId",
        says="the machine's own",
    ),
    Case(
        code="IMG386",
        bad={"vmProfile/vnetConfig/containerInstanceSubnetId": f"{NETWORK}2/subnets/build"},
        at="properties.vmProfile.vnetConfig.containerInstanceSubnetId",
        says="another virtual network",
        good={"vmProfile/vnetConfig/containerInstanceSubnetId": f"{NETWORK.upper()}/subnets/containers"},
    ),
    Case(
        code="IMG386",
        bad={"vmProfile/vnetConfig/subnetId": ""},
        at="properties.vmProfile.vnetConfig.containerInstanceSubnetId",
        says="without 'subnetId'",
    ),
    Case(
        code="IMG387",
        bad={"vmProfile/vnetConfig": {"name": "hub", "subnetName": "build"}},
        at="properties.vmProfile.vnetConfig",
        says="without 'resourceGroupName'",
        good={"vmProfile/vnetConfig": {"name": "hub", "subnetName": "build", "resourceGroupName": "net"}},
    ),
    Case(
        code="IMG387",
        bad={"vmProfile/vnetConfig": {"name": "hub", "subnetId": f"{NETWORK}/subnets/build"}},
        at="properties.vmProfile.vnetConfig",
        says="named twice",
    ),
    Case(
        code="IMG388",
        bad={"vmProfile/osDiskSizeGB": 4096},
        at="properties.vmProfile.osDiskSizeGB",
        good={"vmProfile/osDiskSizeGB": 0},
    ),
    Case(
        code="IMG388",
        bad={"additionalDataDisks": [{"sizeGB": 0}]},
        at="properties.additionalDataDisks[0].sizeGB",
        says="a data disk",
    ),
    Case(
        code="IMG389",
        bad={"vmProfile/vmSize": "Standard D2s v3"},
        at="properties.vmProfile.vmSize",
        hint="is it 'Standard_D2s_v3'?",
        good={"vmProfile/vmSize": "standard_nc24ads_a100_v4"},
    ),
    Case(
        code="IMG389",
        bad={"vmProfile/vmSize": "D2s_v3"},
        at="properties.vmProfile.vmSize",
        hint="is it 'Standard_D2s_v3'?",
        severity=WARNING,
    ),
    # Validation
    Case(
        code="IMG395",
        bad={"validate/sourceValidationOnly": True, "distribute": []},
        at="properties.validate.sourceValidationOnly",
        says="without 'customize'",
        severity=Severity.NOTE,
        good={"validate/sourceValidationOnly": True, "distribute": [], "customize": []},
    ),
    Case(
        code="IMG396",
        bad={"validate": {"continueDistributeOnFailure": True}},
        at="properties.validate",
        severity=WARNING,
        good={"validate": {}},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_broken_rule_is_told_where_it_is_broken(case: Case) -> None:
    found = [d for d in findings(build(case.base, case.bad)) if d.code == case.code]
    assert [(dotted(d.path), d.severity) for d in found] == [(case.at, case.severity)]
    assert case.says in found[0].message
    assert case.hint in found[0].hint


@pytest.mark.parametrize("case", [case for case in CASES if case.good], ids=str)
def test_a_near_miss_is_left_alone(case: Case) -> None:
    assert [d.message for d in findings(build(case.base, case.good)) if d.code == case.code] == []


@pytest.mark.parametrize("base", [LINUX, WINDOWS], ids=["linux", "windows"])
def test_a_good_template_has_no_findings(base: dict[str, Any]) -> None:
    assert findings(build(base, {})) == []


def test_one_mistake_is_told_once() -> None:
    """Most patches break one rule; a template that breaks one must not be answered with five."""
    for case in CASES:
        errors = {d.code for d in findings(build(case.base, case.bad)) if d.is_error}
        assert len(errors) <= 2, (str(case), errors)


def rule_rows() -> Iterator[Rule]:
    for module in pkgutil.iter_modules(rules.__path__, "imagesmith.rules."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Rule):
                yield value


def test_every_rule_has_a_case_or_a_test_of_its_own() -> None:
    codes = {rule.code for rule in rule_rows()}
    assert codes - {case.code for case in CASES} == {"IMG322"}  # needs --os-type: test_os_type.py


def test_rules_are_whole_rows_of_their_own_code_range() -> None:
    by_code: dict[str, Rule] = {}
    for rule in rule_rows():
        assert "IMG300" <= rule.code <= "IMG399"
        assert by_code.setdefault(rule.code, rule) is rule
        assert all((rule.title, rule.cause, rule.fix, rule.example, rule.corrected, rule.source)), rule.code
        assert json.loads(rule.example) != json.loads(rule.corrected)


def test_the_location_of_the_command_line_stands_in_for_a_missing_one() -> None:
    template = build(LINUX, {"/location": ABSENT})
    assert findings(template, location="West Europe") == []
    assert [d.code for d in findings(template, location="nowhere-at-all")] == ["IMG380"]


def test_location_of_the_template_counts_before_the_given_one() -> None:
    template = build(LINUX, {"/location": "nowhere-at-all"})
    assert [dotted(d.path) for d in findings(template, location="westeurope")] == ["location"]


def test_unknown_os_says_nothing_about_destinations() -> None:
    template = build(
        LINUX,
        {
            "source": {"type": "ManagedImage", "imageId": f"{IMAGE}-2"},
            "customize": [{"type": "File", "sourceUri": "a.txt", "destination": "a.txt"}],
            "validate": ABSENT,
        },
    )
    assert [d.code for d in findings(template)] == ["IMG320"]
    assert [d.code for d in findings(template, os_type=OsType.LINUX)] == ["IMG340"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("5", "5m"),
        ("1d", "24h"),
        ("10min", "10m"),
        ("10 minutes", "10m"),
        ("2 Hours", "2h"),
        ("30 sec", "30s"),
        ("01:30:00", "1h30m"),
        ("5M", "5m"),
    ],
)
def test_a_wrong_duration_is_converted(text: str, meant: str) -> None:
    found = findings(build(WINDOWS, {"customize/1/restartTimeout": text}))
    assert [(d.code, d.hint) for d in found] == [("IMG347", f"write '{meant}'")]
    assert seconds(meant) is not None


@pytest.mark.parametrize("text", ["-5m", "soon", "1h 30m", "m", ".m", "5 ", "00:00:00", "PT5M"])
def test_a_duration_that_cannot_be_guessed_gets_the_general_hint(text: str) -> None:
    found = findings(build(WINDOWS, {"customize/1/restartTimeout": text}))
    assert [d.code for d in found] == ["IMG347"]


@pytest.mark.parametrize(
    ("text", "value"),
    [("5m", 300), ("1h30m", 5400), ("1.5h", 5400), ("90s", 90), (".5m", 30), ("1m500ms", 60.5), ("0", 0)],
)
def test_durations_are_gos(text: str, value: float) -> None:
    assert seconds(text) == value


HOSTILE = (
    "/" * 10**6,
    "(" * 10**6,
    "9" * 10**6,
    "1." * 5 * 10**5,
    "a-" * 5 * 10**5,
    "https://[",
    "\ud800",
    "\x00",
    "{{x}}",
)


PLACES = (
    "source/offer",
    "source/version",
    "customize/1/sha256Checksum",
    "customize/2/destination",
    "customize/2/sourceUri",
    "distribute/0/galleryImageId",
    "distribute/0/targetRegions/1/name",
    "distribute/2/uri",
    "vmProfile/vmSize",
    "vmProfile/vnetConfig/subnetId",
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:9]))
def test_any_text_anywhere_is_judged_at_once_and_in_few_words(text: str) -> None:
    places = ("name", "location", "stagingResourceGroup", *PLACES)
    for finding in findings(build(LINUX, {f"/{key}" if key in LINUX else key: text for key in places})):
        assert len(finding.message) + len(finding.hint) <= 2000
    for place in ("customize/1/restartTimeout", "customize/2/filters/0", "customize/3/destination"):
        for finding in findings(build(WINDOWS, {place: text})):
            assert len(finding.message) + len(finding.hint) <= 2000


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("westeurpe", "westeurope"),
        ("us-east", "eastus"),
        ("us-east-2", "eastus2"),
        ("europewest", "westeurope"),
        ("West-Europe", "westeurope"),
        ("(Europe) West Europe", "westeurope"),
        ("nowhere at all", None),
    ],
)
def test_the_region_that_was_probably_meant(written: str, meant: str | None) -> None:
    [found] = findings(build(LINUX, {"/location": written}))
    assert (f"did you mean '{meant}'?" in found.hint) is (meant is not None)
    assert ("did you mean" in found.hint) is (meant is not None)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Standard_D2sv3", "Standard_D2s_v3"),
        ("Standard-D2s-v3", "Standard_D2s_v3"),
        ("D2s_v3", "Standard_D2s_v3"),
        ("Standard D2s v3", "Standard_D2s_v3"),
        ("Standard_NC24ads_A100_v4", None),
        ("Standard_E4-2s_v5", None),
        ("Standard_M208ms_v2", None),
    ],
)
def test_the_size_that_was_probably_meant(written: str, meant: str | None) -> None:
    found = [
        d.hint for d in findings(build(LINUX, {"/properties/vmProfile": {"vmSize": written}})) if d.code == "IMG389"
    ]
    assert found == ([f"is it '{meant}'?"] if meant else [])
