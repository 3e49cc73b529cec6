"""Which container image stands for which marketplace image: a table that users extend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from imagesmith.sandbox.errors import NO_BASE, failure


class Family(StrEnum):
    """How packages get into a base."""

    APT = "apt"
    DNF = "dnf"
    ZYPPER = "zypper"
    TDNF = "tdnf"
    GIVEN = "given"
    """The user's own image: whatever package manager it has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """A container image in a registry and its family."""

    image: str
    family: Family


def _base(image: str, family: Family) -> Base:
    return Base(image=image, family=family)


TABLE: tuple[tuple[str, Base], ...] = (
    ("canonical:*:16*04*", _base("docker.io/library/ubuntu:16.04", Family.APT)),
    ("canonical:*:18*04*", _base("docker.io/library/ubuntu:18.04", Family.APT)),
    ("canonical:*focal*:*", _base("docker.io/library/ubuntu:20.04", Family.APT)),
    ("canonical:*jammy*:*", _base("docker.io/library/ubuntu:22.04", Family.APT)),
    ("canonical:ubuntu-24*:*", _base("docker.io/library/ubuntu:24.04", Family.APT)),
    ("canonical:*noble*:*", _base("docker.io/library/ubuntu:24.04", Family.APT)),
    ("canonical:ubuntu-26*:*", _base("docker.io/library/ubuntu:26.04", Family.APT)),
    ("canonical:*:*", _base("docker.io/library/ubuntu:22.04", Family.APT)),
    ("debian:debian-11*:*", _base("docker.io/library/debian:11", Family.APT)),
    ("debian:debian-13*:*", _base("docker.io/library/debian:13", Family.APT)),
    ("debian:*:*", _base("docker.io/library/debian:12", Family.APT)),
    ("redhat:*:7*", _base("registry.access.redhat.com/ubi7/ubi:latest", Family.DNF)),
    ("redhat:*:8*", _base("registry.access.redhat.com/ubi8/ubi:latest", Family.DNF)),
    ("redhat:*:10*", _base("registry.access.redhat.com/ubi10/ubi:latest", Family.DNF)),
    ("redhat:*:*", _base("registry.access.redhat.com/ubi9/ubi:latest", Family.DNF)),
    ("almalinux:*:8*", _base("docker.io/library/almalinux:8", Family.DNF)),
    ("almalinux:*:*", _base("docker.io/library/almalinux:9", Family.DNF)),
    ("resf:*:8*", _base("docker.io/library/rockylinux:8", Family.DNF)),
    ("resf:*:*", _base("docker.io/library/rockylinux:9", Family.DNF)),
    ("oracle:oracle-linux:*", _base("docker.io/library/oraclelinux:9", Family.DNF)),
    ("suse:*:*", _base("registry.suse.com/bci/bci-base:latest", Family.ZYPPER)),
    ("microsoftcblmariner:*:*", _base("mcr.microsoft.com/azurelinux/base/core:3.0", Family.TDNF)),
    ("microsoft-azure-linux:*:*", _base("mcr.microsoft.com/azurelinux/base/core:3.0", Family.TDNF)),
)
"""Globs over ``publisher:offer:sku``, in lower case, the first that fits wins."""


def base_for(source: str, extra: Mapping[str, str]) -> Base:
    """The base for a ``publisher:offer:sku``; rows of `extra` go first. Raises `SandboxError` (IMG901)."""
    wanted = source.lower()
    for pattern, image in extra.items():
        if fnmatchcase(wanted, pattern.lower()):
            return Base(image=image, family=Family.GIVEN)
    for pattern, base in TABLE:
        if fnmatchcase(wanted, pattern):
            return base
    raise failure(
        NO_BASE,
        f"no base image stands for the source image {source}",
        hint=f"name one that the container engine can start: --sandbox-base '{source}=docker.io/library/debian:12'",
    )
