"""Where and how a template is deployed, as far as that is known without asking Azure.

ARM documentation, 'Scope functions for ARM templates' and 'Deployment functions for ARM templates'.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from imagesmith.arm.calls import Invocation
from imagesmith.arm.faults import Finding
from imagesmith.arm.rows import Function, Page, Result
from imagesmith.arm.scope import Partial
from imagesmith.source import Member, Object, Value, wrap

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


_HEAD = frozenset({"$schema", "contentVersion", "languageVersion", "metadata"})


def _object(
    call: Invocation, known: Mapping[str, str | None], flags: Mapping[str, tuple[Finding, ...]], *rest: Member
) -> Result:
    """What is known, what a flag would tell, and for everything else the finding that only Azure knows it."""
    origin = call.origin
    members = [Member(Value(key, origin), Value(text, origin)) for key, text in known.items() if text is not None]
    missing = {key: findings for key, findings in flags.items() if known.get(key) is None}
    return Partial([*members, *rest], missing, call.runtime_value())


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
    flags: dict[str, tuple[Finding, ...]] = {
        "id": tuple(in_id),
        "name": (flag("--resource-group", "resourceGroup().name"),),
        "location": (flag("--location", "resourceGroup().location"),),
    }
    return _object(call, known, flags)


def _subscription(call: Invocation) -> Result:
    around = call.environment.surroundings
    subscription = call.text(0) if len(call) else around.subscription_id
    known = {
        "id": f"/subscriptions/{subscription}" if subscription else None,
        "subscriptionId": subscription,
        "tenantId": around.tenant_id,
    }
    flag = call.environment.flag
    flags: dict[str, tuple[Finding, ...]] = {
        "id": (flag("--subscription", "subscription().id"),),
        "subscriptionId": (flag("--subscription", "subscription().subscriptionId"),),
        "tenantId": (flag("--tenant", "subscription().tenantId"),),
    }
    return _object(call, known, flags)


def _tenant(call: Invocation) -> Result:
    tenant, flag = call.environment.surroundings.tenant_id, call.environment.flag
    flags: dict[str, tuple[Finding, ...]] = {
        "id": (flag("--tenant", "tenant().id"),),
        "tenantId": (flag("--tenant", "tenant().tenantId"),),
    }
    return _object(call, {"id": f"/tenants/{tenant}" if tenant else None, "tenantId": tenant}, flags)


def _management_group(call: Invocation) -> Result:
    name = call.text(0) if len(call) else None
    known = {
        "id": f"/providers/Microsoft.Management/managementGroups/{name}" if name else None,
        "name": name,
        "type": "Microsoft.Management/managementGroups",
    }
    return _object(call, known, {})


def _deployment(call: Invocation) -> Result:
    around, origin = call.environment.surroundings, call.origin
    written = [Member(Value("template", origin), Value(_head_of_template(call), origin))]
    if around.link_base is not None:
        written.append(Member(Value("templateLink", origin), wrap({"uri": around.link_base}, origin)))
    properties = Partial(
        [Member(Value("mode", origin), Value("Incremental", origin)), *written],
        {},
        call.runtime_value(".properties"),
    )
    flags: dict[str, tuple[Finding, ...]] = {
        "location": (call.environment.flag("--location", "deployment().location"),),
    }
    known = {"name": around.deployment_name, "location": around.location}
    return _object(call, known, flags, Member(Value("properties", origin), Value(properties, origin)))


def _head_of_template(call: Invocation) -> Partial:
    """What a template says of itself. Its sections are as large as the file, and nobody reads them from in it."""
    template = call.environment.scope.template
    data = template.data if template is not None and isinstance(template.data, Object) else Object()
    head = (member for member in data if member.key in _HEAD)
    return Partial(head, {}, call.runtime_value(".properties.template"))


def _deployer(call: Invocation) -> Result:
    flags: dict[str, tuple[Finding, ...]] = {
        "tenantId": (call.environment.flag("--tenant", "deployer().tenantId"),),
    }
    return _object(call, {"tenantId": call.environment.surroundings.tenant_id}, flags)


def _environment(call: Invocation) -> Value:
    return wrap(_PUBLIC_CLOUD, call.origin)


_scope_row = partial(Function, page=Page.SCOPE)
_deployment_row = partial(Function, page=Page.DEPLOYMENT)

ROWS = (
    _scope_row(name="resourceGroup", least=0, most=2, apply=_resource_group, note="The group: id, name, location."),
    _scope_row(name="subscription", least=0, most=1, apply=_subscription, note="The subscription: id, subscriptionId."),
    _scope_row(name="tenant", least=0, most=0, apply=_tenant, note="The tenant: id, tenantId."),
    _scope_row(name="managementGroup", least=0, most=1, apply=_management_group, note="A named management group."),
    _deployment_row(name="deployment", least=0, most=0, apply=_deployment, note="The deployment: name, template."),
    _deployment_row(name="deployer", least=0, most=0, apply=_deployer, note="Who deploys: tenantId."),
    _deployment_row(name="environment", least=0, most=0, apply=_environment, note="Addresses of the public cloud."),
)
