"""The small objects under the template's `properties`: optimization, error handling, the build machine, its network.

Facts: aib-templates.md §1.3, §1.8, §1.9.
"""

from __future__ import annotations

from schema.kinds import OLDEST, Choice, Definition, Items, Part, Property, Structure, Text, Whole

ON_OFF = Choice({"Enabled": "", "Disabled": ""})

OPTIMIZE = Structure(
    name="Optimize",
    title="optimize",
    description="What to tune in the finished image.",
    properties=(
        Property(
            name="vmBoot",
            kind=Part("VmBoot"),
            description="Faster starts of machines made from the image. Only the service can do this.",
            see="properties: optimize",
        ),
        Property(
            name="workload",
            kind=Part("Workload"),
            description="Tuning for a workload by a script of your own.",
            since="2025-10-01",
        ),
    ),
)

VM_BOOT = Structure(
    name="VmBoot",
    title="vmBoot",
    description="Faster starts of machines made from the image.",
    properties=(Property(name="state", kind=ON_OFF, description="Whether to do it."),),
)

WORKLOAD = Structure(
    name="Workload",
    title="workload",
    description="Tuning for a workload by a script of your own.",
    properties=(
        Property(name="state", kind=ON_OFF, description="Whether to do it."),
        Property(name="scriptUri", kind=Text(), description="Where the script is."),
        Property(
            name="sha256Checksum",
            kind=Text(),
            description="The script's SHA-256 in lower-case hex digits; empty for no check.",
            default="",
        ),
    ),
)

ON_ERROR = Choice({"cleanup": "", "abort": ""})
ERROR_HANDLING = Structure(
    name="ErrorHandling",
    title="errorHandling",
    description="Whether the build machine is kept after a failure.",
    properties=(
        Property(
            name="onCustomizerError",
            kind=ON_ERROR,
            description="After a customizer failed: cleanup removes the machine, abort keeps it for a look.",
            default="cleanup",
        ),
        Property(
            name="onValidationError",
            kind=ON_ERROR,
            description="After a validation failed: cleanup removes the machine, abort keeps it for a look.",
            default="cleanup",
        ),
    ),
)

AUTO_RUN = Structure(
    name="AutoRun",
    title="autoRun",
    description="Whether the service builds the image as soon as the template is there.",
    properties=(Property(name="state", kind=ON_OFF, description="Whether to do it."),),
)

DATA_DISK = Structure(
    name="DataDisk",
    title="data disk",
    description="An empty data disk of the image.",
    properties=(Property(name="sizeGB", kind=Whole(minimum=0), description="The disk's size in GB."),),
)

VM_PROFILE = Structure(
    name="VmProfile",
    title="vmProfile",
    description="The machine that the image is built on, and its network.",
    properties=(
        Property(
            name="vmSize",
            kind=Text(),
            description="The machine's size, for example Standard_D2s_v3. Empty or absent means the service's choice.",
            default="",
        ),
        Property(
            name="osDiskSizeGB",
            kind=Whole(minimum=0),
            description="The size of the system disk in GB, not below the source image's; 0 keeps that one's size.",
            default=0,
        ),
        Property(
            name="userAssignedIdentities",
            kind=Items(Text()),
            description="Resource ids of managed identities that the build machine gets.",
            since="2021-10-01",
        ),
        Property(
            name="vnetConfig",
            kind=Part("VnetConfig"),
            description="The existing network to build in; a temporary one is made without it.",
            see="vnetConfig",
        ),
    ),
)

VNET_CONFIG = Structure(
    name="VnetConfig",
    title="vnetConfig",
    description="The existing network to build in.",
    properties=(
        Property(
            name="subnetId",
            kind=Text(),
            description="The resource id of the subnet for the build machine.",
            since="2020-02-14",
            see="subnetId",
        ),
        Property(
            name="containerInstanceSubnetId",
            kind=Text(),
            description="The resource id of the subnet for the service's container; only beside `subnetId`.",
            since="2024-02-01",
            see="containerInstanceSubnetId",
        ),
        Property(
            name="proxyVmSize",
            kind=Text(),
            description="The size of the service's proxy machine; not beside `containerInstanceSubnetId`.",
            since="2021-10-01",
            default="",
        ),
        *(
            Property(
                name=name,
                kind=Text(),
                description=f"The name of the {what}, in the words of the 2019 preview.",
                until=OLDEST,
                instead="write one `subnetId`: /subscriptions/…/resourceGroups/…/providers/Microsoft.Network/"
                "virtualNetworks/…/subnets/…",
            )
            for name, what in (
                ("name", "virtual network"),
                ("subnetName", "subnet"),
                ("resourceGroupName", "network's resource group"),
            )
        ),
    ),
)

DEFINITIONS: tuple[Definition, ...] = (
    OPTIMIZE,
    VM_BOOT,
    WORKLOAD,
    ERROR_HANDLING,
    AUTO_RUN,
    DATA_DISK,
    VM_PROFILE,
    VNET_CONFIG,
)
