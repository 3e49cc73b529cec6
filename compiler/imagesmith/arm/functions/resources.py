"""Resource ids from types and names (ARM documentation, 'Resource functions for ARM templates')."""

from __future__ import annotations

import re
from functools import partial

from imagesmith.arm.calls import Invocation
from imagesmith.arm.faults import Finding, Stop
from imagesmith.arm.rows import Function, Page

_TYPE = re.compile(r"[^/]+/+[^/].*")
_BARE_ID = "subscription().subscriptionId is the bare id"
_GROUPS = "/providers/microsoft.resources/resourcegroups/"
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _placed(call: Invocation, first: int) -> tuple[list[str], str]:
    """The arguments before the resource type, and the provider part of the id from the type and the names."""
    arguments = [call.text(index) for index in range(len(call))]
    at = next((index for index in range(first, len(arguments)) if _TYPE.match(arguments[index])), None)
    if at is None:
        raise call.fault(f"{call.name}() needs a resource type such as Microsoft.Compute/images")
    provider, *types = [segment for segment in arguments[at].split("/") if segment]
    names = arguments[at + 1 :]
    if len(types) != len(names) or not types:
        raise call.fault(f"the type {arguments[at]!r} needs {len(types)} names, but {call.name}() has {len(names)}")
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return arguments[:at], f"/providers/{provider}/{pairs}"


def _subscription_id(call: Invocation) -> str:
    subscription = call.environment.surroundings.subscription_id
    if subscription is None:
        raise Stop([call.environment.flag("--subscription", f"{call.name}()")])
    return subscription


def _resource_id(call: Invocation) -> str:
    """resourceId([subscription], [group], type, names…); a single place that is a GUID is a subscription."""
    places, tail = _placed(call, 0)
    around = call.environment.surroundings
    if len(places) > 2:
        raise call.fault("resourceId() takes at most a subscription and a resource group before the type")
    if len(places) == 1 and _GUID.fullmatch(places[0]):
        return f"/subscriptions/{places[0]}{tail}"
    if len(places) == 2 and places[0].startswith("/"):
        raise call.fault(f"resourceId() takes the subscription's bare id, not {places[0]!r}", hint=_BARE_ID)
    subscription = places[0] if len(places) == 2 else around.subscription_id
    group = places[-1] if places else around.resource_group
    flag = call.environment.flag
    missing: list[Finding] = []
    if not subscription:
        missing.append(flag("--subscription", "resourceId()"))
    if not group:
        missing.append(flag("--resource-group", "resourceId()"))
    if missing:
        raise Stop(missing)
    return f"/subscriptions/{subscription}/resourceGroups/{group}{tail}"


def _subscription_resource_id(call: Invocation) -> str:
    """An id below a subscription; a resource group's has no provider in it, as AVM's modules rely on."""
    places, tail = _placed(call, 0)
    subscription = places[0] if places else _subscription_id(call)
    if tail.lower().startswith(_GROUPS) and tail.count("/") == _GROUPS.count("/"):
        tail = f"/resourceGroups/{tail[len(_GROUPS) :]}"
    return f"/subscriptions/{subscription}{tail}"


def _tenant_resource_id(call: Invocation) -> str:
    return _placed(call, 0)[1]


def _extension_resource_id(call: Invocation) -> str:
    return f"{call.text(0).rstrip('/')}{_placed(call, 1)[1]}"


def _management_group_resource_id(call: Invocation) -> str:
    places, tail = _placed(call, 0)
    if not places:
        raise Stop([call.runtime_value()])
    return f"/providers/Microsoft.Management/managementGroups/{places[0]}{tail}"


_row = partial(Function, page=Page.RESOURCE, most=None)

ROWS = (
    _row(name="resourceId", least=2, apply=_resource_id, note="The id of a resource in a group."),
    _row(
        name="subscriptionResourceId",
        least=2,
        apply=_subscription_resource_id,
        note="An id below a subscription.",
    ),
    _row(name="tenantResourceId", least=2, apply=_tenant_resource_id, note="An id below the tenant."),
    _row(name="extensionResourceId", least=3, apply=_extension_resource_id, note="The id of an extension resource."),
    _row(
        name="managementGroupResourceId",
        least=2,
        apply=_management_group_resource_id,
        page=Page.BICEP_RESOURCE,
        note="An id below a management group.",
    ),
)
