"""A piece of a template to what it becomes: the options of Packer, its steps and what was said about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imagesmith.hcl import Block, Rendered, literal
from imagesmith.pipeline import Compilation, CompileOptions, compile_text
from imagesmith.plan import BuildPlan, Stage, StageName, Step
from imagesmith.targets import NEWEST, Target
from tests.cases import NOW

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/contoso-images"
IMAGE = f"{GROUP}/providers/Microsoft.Compute/images/web"
DEFINITION = f"{GROUP}/providers/Microsoft.Compute/galleries/contoso/images/base"
SUBNET = f"{SUBSCRIPTION}/resourceGroups/contoso-net/providers/Microsoft.Network/virtualNetworks/hub/subnets/build"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/builder"
BLOBS = "https://contosoimages.blob.core.windows.net"

UBUNTU: Mapping[str, object] = {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu", "sku": "server"}
WINDOWS: Mapping[str, object] = {
    "type": "PlatformImage", "publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-g2"
}  # fmt: skip
MANAGED: Mapping[str, object] = {
    "type": "ManagedImage", "runOutputName": "image", "imageId": IMAGE, "location": "westeurope"
}  # fmt: skip
SHARED: Mapping[str, object] = {
    "type": "SharedImage", "runOutputName": "gallery", "galleryImageId": f"{DEFINITION}/versions/1.2.3"
}  # fmt: skip
VHD: Mapping[str, object] = {"type": "VHD", "runOutputName": "disk", "uri": f"{BLOBS}/vhds"}
CHECK: Mapping[str, object] = {"inVMValidations": [{"type": "Shell", "name": "check", "inline": ["true"]}]}


def compiled(
    properties: Mapping[str, object] | None = None,
    *,
    windows: bool = False,
    envelope: Mapping[str, object] | None = None,
    api_version: str = "2025-10-01",
    target: Target = NEWEST,
    **options: Any,  # fields of CompileOptions
) -> Compilation:
    """A small template with some properties of its own, compiled."""
    template = {
        "type": "Microsoft.VirtualMachineImages/imageTemplates",
        "apiVersion": api_version,
        "name": "web",
        "location": "westeurope",
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
        **(envelope or {}),
        "properties": {
            "source": WINDOWS if windows else UBUNTU,
            "customize": [],
            "distribute": [MANAGED],
            **(properties or {}),
        },
    }
    return compile_text(
        json.dumps(template),
        filename="template.json",
        options=CompileOptions(target=target, now=NOW, seed="test", **options),
    )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A stage as tests look at it."""

    plan: BuildPlan
    stage: Stage
    codes: list[str]
    """Codes of all diagnostics but notes about the service's side."""

    def option(self, section: str, name: str) -> object:
        """An option of a section; dotted through blocks. A text as it will arrive."""
        found = next((one for one in self.stage.sections if one.name == section), None)
        return plain(_inner(found.body, name.split("."))) if found else None

    def section(self, name: str) -> dict[str, object]:
        """All options of a section, dotted through blocks."""
        found = next((one for one in self.stage.sections if one.name == name), None)
        return dict(_rows(found.body, "")) if found else {}

    @property
    def steps(self) -> list[Step]:
        """The steps, without ours around them."""
        return [step for step in self.stage.steps if step.path is not None]

    def provisioner(self, number: int = 0) -> dict[str, object]:
        """Label and options of a step's provisioner."""
        (block,) = self.steps[number].blocks
        return {"": block.labels[0], **dict(_rows(block, ""))}

    def script(self, number: int = 0) -> str:
        """The text of a step's first file."""
        content = self.steps[number].files[0].content
        assert content is not None
        return content.decode()


def seen(compilation: Compilation, stage: StageName = StageName.BUILD) -> Seen:
    """A stage of a compilation that has no errors."""
    assert compilation.plan is not None, [(found.code, found.message) for found in compilation.diagnostics]
    found = compilation.plan.stage(stage)
    assert found is not None
    return Seen(plan=compilation.plan, stage=found, codes=codes(compilation))


def lowered(properties: Mapping[str, object] | None = None, **settings: Any) -> Seen:  # arguments of `compiled`
    """The build stage of a template with these properties."""
    return seen(compiled(properties, **settings))


def codes(compilation: Compilation) -> list[str]:
    """The codes of a compilation's diagnostics."""
    return [found.code for found in compilation.diagnostics]


def plain(value: object) -> object:
    """A value as Packer sees it: texts as they are, expressions as HCL."""
    if isinstance(value, Rendered):
        return value.text
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return str(literal(value))  # type: ignore[arg-type]


def _inner(block: Block, names: list[str]) -> Any:  # a Literal
    if len(names) == 1:
        return block.get(names[0])
    inner = next((one for one in block.blocks if one.type == names[0]), None)
    return _inner(inner, names[1:]) if inner else None


def _rows(block: Block, prefix: str) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [(prefix + name, plain(value)) for name, value in block.attributes]
    for inner in block.blocks:
        rows += _rows(inner, f"{prefix}{inner.type}.")
    return rows
