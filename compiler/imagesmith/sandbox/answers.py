"""A call as the sandbox's Azure sees it, and the answers and refusals that go back, in Azure's shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
"""JSON data of any shape."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One HTTP request. `params` are the parts that the route's pattern names; `path` has its case as it came."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    form: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """`api-version` of the query, empty if there is none."""
        return self.query.get("api-version", "")

    @property
    def url(self) -> str:
        """The address without its query."""
        return f"https://{self.host}{self.path}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One HTTP response; a body of None is an empty one."""

    status: int = 200
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


_PAGE = 50
"""Members of a list in one answer; Azure gives the rest under `nextLink` (ARM RPC, "Collection GET")."""


def paged(call: Call, members: Sequence[Json]) -> Answer:
    """A part of a list, with the address of the next one as long as there is one."""
    token = call.query.get("$skiptoken", "0")
    first = int(token) if token.isdecimal() else 0
    end = first + _PAGE
    rest = {"nextLink": f"{call.url}?api-version={call.api_version}&$skiptoken={end}"} if end < len(members) else {}
    return Answer(body={"value": list(members[first:end]), **rest})


class RefusedError(Exception):
    """A request that Azure would refuse: status, code and message as Azure words them, and what is behind it."""

    def __init__(self, status: int, code: str, message: str, *, details: tuple[RefusedError, ...] = ()) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    @property
    def error(self) -> dict[str, Json]:
        """What stands under `error` in a body."""
        error: dict[str, Json] = {"code": self.code, "message": self.message}
        return {**error, "details": [cause.error for cause in self.details]} if self.details else error

    def answer(self) -> Answer:
        """The error in the shape of Azure Resource Manager."""
        return Answer(status=self.status, body={"error": self.error})


def sandbox_failure(error: Exception) -> RefusedError:
    """A failure of the sandbox's own. Not a 5xx: clients would ask again and again for minutes (lowering.md §2.2)."""
    return RefusedError(409, "SandboxFailure", str(error))


def not_found(resource_type: str, name: str, group: str) -> RefusedError:
    """Azure's words for a resource that is not there."""
    return RefusedError(
        404,
        "ResourceNotFound",
        f"The Resource '{resource_type}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def group_not_found(group: str) -> RefusedError:
    """Azure's words for a resource group that is not there."""
    return RefusedError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def conflict(code: str, message: str) -> RefusedError:
    """A request that the state of a resource does not allow."""
    return RefusedError(409, code, message)


def invalid(code: str, message: str) -> RefusedError:
    """A request whose content is wrong."""
    return RefusedError(400, code, message)
