"""A build in the sandbox needs no network but loopback: it runs in a namespace that has nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Packer

INSIDE = """
import os, subprocess, sys
from pathlib import Path
from imagesmith.plan import Need, NeedKind
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox

folder, program = Path(sys.argv[1]), sys.argv[2]
images = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/images"
group = Need(kind=NeedKind.RESOURCE_GROUP, id=images, path=())
options = SandboxOptions(state=folder / "state", run_id="offline", steps="record")
with Sandbox(options, environment=os.environ) as sandbox:
    sandbox.seed([group], os_type="Linux")
    world = sandbox.world
    variables = {f"PKR_VAR_{name}": value for name, value in world.variables.items() if name != "winrm_port"}
    plugins = {name: os.environ[name] for name in ("PACKER_PLUGIN_PATH",) if name in os.environ}
    environment = {**world.environment, **variables, **plugins, "TMPDIR": str(folder)}
    ran = subprocess.run([program, "build", "-color=false", str(folder)], env=environment, stdin=subprocess.DEVNULL)
    from azure.mgmt.compute import ComputeManagementClient
    images = ComputeManagementClient(world.credential, world.subscription_id, **world.sdk_options).images.list()
    lines = Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()[2:]
    print("interfaces", [line.split(":")[0].strip() for line in lines])
    print("images", [image.name for image in images], "refused", sandbox.refused)
sys.exit(ran.returncode)
"""
OUTPUTS = 'managed_image_name = "web"\nmanaged_image_resource_group_name = "images"\n'


def test_a_build_runs_where_there_is_nothing_but_loopback(
    packer: Packer, write_build: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_build("build", outputs=OUTPUTS, steps=("true",))
    script = tmp_path / "inside.py"
    script.write_text(INSIDE, encoding="utf-8")
    # As root of a user namespace of its own, so that anybody may run the test.
    up = 'ip link set lo up && exec "$@"'
    command = ["unshare", "--user", "--map-root-user", "--net", "sh", "-c", up, "sh", sys.executable]
    ran = subprocess.run(
        [*command, str(script), str(folder), packer.program],
        env={**os.environ, **packer.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "interfaces ['lo']" in ran.stdout
    assert "images ['web'] refused ()" in ran.stdout
