"""The table of routes: host, methods and path to what answers them. Hosts and paths are compared without case."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from imagesmith.sandbox import compute, deployments, groups, login, marketplace, resources, vault_data
from imagesmith.sandbox.answers import Answer, Call
from imagesmith.sandbox.cloud import Cloud, Handle
from imagesmith.sandbox.kinds import ROWS

LOGIN = "login.*"
ARM = "management.azure.com"
VAULT = "*.vault.azure.net"

SUBSCRIPTION = "/subscriptions/{subscription}"
GROUP = SUBSCRIPTION + "/resourceGroups/{group}"
DEPLOYMENT = GROUP + "/providers/Microsoft.Resources/deployments/{deployment}"
MACHINE = GROUP + "/providers/Microsoft.Compute/virtualMachines/{name1}"
OPERATION = SUBSCRIPTION + "/providers/Imagesmith.Sandbox"
SKU = (
    SUBSCRIPTION + "/providers/Microsoft.Compute/locations/{location}/publishers/{publisher}"
    "/artifactTypes/vmImage/offers/{offer}/skus/{sku}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One row. `{name}` in a pattern stands for one path segment."""

    host: str
    methods: str
    pattern: re.Pattern[str]
    handle: Handle


_Plain: TypeAlias = Callable[[Call], Answer]


def _row(host: str, methods: str, pattern: str, handle: Handle) -> Route:
    expression = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
    return Route(host=host, methods=methods, pattern=re.compile(expression + "/?", re.IGNORECASE), handle=handle)


def _pure(handle: _Plain) -> Handle:
    """A handler that needs nothing of the cloud."""

    async def wrapped(cloud: Cloud, call: Call) -> Answer:  # noqa: ARG001  (a route's shape)
        return handle(call)

    return wrapped


def _operation(name: str) -> Handle:
    async def wrapped(cloud: Cloud, call: Call) -> Answer:
        show: Callable[[Call], Awaitable[Answer]] = getattr(cloud.operations, name)
        return await show(call)

    return wrapped


def _kind_rows() -> Iterator[Route]:
    """For each type: one resource, all in a group or below a parent, and all of a top-level type in a subscription."""
    for kind in ROWS:
        provider, *types = kind.type.split("/")
        item = f"{GROUP}/providers/{provider}"
        for depth, part in enumerate(types, start=1):
            collection = f"{item}/{part}"
            item = f"{collection}/{{name{depth}}}"
        yield _row(ARM, "GET HEAD", item, resources.show)
        yield _row(ARM, "PUT", item, resources.put)
        yield _row(ARM, "PATCH", item, resources.patch)
        yield _row(ARM, "DELETE", item, resources.delete)
        yield _row(ARM, "GET", collection, resources.listing)
        if len(types) == 1:
            yield _row(ARM, "GET", f"{SUBSCRIPTION}/providers/{kind.type}", resources.listing)


ROUTES: tuple[Route, ...] = (
    _row(LOGIN, "POST", "/{tenant}/oauth2/token", _pure(login.token)),
    _row(LOGIN, "POST", "/{tenant}/oauth2/v2.0/token", _pure(login.token)),
    _row(LOGIN, "GET", "/common/discovery/instance", _pure(login.instance_discovery)),
    _row(LOGIN, "GET", "/{tenant}/v2.0/.well-known/openid-configuration", _pure(login.openid_configuration)),
    _row(LOGIN, "GET", "/{tenant}/.well-known/openid-configuration", _pure(login.openid_configuration)),
    _row(ARM, "GET", OPERATION + "/operations/{number}", _operation("show")),
    _row(ARM, "GET", OPERATION + "/operationResults/{number}", _operation("show_result")),
    _row(ARM, "GET", SUBSCRIPTION, groups.show_subscription),
    _row(ARM, "GET", SUBSCRIPTION + "/resourceGroups", groups.list_groups),
    _row(ARM, "GET", SUBSCRIPTION + "/resources", groups.list_resources),
    _row(ARM, "GET", GROUP + "/resources", groups.list_resources),
    _row(ARM, "GET HEAD", GROUP, groups.show_group),
    _row(ARM, "PUT PATCH", GROUP, groups.put_group),
    _row(ARM, "DELETE", GROUP, groups.delete_group),
    _row(ARM, "POST", DEPLOYMENT + "/validate", deployments.validate),
    _row(ARM, "PUT", DEPLOYMENT, deployments.put),
    _row(ARM, "GET HEAD", DEPLOYMENT, resources.show),
    _row(ARM, "DELETE", DEPLOYMENT, resources.delete),
    _row(ARM, "GET", DEPLOYMENT + "/operations", deployments.operations),
    _row(ARM, "GET", GROUP + "/deployments/{deployment}/operations", deployments.operations),
    _row(ARM, "POST", MACHINE + "/deallocate", compute.deallocate),
    _row(ARM, "POST", MACHINE + "/powerOff", compute.deallocate),
    _row(ARM, "POST", MACHINE + "/generalize", compute.generalize),
    _row(ARM, "GET", MACHINE + "/instanceView", compute.show_instance_view),
    _row(ARM, "GET", SKU + "/versions", marketplace.list_versions),
    _row(ARM, "GET", SKU + "/versions/{version}", marketplace.show_version),
    _row(VAULT, "GET", "/secrets", vault_data.list_secrets),
    _row(VAULT, "GET", "/secrets/{secret}", vault_data.show_secret),
    _row(VAULT, "GET", "/secrets/{secret}/{version}", vault_data.show_secret),
    _row(VAULT, "PUT", "/secrets/{secret}", vault_data.put_secret),
    *_kind_rows(),
)
"""The first row that fits answers."""


def find(call: Call) -> tuple[Route, dict[str, str]] | None:
    """The route for a call and the parts of its path, None for an unknown one."""
    for route in ROUTES:
        if call.method not in route.methods.split() or not fnmatchcase(call.host, route.host):
            continue
        match = route.pattern.fullmatch(call.path)
        if match is not None:
            return route, match.groupdict()
    return None
