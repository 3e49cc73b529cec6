"""The table of ARM template functions, by lower-case name."""

from collections.abc import Mapping
from types import MappingProxyType

from imagesmith.arm.functions import (
    cidr,
    collections,
    dates,
    encoding,
    lambdas,
    logic,
    names,
    numbers,
    resources,
    runtime,
    scopes,
    strings,
    uris,
)
from imagesmith.arm.rows import Function

_MODULES = (
    names,
    strings,
    encoding,
    uris,
    collections,
    lambdas,
    logic,
    numbers,
    dates,
    cidr,
    scopes,
    resources,
    runtime,
)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {row.name.lower(): row for module in _MODULES for row in module.ROWS}
)

__all__ = ["FUNCTIONS"]
