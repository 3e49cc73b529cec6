"""Networks, addresses and interfaces: nothing is behind them, every address is the loopback one."""

from __future__ import annotations

from imagesmith.sandbox.cloud import Cloud
from imagesmith.sandbox.store import Resource

ADDRESS = "127.0.0.1"
"""Where every VM answers; the port is the sandbox's own (packer.md §9.1)."""


async def prepare_address(cloud: Cloud, address: Resource, replaced: bool) -> None:  # noqa: ARG001  (a kind's shape)
    """A public IP has its address at once."""
    address.properties["ipAddress"] = ADDRESS
    name = str((address.properties.get("dnsSettings") or {}).get("domainNameLabel") or "")
    if name:
        address.properties["dnsSettings"]["fqdn"] = f"{name}.{address.location}.cloudapp.azure.com"


async def prepare_interface(cloud: Cloud, interface: Resource, replaced: bool) -> None:  # noqa: ARG001
    """A network interface has the same private address."""
    for entry in interface.properties.get("ipConfigurations") or []:
        entry["id"] = f"{interface.id}/ipConfigurations/{entry['name']}"
        entry.setdefault("properties", {})["privateIPAddress"] = ADDRESS


async def prepare_network(cloud: Cloud, network: Resource, replaced: bool) -> None:  # noqa: ARG001
    """Subnets in a network's body are resources of their own."""
    subnets = []
    for entry in network.properties.get("subnets") or []:
        subnet = cloud.store.put(
            network.id.child("subnets", entry["name"]), {"properties": entry.get("properties") or {}}
        )
        subnet.properties["provisioningState"] = "Succeeded"
        subnets.append(subnet.body)
    network.properties["subnets"] = subnets


async def prepare_subnet(cloud: Cloud, subnet: Resource, replaced: bool) -> None:  # noqa: ARG001
    """A subnet made alone shows up in its network."""
    network = cloud.store.get(subnet.id.parent)
    if network is not None:
        others = [entry for entry in network.properties.get("subnets") or [] if entry["id"] != subnet.body["id"]]
        network.properties["subnets"] = [*others, subnet.body]
