"""A row of the table of template functions: how a function is called, what computes it, and where it is documented."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from imagesmith.arm.calls import Invocation
    from imagesmith.source import Data, Value

Result: TypeAlias = "Value | Data"

_DOCUMENTATION = "https://learn.microsoft.com/azure/azure-resource-manager/"


class Page(StrEnum):
    """A page of Azure Resource Manager's documentation. What only Bicep's pages name is called by compiled files."""

    ARRAY = "templates/template-functions-array"
    BICEP_ARRAY = "bicep/bicep-functions-array"
    BICEP_FLOW = "bicep/bicep-functions"
    BICEP_LAMBDA = "bicep/bicep-functions-lambda"
    BICEP_OBJECT = "bicep/bicep-functions-object"
    BICEP_PARAMETERS = "bicep/bicep-functions-parameters-file"
    BICEP_RESOURCE = "bicep/bicep-functions-resource"
    BICEP_STRING = "bicep/bicep-functions-string"
    CIDR = "templates/template-functions-cidr"
    COMPARISON = "templates/template-functions-comparison"
    DATE = "templates/template-functions-date"
    DEPLOYMENT = "templates/template-functions-deployment"
    LAMBDA = "templates/template-functions-lambda"
    LOGICAL = "templates/template-functions-logical"
    NUMERIC = "templates/template-functions-numeric"
    OBJECT = "templates/template-functions-object"
    RESOURCE = "templates/template-functions-resource"
    SCOPE = "templates/template-functions-scope"
    STRING = "templates/template-functions-string"


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A row of the table of template functions.

    `apply` returns a `Value` where one of the arguments, or a part of it, passes through, and bare data where it makes
    something new. A lazy function evaluates its arguments itself. `most` None: any number. `anchor` is the heading on
    the page where it is not the function's own name. `default_only`: ARM takes the function in the default of a
    parameter only. `runtime`: never known here, only what --resolve gives.
    """

    name: str
    least: int
    most: int | None
    apply: Callable[[Invocation], Result]
    page: Page
    note: str
    lazy: bool = False
    anchor: str = ""
    default_only: bool = False
    runtime: bool = False

    @property
    def link(self) -> str:
        """The address of the function's documentation."""
        return f"{_DOCUMENTATION}{self.page}#{self.anchor or self.name.lower()}"

    @property
    def arity(self) -> str:
        """How many arguments the function takes, in words: ``2``, ``2 to 3``, ``at least 1``."""
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
