"""The build machine: login, place, size, disks, network, tags and limits in azure-arm's words (lowering.md §1.1, §1.3).

Everything that differs from run to run (login, subscription, run tags, names, ports) is an input variable, so the files
are the same bytes for every login, and for a sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import On, Path, Rule, Severity, dotted
from imagesmith.hcl import Block, Call, Expression, Literal, attributes, literal
from imagesmith.lower.words import Lowering
from imagesmith.model import ImageTemplate, VnetConfig
from imagesmith.model.ids import parse_id, region_name
from imagesmith.plan import NeedKind, OsType, Section

DEFAULT_VM_SIZE = "Standard_D2ds_v4"
"""The service's default for generation 2; it also takes generation 1. Packer's own, Standard_A1, is retired."""
DEFAULT_TIMEOUT_MINUTES = 240
BUILD_USER = "packer"
GROUP_STEM = 49
"""Characters left for the names in `IT_<group>_<template>_<guid>`, of 90 (lowering.md §1.3)."""

SECRET = "Part of the login; given by the environment of a run, never written down."  # noqa: S105 - a description
_LOGIN = (
    ("subscription_id", "Subscription that the image is built in.", "string", False),
    ("tenant_id", "Tenant of the login.", "string", False),
    ("client_id", "Application or managed identity that logs in.", "string", False),
    ("client_secret", SECRET, "string", True),
    ("client_jwt", SECRET, "string", True),
    ("oidc_request_url", "Address that gives federated tokens (GitHub Actions).", "string", False),
    ("oidc_request_token", SECRET, "string", True),
    ("use_azure_cli_auth", "Log in as the Azure CLI is logged in.", "bool", False),
)

SERVICE_SIDE = Rule(
    code="IMG410",
    severity=Severity.NOTE,
    title="the property has no effect in a build on your own machine",
    cause="It sets up machinery of the managed service (containers, proxy machines, identities, triggers) that a build"
    " on your own machine does not have.",
    fix="nothing to do; the property may stay for the service",
    example='"vmProfile": {"vnetConfig": {"subnetId": "…", "proxyVmSize": "Standard_A1_v2"}}',
    corrected='"vmProfile": {"vnetConfig": {"subnetId": "…"}}',
    source="lowering.md §1.1, §1.3",
)
VM_BOOT = Rule(
    code="IMG411",
    severity=Severity.WARNING,
    title="optimize.vmBoot is possible in the service only",
    cause="The service copies the disk to a subscription of Microsoft's and optimizes it there; nothing outside can.",
    fix="the image will be right but boot unoptimized; set the state to Disabled to say that this is meant",
    example='"optimize": {"vmBoot": {"state": "Enabled"}}',
    corrected='"optimize": {"vmBoot": {"state": "Disabled"}}',
    source="aib-templates.md §2.7",
)
TWO_SUBSCRIPTIONS = Rule(
    code="IMG412",
    severity=Severity.ERROR,
    title="the build would need two subscriptions",
    cause="Packer looks the build machine, its subnet, its resource group and managed images up in one subscription.",
    fix="use resources of one subscription, or publish to a gallery, which may be in another one",
    example='"subnetId": "/subscriptions/<one>/…", "imageId": "/subscriptions/<another>/…"',
    corrected='"subnetId": "/subscriptions/<one>/…", "imageId": "/subscriptions/<one>/…"',
    source="lowering.md §1.1",
)


def login_section(lowering: Lowering) -> Section:
    """The login, all of it variables. Secrets are protected against Packer's second template language."""
    rows: dict[str, Literal] = {}
    for name, description, kind, sensitive in _LOGIN:
        reference = lowering.variable(name, description, type=kind, sensitive=sensitive)
        rows[name] = _protected(reference) if sensitive else reference
    return Section(name="login", body=Block(type="login", attributes=tuple(rows.items())))


def _protected(secret: Expression) -> Expression:
    """A secret that keeps a literal ``{{`` through Packer's rendering (packer.md §5.6)."""
    return Expression(f'{secret.text} == null ? null : replace({secret.text}, "{{{{", "{{{{`{{{{`}}}}")')


def build_location(template: ImageTemplate, lowering: Lowering) -> str:
    """The region of the build in its short form."""
    return region_name(template.location or lowering.options.location or "")


def place_section(template: ImageTemplate, lowering: Lowering) -> Section:
    """Where the build happens: region and resource group."""
    location = build_location(template, lowering)
    staging = template.staging_resource_group
    group = temporary_group(template, lowering)
    if staging is None:
        return _place(attributes(location=location, temp_resource_group_name=group))
    lowering.need(NeedKind.RESOURCE_GROUP, staging, ("properties", "stagingResourceGroup"))
    existing = lowering.variable(
        "build_resource_group_name",
        "Existing resource group to build in; an empty text where it does not exist yet and Packer is to make it.",
        default=parse_id(staging).name,
    )
    absent = f'{existing.text} == ""'
    return _place(
        attributes(
            build_resource_group_name=existing,
            location=Expression(f'{absent} ? "{location}" : null'),
            temp_resource_group_name=Expression(f"{absent} ? {literal(group)} : null"),
        )
    )


def temporary_group(template: ImageTemplate, lowering: Lowering) -> Literal:
    """The group that Packer makes: the template's own choice, or a name as the service makes it (aib §2.10)."""
    if template.staging_resource_group:
        return parse_id(template.staging_resource_group).name
    stem = re.sub(
        r"[^A-Za-z0-9_.()-]+", "-", f"{lowering.options.resource_group or 'imagesmith'}_{lowering.options.name}"
    )
    return lowering.variable(
        "temp_resource_group_name",
        "Resource group that Packer makes for the build and removes.",
        default=f"IT_{stem[:GROUP_STEM].rstrip('-.')}",
    )


def _place(rows: tuple[tuple[str, Literal], ...]) -> Section:
    return Section(name="place", body=Block(type="place", attributes=rows))


def machine_section(template: ImageTemplate, lowering: Lowering) -> Section:
    """Size, disks, identities and tags of the machine."""
    profile = template.vm_profile
    identities = tuple(
        lowering.plain(text, (*profile.path, "userAssignedIdentities", index))
        for index, text in enumerate(profile.user_assigned_identities)
    )
    for index, text in enumerate(identities):
        lowering.need(NeedKind.IDENTITY, text, (*profile.path, "userAssignedIdentities", index))
    run_tags = lowering.variable(
        "run_tags", "Tags of the run, by which leftovers are found.", type="map(string)", default={}
    )
    tags = lowering.deployed_map(template.managed_resource_tags, ("properties", "managedResourceTags"))
    disks = tuple(size for size in template.additional_data_disks if size > 0)
    return Section(
        name="machine",
        body=Block(
            type="machine",
            attributes=attributes(
                os_type=lowering.options.os_type.value,
                vm_size=lowering.plain(profile.vm_size or DEFAULT_VM_SIZE, (*profile.path, "vmSize")),
                os_disk_size_gb=profile.os_disk_size_gb or None,
                disk_additional_size=disks or None,
                user_assigned_managed_identities=identities or None,
                azure_tags=Call("merge", (tags, run_tags)) if tags else run_tags,
            ),
        ),
        path=template.vm_profile.path,
    )


def connection_section(lowering: Lowering) -> Section:
    """How Packer reaches the machine, with the service's waiting times (aib-templates.md §2.13).

    On Linux `communicator` stays away: naming it would open password logins on the machine (lowering.md §1.7).
    """
    if lowering.options.os_type is OsType.LINUX:
        key = lowering.variable("ssh_private_key_file", "Key to log in with, kept for a machine that is not removed.")
        port = lowering.variable("ssh_port", "Port of the machine's SSH server; 22 where it is not set.", type="number")
        rows = attributes(ssh_username=BUILD_USER, ssh_private_key_file=key, ssh_port=port, ssh_timeout="20m")
    else:
        port = lowering.variable("winrm_port", "Port of the machine's WinRM listener; 5986 if not set.", type="number")
        rows = attributes(
            communicator="winrm",
            winrm_username=BUILD_USER,
            winrm_port=port,
            winrm_use_ssl=True,
            winrm_insecure=True,
            winrm_timeout="10m",
        )
    return Section(name="connection", body=Block(type="connection", attributes=rows))


def limits_section(template: ImageTemplate) -> Section:
    """Waiting times inside Packer, never shorter than the run's own limit (lowering.md §1.3)."""
    minutes = f"{max(template.build_timeout_in_minutes, DEFAULT_TIMEOUT_MINUTES)}m"
    rows = attributes(polling_duration_timeout=minutes, shared_image_gallery_timeout=minutes)
    return Section(name="limits", body=Block(type="limits", attributes=rows))


def network_sections(template: ImageTemplate, lowering: Lowering) -> Iterator[Section]:
    """An existing subnet by its three names, or nothing: Packer then makes a network with a public IP."""
    network = template.vm_profile.vnet_config
    if network is None:
        return
    names = _subnet_names(network, lowering)
    if names is None:
        return
    group, vnet, subnet = names
    yield Section(
        name="network",
        body=Block(
            type="network",
            attributes=attributes(
                virtual_network_resource_group_name=lowering.plain(group, network.path),
                virtual_network_name=lowering.plain(vnet, network.path),
                virtual_network_subnet_name=lowering.plain(subnet, network.path),
            ),
        ),
    )


def _subnet_names(network: VnetConfig, lowering: Lowering) -> tuple[str, str, str] | None:
    if network.subnet_id:
        lowering.need(NeedKind.SUBNET, network.subnet_id, (*network.path, "subnetId"))
        subnet = parse_id(network.subnet_id)
        return subnet.resource_group or "", subnet.names[0], subnet.name
    if network.name and network.subnet_name and network.resource_group_name:
        return network.resource_group_name, network.name, network.subnet_name
    return None


def note_service_side(template: ImageTemplate, lowering: Lowering) -> None:
    """Say what a build on one's own machine has no use for; silence would be a guess."""
    network = template.vm_profile.vnet_config
    absent: list[tuple[bool, Path, str]] = [
        (
            bool(template.identities),
            ("identity",),
            "the template's identity is not used: the caller's login does the work",
        ),
        (
            template.auto_run == "Enabled",
            ("properties", "autoRun"),
            "autoRun has no effect: a build starts when you start it",
        ),
    ]
    if network:
        absent += [
            (network.proxy_vm_size is not None, (*network.path, "proxyVmSize"), "no proxy machine is needed"),
            (
                network.container_instance_subnet_id is not None,
                (*network.path, "containerInstanceSubnetId"),
                "no container instance is needed",
            ),
        ]
    for there, path, text in absent:
        if there:
            lowering.say(SERVICE_SIDE, path, text, on=On.KEY)
    if template.optimize.vm_boot_state == "Enabled":
        lowering.say(VM_BOOT, (*template.optimize.path, "vmBoot"), on=On.KEY)


def build_subscription(ids: Iterator[tuple[str, Path]], lowering: Lowering) -> str | None:
    """The one subscription of all ids that Packer looks up in the build's own; a second one is an error."""
    first = lowering.options.subscription_id
    where = "--subscription" if first else ""
    for text, path in ids:
        subscription = parse_id(text).subscription
        if subscription is None:
            continue
        if first is None:
            first, where = subscription, f"'{_spoken(path)}'"
        elif subscription.lower() != first.lower():
            message = f"'{_spoken(path)}' is in subscription {subscription}, but {where} says {first}"
            lowering.say(TWO_SUBSCRIPTIONS, path, message)
    return first


def _spoken(path: Path) -> str:
    """Where an id stands, as people say it: several are called `imageId`."""
    return dotted(path[1:] if path[:1] == ("properties",) else path)
