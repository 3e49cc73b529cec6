"""The table of ARM template functions, by lower-case name."""

from collections.abc import Mapping
from types import MappingProxyType

from imagesmith.arm.calls import Function
from imagesmith.arm.functions import (
    collections,
    dates,
    encoding,
    lambdas,
    logic,
    names,
    numbers,
    resources,
    strings,
)

_MODULES = (names, strings, collections, logic, numbers, dates, resources, encoding, lambdas)

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {row.name.lower(): row for module in _MODULES for row in module.ROWS}
)

__all__ = ["FUNCTIONS"]
