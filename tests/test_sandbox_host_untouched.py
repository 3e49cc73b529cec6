"""A sandbox leaves the host as it was: after a build, after a failed one, and after its process was killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.machine.engine import Engine, start_engine_probe
from imagesmith.sandbox.machine.sweep import sweep
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox

pytestmark = pytest.mark.alone
UBUNTU = "canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2"
NEEDS = (
    Need(kind=NeedKind.PLATFORM_IMAGE, id=f"{UBUNTU}:latest", path=()),
    Need(
        kind=NeedKind.RESOURCE_GROUP,
        id="/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images",
        path=(),
    ),
)
HCL = """
variable "ssh_port" {
  type    = number
  default = null
}
variable "client_secret" {
  type    = string
  default = null
}
source "azure-arm" "image" {
  subscription_id                   = "00000000-0000-0000-0000-000000000001"
  tenant_id                         = "00000000-0000-0000-0000-0000000000aa"
  client_id                         = "00000000-0000-0000-0000-0000000000dd"
  client_secret                     = var.client_secret
  os_type                           = "Linux"
  vm_size                           = "Standard_D2ds_v4"
  location                          = "westeurope"
  image_publisher                   = "canonical"
  image_offer                       = "0001-com-ubuntu-server-jammy"
  image_sku                         = "22_04-lts-gen2"
  managed_image_name                = "web"
  managed_image_resource_group_name = "images"
  ssh_username                      = "packer"
  ssh_port                          = var.ssh_port
}
build {
  sources = ["source.azure-arm.image"]
  provisioner "shell" {
    inline = ["STEP"]
  }
}
"""
OWNER = """
import os, subprocess, sys
from pathlib import Path
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
sys.path.insert(0, sys.argv[3])
from test_sandbox_host_untouched import NEEDS, surroundings
sandbox = Sandbox(SandboxOptions(state=Path(sys.argv[1]), run_id="killed", steps="run"), environment=os.environ)
sandbox.start()
sandbox.seed(NEEDS, os_type="Linux")
command = [sys.argv[4], "build", "-color=false", sys.argv[2]]
packer = subprocess.Popen(command, env=surroundings(sandbox, Path(sys.argv[2])), start_new_session=True)
print("packer", packer.pid, flush=True)
packer.wait()
"""
"""A process that owns a sandbox with a build in it; the test ends it in the middle."""


@dataclass(frozen=True, slots=True)
class Host:
    """What a sandbox must not change."""

    mounts: frozenset[str]
    containers: frozenset[str]
    images: frozenset[str]
    folders: frozenset[str]


def look(engine: Engine, *folders: Path) -> Host:
    def lines(*arguments: str) -> frozenset[str]:
        shown = subprocess.run(engine.command(*arguments), capture_output=True, text=True, check=True, timeout=60)
        return frozenset(shown.stdout.splitlines())

    def ours(*listing: str) -> frozenset[str]:
        """Everything but what other sandboxes on this host have at the moment."""
        listing = (*listing, "-q", "--no-trunc", "--filter")
        labelled = lines(*listing, "label=imagesmith.sandbox")
        own = [lines(*listing, f"label=imagesmith.sandbox={run}") for run in ("first", "untouched", "killed")]
        return (lines(*listing[:-1]) - labelled).union(*own)

    mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return Host(
        mounts=frozenset(mounts),
        containers=ours("ps", "-a"),
        images=ours("images", "-a"),
        folders=frozenset(str(path) for folder in folders for path in folder.iterdir()),
    )


def surroundings(sandbox: Sandbox, folder: Path) -> dict[str, str]:
    world = sandbox.world
    variables = {f"PKR_VAR_{name}": world.variables[name] for name in ("ssh_port", "client_secret")}
    plugins = {name: os.environ[name] for name in ("PACKER_PLUGIN_PATH",) if name in os.environ}
    (folder / "tmp").mkdir(exist_ok=True)
    return {**world.environment, **variables, **plugins, "TMPDIR": str(folder / "tmp")}


@pytest.fixture(scope="module")
def packer() -> str:
    program = os.environ.get("IMAGESMITH_PACKER") or shutil.which("packer")
    assert program, "no packer: set IMAGESMITH_PACKER"
    return program


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """An engine that has the images which all sandboxes share: they are to stay."""
    state = tmp_path_factory.mktemp("first") / "state"
    with Sandbox(SandboxOptions(state=state, run_id="first", steps="run"), environment=os.environ) as sandbox:
        sandbox.seed(NEEDS, os_type="Linux")
    found = start_engine_probe(os.environ)
    assert isinstance(found, Engine), found
    return found


@pytest.fixture
def compare(engine: Engine, tmp_path: Path) -> Callable[[], None]:
    """Compares the host now with the host before the test; other sandboxes on the host get time to end."""
    folders = (tmp_path.parent, Path("/"), Path("/etc"), Path.home(), Path("/var/lib"))
    before = look(engine, *folders)

    def same() -> None:
        deadline = time.monotonic() + 30
        while (after := look(engine, *folders)) != before and time.monotonic() < deadline:
            time.sleep(0.5)
        assert after == before

    return same


def write(folder: Path, step: str) -> Path:
    folder.mkdir()
    (folder / "image.pkr.hcl").write_text(HCL.replace("STEP", step), encoding="utf-8")
    return folder


@pytest.mark.parametrize(("step", "code"), [("true", 0), ("exit 3", 1)], ids=["a build", "a failed build"])
def test_nothing_is_left_of(step: str, code: int, packer: str, tmp_path: Path, compare: Callable[[], None]) -> None:
    folder = write(tmp_path / "build", step)
    state = tmp_path / "state"
    with Sandbox(SandboxOptions(state=state, run_id="untouched", steps="run"), environment=os.environ) as sandbox:
        sandbox.seed(NEEDS, os_type="Linux")
        ran = subprocess.run(
            [packer, "build", str(folder)],
            env=surroundings(sandbox, folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == code, ran.stdout + ran.stderr
    assert not state.exists(), "a folder that the sandbox made goes with it"
    compare()


def test_nothing_is_left_of_a_sandbox_whose_process_was_killed(
    packer: str, tmp_path: Path, compare: Callable[[], None]
) -> None:
    folder = write(tmp_path / "build", "echo here; sleep 100")
    command = [sys.executable, "-c", OWNER, str(tmp_path / "state"), str(folder), str(Path(__file__).parent), packer]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        group = 0
        for line in owner.stdout:
            if line.startswith("packer "):
                group = int(line.split()[1])
            if "here" in line:
                break
        owner.send_signal(signal.SIGKILL)
    # Packer would find its Azure gone, and try again for minutes.
    os.killpg(group, signal.SIGKILL)

    removed = sweep(os.environ)
    assert any(name.startswith("imagesmith-killed-") for name in removed), removed
    compare()
