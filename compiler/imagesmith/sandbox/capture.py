"""What stands behind a VM and behind an image, hidden from clients: a machine, and what was captured of one."""

from __future__ import annotations

from imagesmith.sandbox.answers import conflict, sandbox_failure
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.store import Resource

MACHINE = "machine"
"""Hidden part of a VM: the name of its machine."""
IMAGE = "image"
"""Hidden part of a generalized VM, a managed image and a gallery version: the image that a machine can start from."""
BASE = "base"
"""Hidden part of a seeded image, which nothing was captured for: the source whose base stands for it."""
GENERALIZED = "generalized"
"""Hidden part of a VM that was generalized."""

SEEDED = "canonical:seeded:image"
"""The source that stands for an image of which nothing is known."""


async def capture(cloud: Cloud, vm: Resource) -> str:
    """The image of a VM's disk, captured when first asked for. Raises `RefusedError`."""
    if IMAGE not in vm.hidden:
        if MACHINE not in vm.hidden:
            raise conflict("OperationNotAllowed", f"The VM '{vm.id.name}' has no machine in this sandbox any more.")
        try:
            vm.hidden[IMAGE] = await cloud.machines.capture(vm.hidden[MACHINE])
        except SandboxError as error:
            cloud.on_failure(error)
            raise sandbox_failure(error) from error
    return vm.hidden[IMAGE]
