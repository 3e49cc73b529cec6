"""Resource, scope and deployment functions: what can be answered without asking Azure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from imagesmith.arm.calls import Function, Invocation, Result
from imagesmith.arm.faults import RUNTIME_VALUE, Finding, Stop
from imagesmith.arm.scope import Partial
from imagesmith.diagnostics import Via
from imagesmith.source import Member, Object, Value, wrap

_TYPE = re.compile(r"[^/]/+[^/]")
_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_PUBLIC_CLOUD = {
    "name": "AzureCloud",
    "gallery": "https://gallery.azure.com/",
    "graph": "https://graph.windows.net/",
    "portal": "https://portal.azure.com",
    "graphAudience": "https://graph.windows.net/",
    "activeDirectoryDataLake": "https://datalake.azure.net/",
    "batch": "https://batch.core.windows.net/",
    "media": "https://rest.media.azure.net",
    "sqlManagement": "https://management.core.windows.net:8443/",
    "vmImageAliasDoc": "https://raw.githubusercontent.com/Azure/azure-rest-api-specs/master/arm-compute/quickstart-templates/aliases.json",
    "resourceManager": "https://management.azure.com/",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com/",
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
    "suffixes": {
        "acrLoginServer": ".azurecr.io",
        "azureDatalakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        "azureDatalakeStoreFileSystem": "azuredatalakestore.net",
        "azureFrontDoorEndpointSuffix": "azurefd.net",
        "keyvaultDns": ".vault.azure.net",
        "sqlServerHostname": ".database.windows.net",
        "storage": "core.windows.net",
    },
}
"""The value of environment() in the public cloud, as its documentation shows it."""


def _partial(call: Invocation, known: Mapping[str, str | None], missing: Mapping[str, tuple[Finding, ...]]) -> Result:
    origin = call.origin
    members = (Member(Value(key, origin), Value(text, origin)) for key, text in known.items() if text is not None)
    unknown = {key: findings for key, findings in missing.items() if known.get(key) is None}
    return Partial(members, unknown) if unknown else Object(members)


def _runtime(call: Invocation, what: str) -> tuple[Finding, ...]:
    return call.fault(f"{what} is only known to Azure", rule=RUNTIME_VALUE).findings


def _subscription_id(call: Invocation, what: str) -> str:
    subscription = call.environment.surroundings.subscription_id
    if subscription is None:
        raise Stop([call.environment.flag("--subscription", what)])
    return subscription


def _resource_group(call: Invocation) -> Result:
    around = call.environment.surroundings
    group, subscription = around.resource_group, around.subscription_id
    if len(call) == 2:
        subscription = call.text(0)
    if len(call) >= 1:
        group = call.text(len(call) - 1)
    known = {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}" if group and subscription else None,
        "name": group,
        "type": "Microsoft.Resources/resourceGroups",
        "location": around.location,
    }
    flag = call.environment.flag
    in_id = [
        *([] if subscription else [flag("--subscription", "resourceGroup().id")]),
        *([] if group else [flag("--resource-group", "resourceGroup().id")]),
    ]
    missing: dict[str, tuple[Finding, ...]] = {
        "id": tuple(in_id),
        "name": (flag("--resource-group", "resourceGroup().name"),),
        "location": (flag("--location", "resourceGroup().location"),),
        "tags": _runtime(call, "resourceGroup().tags"),
        "properties": _runtime(call, "resourceGroup().properties"),
        "managedBy": _runtime(call, "resourceGroup().managedBy"),
    }
    return _partial(call, known, missing)


def _subscription(call: Invocation) -> Result:
    around = call.environment.surroundings
    subscription = call.text(0) if len(call) else around.subscription_id
    known = {
        "id": f"/subscriptions/{subscription}" if subscription else None,
        "subscriptionId": subscription,
        "tenantId": around.tenant_id,
    }
    flag = call.environment.flag
    return _partial(
        call,
        known,
        {
            "id": (flag("--subscription", "subscription().id"),),
            "subscriptionId": (flag("--subscription", "subscription().subscriptionId"),),
            "tenantId": (flag("--tenant", "subscription().tenantId"),),
            "displayName": _runtime(call, "subscription().displayName"),
            "tags": _runtime(call, "subscription().tags"),
        },
    )


def _tenant(call: Invocation) -> Result:
    missing: dict[str, tuple[Finding, ...]] = {
        key: _runtime(call, f"tenant().{key}") for key in ("displayName", "countryCode", "id", "tenantType")
    }
    missing["tenantId"] = (call.environment.flag("--tenant", "tenant().tenantId"),)
    return _partial(call, {"tenantId": call.environment.surroundings.tenant_id}, missing)


def _deployment(call: Invocation) -> Result:
    around = call.environment.surroundings
    return _partial(
        call,
        {"name": around.deployment_name, "location": around.location},
        {
            "location": (call.environment.flag("--location", "deployment().location"),),
            "properties": _runtime(call, "deployment().properties"),
        },
    )


def _environment(call: Invocation) -> Value:
    return wrap(_PUBLIC_CLOUD, call.origin)


def _placed(call: Invocation, first: int) -> tuple[list[str], str]:
    """The arguments before the resource type, and the provider part of the id from the type and the names."""
    arguments = [call.text(index) for index in range(len(call))]
    at = next((index for index in range(first, len(arguments)) if _TYPE.search(arguments[index])), None)
    if at is None:
        raise call.fault(f"{call.name}() needs a resource type such as Microsoft.Compute/images")
    provider, *types = [segment for segment in arguments[at].split("/") if segment]
    names = arguments[at + 1 :]
    if len(types) != len(names) or not types:
        raise call.fault(f"the type {arguments[at]!r} needs {len(types)} names, but {call.name}() has {len(names)}")
    pairs = "/".join(f"{kind}/{name}" for kind, name in zip(types, names, strict=True))
    return arguments[:at], f"/providers/{provider}/{pairs}"


def _resource_id(call: Invocation) -> str:
    """resourceId([subscription], [group], type, names…); a single place that is a GUID is a subscription."""
    places, tail = _placed(call, 0)
    around = call.environment.surroundings
    if len(places) > 2:
        raise call.fault("resourceId() takes at most a subscription and a resource group before the type")
    if len(places) == 1 and _GUID.fullmatch(places[0]):
        return f"/subscriptions/{places[0]}{tail}"
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
    places, tail = _placed(call, 0)
    subscription = places[0] if places else _subscription_id(call, "subscriptionResourceId()")
    return f"/subscriptions/{subscription}{tail}"


def _tenant_resource_id(call: Invocation) -> str:
    return _placed(call, 0)[1]


def _extension_resource_id(call: Invocation) -> str:
    return f"{call.text(0).rstrip('/')}{_placed(call, 1)[1]}"


def _management_group_resource_id(call: Invocation) -> str:
    places, tail = _placed(call, 0)
    if not places:
        raise Stop(_runtime(call, "the management group of the deployment"))
    return f"/providers/Microsoft.Management/managementGroups/{places[0]}{tail}"


def _reference(call: Invocation) -> Result:
    """The outputs of a module in the same file are known; everything else is Azure's to tell."""
    declared = call.environment.scope.declared
    if declared is None:
        return _unknown(call)
    full = len(call) > 2 and call.text(2).lower() == "full"
    state = declared(call.text(0), full, call.here)
    if state is None or not isinstance(state.data, Partial):
        return _unknown(call)
    unknown = _runtime(call, f"the rest of what reference({call.text(0)!r}) gives")
    return Value(Partial(state.data.members, state.data.missing, unknown), state.origin).through(
        Via("reference()", call.here.span)
    )


def _unknown(call: Invocation) -> Result:
    raise call.fault(
        f"{call.name}() asks Azure while the deployment runs, so its value is not known",
        rule=RUNTIME_VALUE,
    )


ROWS = (
    Function(name="resourceGroup", least=0, most=2, apply=_resource_group, note="The group: id, name, location."),
    Function(name="subscription", least=0, most=1, apply=_subscription, note="The subscription: id, subscriptionId."),
    Function(name="tenant", least=0, most=0, apply=_tenant, note="The tenant: tenantId."),
    Function(name="deployment", least=0, most=0, apply=_deployment, note="The deployment: name."),
    Function(name="environment", least=0, most=0, apply=_environment, note="Addresses of the public cloud."),
    Function(name="resourceId", least=2, most=None, apply=_resource_id, note="The id of a resource in a group."),
    Function(
        name="subscriptionResourceId",
        least=2,
        most=None,
        apply=_subscription_resource_id,
        note="An id below a subscription.",
    ),
    Function(name="tenantResourceId", least=2, most=None, apply=_tenant_resource_id, note="An id below the tenant."),
    Function(
        name="extensionResourceId",
        least=3,
        most=None,
        apply=_extension_resource_id,
        note="The id of an extension resource.",
    ),
    Function(
        name="managementGroupResourceId",
        least=2,
        most=None,
        apply=_management_group_resource_id,
        note="An id below a management group.",
    ),
    Function(name="reference", least=1, most=3, apply=_reference, lazy=True, note="Outputs of a module of the file."),
    Function(name="references", least=1, most=2, apply=_unknown, lazy=True, note="States of a loop: never known here."),
    Function(name="pickZones", least=3, most=5, apply=_unknown, lazy=True, note="Zones of a region: never known here."),
    Function(name="providers", least=1, most=2, apply=_unknown, lazy=True, note="A provider: never known here."),
    Function(name="getSecret", least=2, most=4, apply=_unknown, lazy=True, note="A secret: never known here."),
)
