"""Sandboxes with real machines and a real Packer for the tests of this folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
IMAGES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/images"
UBUNTU = "canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
NEEDS = (
    Need(kind=NeedKind.PLATFORM_IMAGE, id=f"{UBUNTU}:latest", path=()),
    Need(kind=NeedKind.RESOURCE_GROUP, id=IMAGES, path=()),
    Need(kind=NeedKind.GALLERY_IMAGE, id=f"{IMAGES}/providers/Microsoft.Compute/galleries/gal/images/def", path=()),
)
"""What the builds of these tests refer to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Packer:
    """The Packer at hand and what it finds its plugins by."""

    program: str
    environment: Mapping[str, str]
    scratch: list[Path] = field(default_factory=list, compare=False)
    """Temporary folders of builds, removed at the end."""

    @property
    def is_new(self) -> bool:
        """Whether azure-arm comes as a plugin, with the options of today."""
        shown = subprocess.run([self.program, "version"], capture_output=True, text=True, check=True, timeout=60)
        major, minor = shown.stdout.split("v", 1)[1].split(".")[:2]
        return (int(major), int(minor)) >= (1, 7)

    def build(self, sandbox: Sandbox, folder: Path, *, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
        """Run `packer build` on a folder in the world of a sandbox."""
        return subprocess.run(
            [self.program, "build", "-color=false", str(folder)],
            env=self.surroundings(sandbox),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def surroundings(self, sandbox: Sandbox) -> dict[str, str]:
        """The environment of a Packer in a sandbox."""
        world = sandbox.world
        # Short, since a socket is to fit into it.
        temporary = Path(tempfile.mkdtemp(prefix="is-"))
        self.scratch.append(temporary)
        variables = {f"PKR_VAR_{name}": value for name, value in world.variables.items() if name != "winrm_port"}
        return {**world.environment, **variables, **self.environment, "TMPDIR": str(temporary)}


@pytest.fixture(scope="session")
def packer() -> Iterator[Packer]:
    """`IMAGESMITH_PACKER`, else the one on PATH. A machine without one fails these tests."""
    program = os.environ.get("IMAGESMITH_PACKER") or shutil.which("packer")
    assert program, "no packer: set IMAGESMITH_PACKER"
    names = ("PACKER_PLUGIN_PATH",)
    found = Packer(program=program, environment={name: os.environ[name] for name in names if name in os.environ})
    yield found
    for folder in found.scratch:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def machine_image(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The VM-like image, made once a host (about half a minute) and kept by the container engine."""
    state = tmp_path_factory.mktemp("first") / "state"
    with Sandbox(SandboxOptions(state=state, run_id="first", steps="run"), environment=os.environ) as sandbox:
        sandbox.seed(NEEDS, os_type="Linux")


@pytest.fixture
def start_sandbox(tmp_path: Path, machine_image: None) -> Iterator[Callable[..., Sandbox]]:
    """Starts seeded sandboxes with real machines; what a test starts is ended after it."""
    started: list[Sandbox] = []

    def start(*, state: str = "state", run_id: str = "e2e", keep: bool = False) -> Sandbox:
        options = SandboxOptions(state=tmp_path / state, run_id=run_id, steps="run", keep=keep)
        sandbox = Sandbox(options, environment=os.environ)
        sandbox.start()
        started.append(sandbox)
        sandbox.seed(NEEDS, os_type="Linux")
        return sandbox

    yield start
    for sandbox in started:
        sandbox.stop()


VARIABLES = "".join(
    f'variable "{name}" {{\n  type    = {kind}\n  default = null\n}}\n'
    for name, kind in (
        ("subscription_id", "string"),
        ("tenant_id", "string"),
        ("client_id", "string"),
        ("client_secret", "string"),
        ("ssh_port", "number"),
    )
)

PLATFORM = 'image_publisher = "canonical"\nimage_offer = "0001-com-ubuntu-server-jammy"\nimage_sku = "22_04-lts-gen2"\n'


@pytest.fixture
def write_build(tmp_path: Path) -> Callable[..., Path]:
    """Writes a folder with a build as the compiler shapes it: script files, and the login in variables."""

    def write(
        name: str, *, source: str = PLATFORM, outputs: str, steps: tuple[str, ...], generalize: bool = True
    ) -> Path:
        folder = tmp_path / name
        (folder / "scripts").mkdir(parents=True)
        provisioners = []
        for number, text in enumerate(steps, start=1):
            script = folder / "scripts" / f"{number:02d}-step.sh"
            script.write_text(f"#!/bin/sh -e\n{text}\n", encoding="utf-8")
            provisioners.append(f'provisioner "shell" {{\n  script = "${{path.root}}/scripts/{script.name}"\n}}\n')
        if generalize:
            script = folder / "scripts" / "99-deprovision.sh"
            script.write_text(
                '#!/bin/sh\nrm -f "$0"\nexec /usr/sbin/waagent -force -deprovision+user\n', encoding="utf-8"
            )
            provisioners.append(
                'provisioner "shell" {\n  script = "${path.root}/scripts/99-deprovision.sh"\n'
                '  execute_command = "chmod +x {{ .Path }}; sudo -n {{ .Path }}"\n  skip_clean = true\n}\n'
            )
        login = "".join(
            f"{key} = var.{key}\n" for key in ("subscription_id", "tenant_id", "client_id", "client_secret")
        )
        (folder / "image.pkr.hcl").write_text(
            f'{VARIABLES}source "azure-arm" "image" {{\n{login}os_type = "Linux"\nvm_size = "Standard_D2ds_v4"\n'
            f'location = "westeurope"\nssh_username = "packer"\nssh_port = var.ssh_port\n{source}{outputs}}}\n'
            f'build {{\n  sources = ["source.azure-arm.image"]\n{"".join(provisioners)}}}\n',
            encoding="utf-8",
        )
        return folder

    return write
