"""The build machine: its size, disks and network (aib-templates.md §1.9)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import ImageTemplate, VnetConfig
from imagesmith.model.ids import IdError, parse_id, same_id
from imagesmith.rules.context import Check, RuleContext

_VNET = "/subscriptions/<subscription>/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub/subnets"

PROXY_WITH_CONTAINER_SUBNET = Rule(
    code="IMG385",
    severity=Severity.ERROR,
    title="'proxyVmSize' cannot stand beside 'containerInstanceSubnetId'",
    cause="With a subnet for containers there is no proxy machine; the API wants the size to be absent.",
    fix="take 'proxyVmSize' away",
    example='{"vnetConfig": {"subnetId": "<id>", "containerInstanceSubnetId": "<id>",'
    ' "proxyVmSize": "Standard_A1_v2"}}',
    corrected='{"vnetConfig": {"subnetId": "<id>", "containerInstanceSubnetId": "<id>"}}',
    source="aib-templates.md §1.9",
)
CONTAINER_SUBNET = Rule(
    code="IMG386",
    severity=Severity.ERROR,
    title="'containerInstanceSubnetId' does not fit to 'subnetId'",
    cause="The containers' subnet is given only together with the machine's, is another one, and lies in the same"
    " network.",
    fix="name two different subnets of one virtual network",
    example=f'{{"vnetConfig": {{"subnetId": "{_VNET}/build", "containerInstanceSubnetId": "{_VNET}/build"}}}}',
    corrected=f'{{"vnetConfig": {{"subnetId": "{_VNET}/build", "containerInstanceSubnetId": "{_VNET}/containers"}}}}',
    source="aib-templates.md §1.9",
)
OLD_NETWORK = Rule(
    code="IMG387",
    severity=Severity.ERROR,
    title="the network is not named completely",
    cause="The form of 2019-05-01-preview needs 'name', 'subnetName' and 'resourceGroupName' together; Packer takes"
    " another subnet, or none, where one of them is missing. 'subnetId' replaces all three.",
    fix=f'write "subnetId": "{_VNET}/<subnet>" in place of them',
    example='{"vnetConfig": {"name": "hub", "subnetName": "build"}}',
    corrected='{"vnetConfig": {"name": "hub", "subnetName": "build", "resourceGroupName": "net"}}',
    source="aib-templates.md §1.9, lowering.md §3 rows 12-14",
)
DISK_SIZE = Rule(
    code="IMG388",
    severity=Severity.ERROR,
    title="the disk cannot have this size",
    cause="An operating system's disk in Azure has up to 4095 GB, a data disk 1 to 65536 GB.",
    fix="write a size in GB; for the operating system's disk, 0 keeps the source's",
    example='{"vmProfile": {"osDiskSizeGB": 8192}}',
    corrected='{"vmProfile": {"osDiskSizeGB": 128}}',
    source="Azure, managed disks; aib-templates.md §1.9",
)
VM_SIZE = Rule(
    code="IMG389",
    severity=Severity.ERROR,
    title="the text cannot be the size of a machine",
    cause="A size is written as Azure writes it: 'Standard_D2s_v3'.",
    fix="'az vm list-sizes --location <region> --query [].name' lists the sizes",
    example='{"vmProfile": {"vmSize": "Standard D2s v3"}}',
    corrected='{"vmProfile": {"vmSize": "Standard_D2s_v3"}}',
    source="aib-templates.md §1.9",
)

_GLUED_VERSION = re.compile(r"(?P<size>\w+?_[A-Z]+[0-9]+[a-z]*)(?P<version>[vV][0-9])")


def check_network(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """What of the network goes together."""
    network = template.vm_profile.vnet_config
    if network is None:
        return
    if network.container_instance_subnet_id:
        yield from _containers(network, network.container_instance_subnet_id)
    names = {"name": network.name, "subnetName": network.subnet_name, "resourceGroupName": network.resource_group_name}
    missing = [key for key, text in names.items() if not text]
    if network.subnet_id and len(missing) < len(names):
        hint = "keep 'subnetId' alone"
        yield OLD_NETWORK.at(network.path, "the network is named twice: by 'subnetId' and by name", hint=hint)
    elif not network.subnet_id and 0 < len(missing) < len(names):
        message = f"the network is named without {' and '.join(repr(key) for key in missing)}"
        yield OLD_NETWORK.at(network.path, message)


def _containers(network: VnetConfig, containers: str) -> Iterator[Diagnostic]:
    path = (*network.path, "containerInstanceSubnetId")
    if network.proxy_vm_size:
        yield PROXY_WITH_CONTAINER_SUBNET.at((*network.path, "proxyVmSize"))
    if not network.subnet_id:
        yield CONTAINER_SUBNET.at(path, "'containerInstanceSubnetId' is given without 'subnetId'")
    elif same_id(network.subnet_id, containers):
        yield CONTAINER_SUBNET.at(path, "the containers' subnet is the machine's own")
    elif _in_two_networks(network.subnet_id, containers):
        yield CONTAINER_SUBNET.at(path, "the containers' subnet lies in another virtual network than the machine's")


def _in_two_networks(one: str, other: str) -> bool:
    """Whether two subnets lie in different networks; a malformed id, which is said elsewhere, says nothing."""
    try:
        return not same_id(str(parse_id(one).parent()), str(parse_id(other).parent()))
    except IdError:
        return False


def check_disks(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Sizes of the operating system's disk and of data disks."""
    size = template.vm_profile.os_disk_size_gb
    if size > 4095:
        message = f"the operating system's disk cannot have {size} GB: 1 to 4095, or 0 for the source's size"
        yield DISK_SIZE.at((*template.vm_profile.path, "osDiskSizeGB"), message)
    for index, gigabytes in enumerate(template.additional_data_disks):
        if not 1 <= gigabytes <= 65536:
            path = ("properties", "additionalDataDisks", index, "sizeGB")
            yield DISK_SIZE.at(path, f"a data disk cannot have {gigabytes} GB: 1 to 65536", hint="write its size in GB")


def check_sizes(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """The form of the machine's size and of the proxy's."""
    profile = template.vm_profile
    if profile.vm_size:
        yield from _size(profile.vm_size, (*profile.path, "vmSize"))
    if profile.vnet_config and profile.vnet_config.proxy_vm_size:
        yield from _size(profile.vnet_config.proxy_vm_size, (*profile.vnet_config.path, "proxyVmSize"))


def _size(text: str, path: Path) -> Iterator[Diagnostic]:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        possible = re.sub(r"[^A-Za-z0-9-]+", "_", text.strip())
        hint = f"is it '{possible}'?" if re.fullmatch(r"[A-Za-z0-9 _-]+", text) else ""
        yield VM_SIZE.at(path, f"'{text}' cannot be the size of a machine", hint=hint)
    elif not re.match(r"(Standard|Basic)_", text, re.IGNORECASE):
        message = f"the sizes of machines start with 'Standard_' or 'Basic_'; '{text}' does not"
        meant = text.replace("-", "_") if re.match(r"(Standard|Basic)-", text, re.IGNORECASE) else f"Standard_{text}"
        yield VM_SIZE.at(path, message, hint=f"is it '{meant}'?", severity=Severity.WARNING)
    elif match := _GLUED_VERSION.fullmatch(text):
        message = f"the version of a machine's series stands behind '_v'; '{text}' has it elsewhere"
        meant = f"{match['size']}_{match['version'].lower()}"
        yield VM_SIZE.at(path, message, hint=f"is it '{meant}'?", severity=Severity.WARNING)


CHECKS: tuple[Check, ...] = (check_network, check_disks, check_sizes)
