"""Builds of Windows images with the Packer at hand, on a machine of the sandbox whose disk a test can look at."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.sandbox.windows.host import DISK

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images"
NEEDS = (
    Need(kind=NeedKind.PLATFORM_IMAGE, id="MicrosoftWindowsServer:WindowsServer:2022-datacenter-g2:latest", path=()),
    Need(kind=NeedKind.RESOURCE_GROUP, id=GROUP, path=()),
)
VARIABLES = {
    "subscription_id": "string",
    "tenant_id": "string",
    "client_id": "string",
    "client_secret": "string",
    "winrm_port": "number",
}

_BUILD = """{variables}
source "azure-arm" "image" {{
  subscription_id                   = var.subscription_id
  tenant_id                         = var.tenant_id
  client_id                         = var.client_id
  client_secret                     = var.client_secret
  os_type                           = "Windows"
  vm_size                           = "Standard_D2ds_v4"
{place}  communicator                      = "winrm"
  winrm_username                    = "packer"
  winrm_port                        = var.winrm_port
  winrm_use_ssl                     = true
  winrm_insecure                    = true
  winrm_timeout                     = "5m"
  image_publisher                   = "MicrosoftWindowsServer"
  image_offer                       = "WindowsServer"
  image_sku                         = "2022-datacenter-g2"
  managed_image_name                = "image"
  managed_image_resource_group_name = "images"
{given}}}
build {{
  sources = ["source.azure-arm.image"]
{provisioners}}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """How a build ended, and the machine that it has used."""

    done: subprocess.CompletedProcess[str]
    files: Mapping[str, bytes]
    """The files of C: after the build."""
    machine: Mapping[str, Any]  # JSON data
    """What the machine says of itself."""
    codes: tuple[str, ...]
    """Codes of what the rehearsal found."""

    @property
    def output(self) -> str:
        """Everything that Packer printed."""
        return self.done.stdout + self.done.stderr

    @property
    def own(self) -> list[str]:
        """Paths of the files that are not Packer's leftovers."""
        return [path for path in self.files if not path.startswith("Windows/Temp/")]


@contextmanager
def windows_sandbox(folder: Path, **options: Any) -> Iterator[Sandbox]:  # more SandboxOptions
    """A sandbox with what the builds of these tests refer to."""
    with Sandbox(
        SandboxOptions(state=folder / "state", run_id="e2e", os_type="Windows", **options), environment=os.environ
    ) as sandbox:
        sandbox.seed(NEEDS, os_type="Windows")
        yield sandbox


def write(folder: Path, *provisioners: str, given: str = "") -> None:
    """Write a build; `given` are more attributes of its source, for a build in a group that is there."""
    folder.mkdir()
    variables = "".join(
        f'variable "{name}" {{\n  type = {kind}\n  default = null\n}}\n' for name, kind in VARIABLES.items()
    )
    text = _BUILD.format(
        variables=variables,
        given=given,
        place="" if given else '  location                          = "westeurope"\n',
        provisioners="".join(f"{one}\n" for one in provisioners),
    )
    (folder / "image.pkr.hcl").write_text(text, encoding="utf-8")


def build(packer: Any, folder: Path, *provisioners: str, **options: Any) -> Built:  # the conftest's Packer
    """Build an image with these provisioners; paths in them are relative to the folder."""
    source = folder / "build"
    write(source, *provisioners)
    with windows_sandbox(folder, **options) as sandbox:
        surroundings = packer.surroundings(sandbox)
        surroundings["PKR_VAR_winrm_port"] = sandbox.world.variables["winrm_port"]
        done = subprocess.run(
            [packer.program, "build", "-color=false", str(source)],
            env=surroundings,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        observed = sandbox.world.observe()
        machines = observed.details.get("machines")
        assert isinstance(machines, list), done.stdout + done.stderr
        (machine,) = machines
        return Built(
            done=done,
            files=_files(folder / "state" / "machines"),
            machine=dict(machine),
            codes=tuple(found.code for found in observed.diagnostics),
        )


def _files(machines: Path) -> dict[str, bytes]:
    (machine,) = machines.iterdir()
    drive = machine / DISK / "C"
    return {found.relative_to(drive).as_posix(): found.read_bytes() for found in drive.rglob("*") if found.is_file()}
