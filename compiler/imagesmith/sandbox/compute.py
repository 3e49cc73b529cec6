"""Virtual machines, managed images and disks: a VM starts a machine, an image is what was captured of one."""

from __future__ import annotations

import uuid

from imagesmith.sandbox.answers import Answer, Call, Json, RefusedError, conflict, invalid, not_found, sandbox_failure
from imagesmith.sandbox.capture import BASE, GENERALIZED, IMAGE, MACHINE, SEEDED, capture
from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.errors import LISTENER_ASSUMED, SandboxError, failure
from imagesmith.sandbox.galleries import newest_version
from imagesmith.sandbox.os_profile import is_windows, specification
from imagesmith.sandbox.store import Resource, ResourceId, parse_id
from imagesmith.sandbox.windows.images import BLANK
from imagesmith.sandbox.windows.images import is_windows as is_windows_image

_DISK_BYTES = 30 * 1024**3
VIRTUAL_MACHINES = "Microsoft.Compute/virtualMachines"


async def prepare_machine(cloud: Cloud, vm: Resource, replaced: bool) -> None:
    """Complete a new VM and start its machine; the port leads to it from now on."""
    vm.properties.setdefault("vmId", str(uuid.uuid4()))
    if replaced:
        return
    profile = vm.properties.setdefault("storageProfile", {})
    _attach_disks(cloud, vm, profile)
    system = vm.properties.get("osProfile") or {}
    try:
        image = await _image_of(cloud, profile.get("imageReference") or {}, windows=is_windows(system))
        name = f"vm{len(cloud.store.of_type(VIRTUAL_MACHINES, subscription=vm.id.subscription))}-{uuid.uuid4().hex[:6]}"
        await cloud.machines.start(specification(cloud, system, name=name, image=image))
    except SandboxError as error:
        cloud.on_failure(error)
        raise sandbox_failure(error) from error
    vm.hidden[MACHINE] = name
    system.pop("adminPassword", None)  # Azure never shows it again
    vm.properties["instanceView"] = _instance_view("running")
    cloud.newest_machine = name
    if vm.properties.pop("userData", None):
        open_machine(cloud, vm, by="its user data")


async def _image_of(cloud: Cloud, reference: dict[str, Json], *, windows: bool) -> str:
    """The image that a VM's `imageReference` means. Raises `RefusedError` where Azure has none."""
    if reference.get("id"):
        return await _captured_image(cloud, str(reference["id"]), windows=windows)
    shared = reference.get("sharedGalleryImageId") or reference.get("communityGalleryImageId")
    if shared:
        # Galleries of others: nothing is known of them but their names, which rows of the base table may fit.
        parts = str(shared).strip("/").split("/")
        return await _base(cloud, ":".join((parts[0], parts[1], parts[3] if len(parts) > 3 else "")), windows=windows)
    names = [str(reference.get(part) or "") for part in ("publisher", "offer", "sku")]
    if not all(names):
        raise invalid("InvalidParameter", "Required parameter 'imageReference' is missing (null).")
    return await _base(cloud, ":".join(names), windows=windows)


async def _captured_image(cloud: Cloud, text: str, *, windows: bool) -> str:
    wanted = parse_id(text)
    found = cloud.store.get(text)
    if wanted is not None and wanted.type.lower() == "microsoft.compute/galleries/images" and found is not None:
        found = newest_version(cloud, found.id)
    if found is None:
        raise not_found(
            wanted.type if wanted else "images", wanted.name if wanted else text, wanted.group if wanted else ""
        )
    if IMAGE not in found.hidden:
        return await _base(cloud, found.hidden.get(BASE, SEEDED), windows=windows)
    image = found.hidden[IMAGE]
    if is_windows_image(image) != windows:
        system = "Windows" if windows else "Linux"
        raise conflict("OperationNotAllowed", f"The image '{text}' is not one of {system}, as the VM's osProfile says.")
    return image


async def _base(cloud: Cloud, source: str, *, windows: bool) -> str:
    """What stands for an image that was not captured here: a base, or for Windows an empty disk."""
    return f"{BLANK}{source}" if windows else await cloud.machines.prepare(source)


def _attach_disks(cloud: Cloud, vm: Resource, profile: dict[str, Json]) -> None:
    """Make the managed disks of a VM, named as asked for, and write their ids into its profile."""
    os_disk = profile.setdefault("osDisk", {})
    if "vhd" not in os_disk:
        os_disk.setdefault("name", f"{vm.id.name}_OsDisk_1_{uuid.uuid4().hex}")
        os_disk.setdefault("osType", "Windows" if is_windows(vm.properties.get("osProfile") or {}) else "Linux")
        _attach(cloud, vm, os_disk, extra={"osType": os_disk["osType"]})
    for number, disk in enumerate(profile.get("dataDisks") or [], start=1):
        disk.setdefault("name", f"{vm.id.name}_disk{number + 1}_{uuid.uuid4().hex}")
        _attach(cloud, vm, disk, extra={})


def _attach(cloud: Cloud, vm: Resource, disk: dict[str, Json], *, extra: dict[str, Json]) -> None:
    disk_id = ResourceId(
        subscription=vm.id.subscription,
        group=vm.id.group,
        provider="Microsoft.Compute",
        types=("disks",),
        names=(disk["name"],),
    )
    managed = disk.setdefault("managedDisk", {})
    managed["id"] = str(disk_id)
    body = {
        "location": vm.body.get("location"),
        "tags": vm.body.get("tags") or {},
        "managedBy": str(vm.id),
        "sku": {"name": managed.get("storageAccountType") or "Standard_LRS"},
        "properties": {
            **extra,
            "diskSizeGB": disk.get("diskSizeGB") or 30,
            "diskSizeBytes": _DISK_BYTES,
            "diskState": "Attached",
            "creationData": {"createOption": disk.get("createOption", "FromImage")},
            "provisioningState": "Succeeded",
        },
    }
    cloud.store.put(disk_id, body)


async def prepare_extension(cloud: Cloud, extension: Resource, replaced: bool) -> None:  # noqa: ARG001  (a kind's shape)
    """An extension of a VM; one that runs a script is taken to let clients in, where nothing else does."""
    vm = cloud.store.get(extension.id.parent)
    if vm is not None and "CustomScript" in str(extension.properties.get("type")):
        open_machine(cloud, vm, by="a custom script")


def open_machine(cloud: Cloud, vm: Resource, *, by: str) -> None:
    """Let a Windows VM without a listener be reached: nobody can tell what a script in it does (winrm.md §1.4)."""
    if cloud.machines.open(vm.hidden.get(MACHINE, "")):
        cloud.on_failure(failure(LISTENER_ASSUMED, f"{vm.id.name} was to open WinRM by {by}, and has been taken to"))


async def dispose_machine(cloud: Cloud, vm: Resource) -> None:
    """End a VM's machine. Its disks stay, as on Azure, unless they are to go with it."""
    if MACHINE in vm.hidden:
        await cloud.machines.remove(vm.hidden[MACHINE])
    profile = vm.properties.get("storageProfile") or {}
    for disk in (profile.get("osDisk") or {}, *(profile.get("dataDisks") or [])):
        found = cloud.store.get((disk.get("managedDisk") or {}).get("id") or "")
        if found is None:
            continue
        found.body.pop("managedBy", None)
        found.properties["diskState"] = "Unattached"
        if disk.get("deleteOption") == "Delete":
            cloud.store.delete(found.id)


async def deallocate(cloud: Cloud, call: Call) -> Answer:
    """`POST …/deallocate` and `…/powerOff`: the machine ends, its disk stays."""
    vm = _machine(cloud, call)

    async def work() -> None:
        await cloud.machines.deallocate(vm.hidden.get(MACHINE, ""))
        vm.properties["instanceView"] = _instance_view("deallocated")

    number = cloud.operations.start(work())
    return Answer(status=202, headers=cloud.operations.headers(call, number))


async def generalize(cloud: Cloud, call: Call) -> Answer:
    """`POST …/generalize`: from now on the VM is only good for images, so its disk is captured here."""
    vm = _machine(cloud, call)
    await capture(cloud, vm)
    vm.properties["instanceView"] = _instance_view("generalized")
    vm.hidden[GENERALIZED] = "yes"
    return Answer(status=200)


async def show_instance_view(cloud: Cloud, call: Call) -> Answer:
    """`GET …/instanceView`: whether the VM runs."""
    return Answer(body=_machine(cloud, call).properties.get("instanceView") or _instance_view("unknown"))


async def prepare_image(cloud: Cloud, image: Resource, replaced: bool) -> None:
    """Complete a managed image; the VM that it is made from must be generalized and in the same region."""
    if replaced and IMAGE in image.hidden:
        return
    source = str((image.properties.get("sourceVirtualMachine") or {}).get("id") or "")
    profile = image.properties.setdefault("storageProfile", {})
    if not source:
        if not profile.get("osDisk"):
            raise invalid(
                "InvalidParameter", "Required parameter 'sourceVirtualMachine' or 'osDisk' is missing (null)."
            )
        image.hidden.setdefault(BASE, SEEDED)
        return
    vm = cloud.store.get(source)
    if vm is None:
        raise RefusedError(404, "NotFound", f"The virtual machine '{source}' was not found.")
    if GENERALIZED not in vm.hidden:
        name = vm.id.name
        raise conflict(
            "OperationNotAllowed",
            f"The operation 'Create Image' requires the Virtual Machine '{name}' to be Generalized.",
        )
    if vm.location != image.location:
        raise invalid("InvalidParameter", f"The image's location must be that of its source, '{vm.location}'.")
    image.hidden[IMAGE] = await capture(cloud, vm)
    os_disk = vm.properties["storageProfile"]["osDisk"]
    profile["osDisk"] = {
        "osType": os_disk.get("osType", "Linux"),
        "osState": "Generalized",
        "managedDisk": {"id": (os_disk.get("managedDisk") or {}).get("id")},
        "caching": os_disk.get("caching", "ReadWrite"),
        "storageAccountType": "Standard_LRS",
    }
    image.properties.setdefault("hyperVGeneration", "V2")


def _machine(cloud: Cloud, call: Call) -> Resource:
    wanted = parse_id(call.path.rpartition("/")[0])
    found = cloud.store.get(wanted) if wanted else None
    if wanted is None or found is None:
        raise not_found(VIRTUAL_MACHINES, call.params["name1"], call.params["group"])
    return found


def _instance_view(state: str) -> dict[str, Json]:
    return {"statuses": [{"code": f"PowerState/{state}", "level": "Info", "displayStatus": f"VM {state}"}]}
