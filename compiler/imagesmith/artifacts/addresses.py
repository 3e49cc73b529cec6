"""A host's name to addresses that may be connected to: nothing of this machine, nothing of the cloud's inside.

A template is somebody else's text, and what it fetches ends up in an image. So a name (also one that a redirect gives)
must not lead to services that trust whoever can reach them: this machine's own, and the metadata services of clouds.
Private ranges (RFC 1918, fc00::/7) are allowed, since companies keep their artefacts there (architecture §4.3).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from typing import TypeAlias

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # Azure, AWS, Google, Oracle
        "168.63.129.16",  # Azure's WireServer (DNS, health, agent); a public address by its number
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
    )
)
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
"""Linux connects to itself for these (RFC 1122 §3.2.1.3)."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_V4_COMPATIBLE = ipaddress.ip_network("::/96")


def system_addresses(host: str, port: int) -> tuple[str, ...]:
    """All addresses of a host by the system's resolver, in its order; raises `socket.gaierror`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def literal(host: str) -> Address | None:
    """The address that a host's name is (also as `0x7f.1` or `2130706433`), None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def known_without_lookup(host: str) -> tuple[str, ...]:
    """The addresses that a name has wherever it is looked up: of literal ones, and of localhost (RFC 6761 §6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return ("127.0.0.1",)
    address = literal(host)
    return () if address is None else (str(address),)


def refused_because(text: str) -> str | None:
    """What an address is that may not be connected to (`loopback`, `link-local`, ...), None for one that may."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "not an address"
    return next(filter(None, map(_kind, _meant(address))), None)


def first_refused(addresses: Sequence[str]) -> tuple[str, str] | None:
    """The first address that may not be connected to, and what it is. One is enough to refuse a name: which address
    of several a later lookup gives is not ours to choose."""
    return next(((text, kind) for text in addresses if (kind := refused_because(text))), None)


def _meant(address: Address) -> tuple[Address, ...]:
    """The address, or the IPv4 ones that stand in it (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address.sixtofour:
        return (address.sixtofour,)
    if address.teredo:
        return address.teredo
    if address in _NAT64 or (address in _V4_COMPATIBLE and int(address) > 1):
        return (ipaddress.IPv4Address(int(address) & 0xFFFFFFFF),)
    return (address,)


def _kind(address: Address) -> str | None:
    kinds = {
        "a metadata service": address in _METADATA,
        "unspecified": address.is_unspecified or address in _THIS_NETWORK,
        "loopback": address.is_loopback,
        "link-local": address.is_link_local,
        "multicast": address.is_multicast,
        "reserved": address.is_reserved,
    }
    return next((kind for kind, applies in kinds.items() if applies), None)
