"""CIDR functions (ARM documentation, 'CIDR functions for ARM templates')."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from imagesmith.arm.calls import Invocation
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.source import wrap

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

_Network: TypeAlias = "IPv4Network | IPv6Network"


def _network(call: Invocation) -> _Network:
    """The first argument as a range; bits behind the prefix are cut off, as in the service's answers."""
    from ipaddress import ip_network  # few templates need addresses

    text = call.text(0)
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise call.fault(f"{text!r} is no address range such as 10.0.0.0/16") from None


def _parse(call: Invocation) -> Result:
    network = _network(call)
    first, last = _hosts(network)
    parts: dict[str, object] = {"network": str(network.network_address), "netmask": str(network.netmask)}
    if network.version == 4:
        parts["broadcast"] = str(network.broadcast_address)
    parts |= {"firstUsable": str(network[first]), "lastUsable": str(network[last]), "cidr": network.prefixlen}
    return wrap(parts, call.origin)


def _hosts(network: _Network) -> tuple[int, int]:
    """Places of the first and last address that a host can have: of IPv4 all but the network's and the broadcast."""
    if network.version == 4 and network.prefixlen < 31:
        return 1, network.num_addresses - 2
    return 0, network.num_addresses - 1


def _subnet(call: Invocation) -> str:
    network, prefix, index = _network(call), call.integer(1), call.integer(2)
    if not network.prefixlen <= prefix <= network.max_prefixlen:
        message = f"a subnet of {network} has a prefix within {network.prefixlen} to {network.max_prefixlen}"
        raise call.fault(message)
    count = 1 << (prefix - network.prefixlen)
    if not 0 <= index < count:
        raise call.fault(f"{network} has the /{prefix} subnets 0 to {count - 1}, but not {index}")
    start = int(network.network_address) + index * (1 << (network.max_prefixlen - prefix))
    return str(type(network)((start, prefix)))


def _host(call: Invocation) -> str:
    """The documentation counts from the address behind the network's own, for IPv6 as well."""
    network, index = _network(call), call.integer(1)
    last = _hosts(network)[1]
    place = index + (1 if network.num_addresses > 2 else 0)
    if index < 0 or place > last:
        raise call.fault(f"{network} has no host {index}")
    return str(network[place])


_row = partial(Function, page=Page.CIDR)

ROWS = (
    _row(name="parseCidr", least=1, most=1, apply=_parse, note="The parts of an address range."),
    _row(name="cidrSubnet", least=3, most=3, apply=_subnet, note="A subnet of a range by prefix and number, from 0."),
    _row(name="cidrHost", least=2, most=2, apply=_host, note="The address of a host by number, from 0."),
)
