"""Real builds in the sandbox: a real Packer, real machines, and images that carry what was done to them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.mgmt.compute import ComputeManagementClient

from imagesmith.sandbox.machine.engine import Engine, start_engine_probe
from imagesmith.sandbox.machine.sweep import sweep
from imagesmith.sandbox.session import Sandbox

if TYPE_CHECKING:
    from tests.e2e.conftest import Packer

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
IMAGES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/images"
GALLERY = f"""shared_image_gallery_destination {{
  subscription = "{SUBSCRIPTION}"
  resource_group = "images"
  gallery_name = "gal"
  image_name = "def"
  image_version = "1.0.0"
  replication_regions = ["westeurope"]
}}
"""
BOTH = f'managed_image_name = "web"\nmanaged_image_resource_group_name = "images"\n{GALLERY}'

BUILD = (
    "systemctl is-system-running",
    "echo 'made by the first build' | sudo tee /etc/made-here; sudo rm /etc/motd; sudo useradd -m app",
)
CHECK = (
    "grep 'made by the first build' /etc/made-here; test ! -e /etc/motd; id app; ls -A /tmp",
    "test -e /var/lib/waagent/imagesmith-user; test ! -e /var/lib/waagent/deprovisioned; ls /etc/ssh/ssh_host_*_key",
)


def client(sandbox: Sandbox) -> ComputeManagementClient:
    """The real SDK, in the sandbox's world."""
    world = sandbox.world
    assert world.credential is not None
    options: dict[str, Any] = dict(world.sdk_options)  # what clients take besides is untyped
    return ComputeManagementClient(world.credential, world.subscription_id, **options)


@pytest.mark.parametrize("published", ["managed image", "gallery version"])
def test_a_machine_from_the_published_image_has_what_the_build_did(
    packer: Packer, start_sandbox: Callable[..., Sandbox], write_build: Callable[..., Path], published: str
) -> None:
    sandbox = start_sandbox()
    first = packer.build(sandbox, write_build("build", outputs=BOTH, steps=BUILD))
    assert first.returncode == 0, first.stdout + first.stderr
    assert "running" in first.stdout

    if published == "managed image":
        source = 'custom_managed_image_name = "web"\ncustom_managed_image_resource_group_name = "images"\n'
    else:
        source = (
            f'shared_image_gallery {{\nsubscription = "{SUBSCRIPTION}"\nresource_group = "images"\n'
            'gallery_name = "gal"\nimage_name = "def"\nimage_version = "1.0.0"\n}\n'
        )
    outputs = 'managed_image_name = "never"\nmanaged_image_resource_group_name = "images"\n'
    if packer.is_new:
        outputs += "skip_create_image = true\n"
    second = packer.build(
        sandbox, write_build("validate", source=source, outputs=outputs, steps=CHECK, generalize=False)
    )
    assert second.returncode == 0, second.stdout + second.stderr
    assert "made by the first build" in second.stdout
    assert sandbox.unknown == ()
    assert sandbox.refused == ()
    assert sandbox.failures == []


def test_the_build_leaves_nothing_but_its_results(
    packer: Packer, start_sandbox: Callable[..., Sandbox], write_build: Callable[..., Path]
) -> None:
    sandbox = start_sandbox()
    ran = packer.build(sandbox, write_build("build", outputs=BOTH, steps=("true",)))
    assert ran.returncode == 0, ran.stdout + ran.stderr

    compute = client(sandbox)
    images = [image.id for image in compute.images.list()]
    assert images == [f"{IMAGES}/providers/Microsoft.Compute/images/web"]
    versions = list(compute.gallery_image_versions.list_by_gallery_image("images", "gal", "def"))
    assert [version.name for version in versions] == ["1.0.0"]
    assert list(compute.virtual_machines.list_all()) == []
    assert list(compute.disks.list()) == []


def test_a_failing_step_ends_the_build_and_cleans_up(
    packer: Packer, start_sandbox: Callable[..., Sandbox], write_build: Callable[..., Path]
) -> None:
    sandbox = start_sandbox()
    ran = packer.build(sandbox, write_build("build", outputs=BOTH, steps=("echo before; exit 7",)))
    assert ran.returncode == 1
    assert "before" in ran.stdout
    assert "exit status: 7" in ran.stdout
    compute = client(sandbox)
    assert list(compute.images.list()) == []
    assert list(compute.virtual_machines.list_all()) == []


def test_kept_images_go_with_their_state_folder(
    packer: Packer, start_sandbox: Callable[..., Sandbox], write_build: Callable[..., Path]
) -> None:
    first = start_sandbox(keep=True, run_id="orphan")
    ran = packer.build(first, write_build("build", outputs=BOTH, steps=("true",)))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    folder = first.options.state
    first.stop()
    assert kept_images("orphan") != []
    assert kept_images("orphan") == kept_images("orphan", after=sweep)

    shutil.rmtree(folder)
    assert kept_images("orphan", after=sweep) == []


def kept_images(run_id: str, *, after: Callable[..., object] | None = None) -> list[str]:
    """Images of a sandbox that the container engine has."""
    if after is not None:
        after(os.environ)
    engine = start_engine_probe(os.environ)
    assert isinstance(engine, Engine), engine
    command = engine.command("images", "-q", "--filter", f"label=imagesmith.sandbox={run_id}")
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return shown.stdout.split()


def test_kept_state_serves_the_next_sandbox(
    packer: Packer, start_sandbox: Callable[..., Sandbox], write_build: Callable[..., Path]
) -> None:
    first = start_sandbox(keep=True, run_id="kept-1")
    ran = packer.build(first, write_build("build", outputs=BOTH, steps=BUILD))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    first.stop()

    second = start_sandbox(keep=True, run_id="kept-2")
    source = 'custom_managed_image_name = "web"\ncustom_managed_image_resource_group_name = "images"\n'
    outputs = 'managed_image_name = "other"\nmanaged_image_resource_group_name = "images"\n'
    ran = packer.build(second, write_build("again", source=source, outputs=outputs, steps=CHECK))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    compute = client(second)
    for name in ("web", "other"):
        compute.images.begin_delete("images", name).result()
    compute.gallery_image_versions.begin_delete("images", "gal", "def", "1.0.0").result()
    assert list(compute.images.list()) == []
