"""The table of resource types that the sandbox knows, and what is special about each."""

from __future__ import annotations

from imagesmith.sandbox import compute, galleries, network, storage, vaults
from imagesmith.sandbox.resources import Kind, Kinds

ROWS: tuple[Kind, ...] = (
    Kind(type="Microsoft.Compute/virtualMachines", prepare=compute.prepare_machine, dispose=compute.dispose_machine),
    Kind(type="Microsoft.Compute/virtualMachines/extensions", prepare=compute.prepare_extension),
    Kind(type="Microsoft.Compute/images", prepare=compute.prepare_image, dispose=galleries.dispose_image),
    Kind(type="Microsoft.Compute/disks", created=200),
    Kind(type="Microsoft.Compute/snapshots", created=200),
    Kind(type="Microsoft.Compute/diskEncryptionSets"),
    Kind(type="Microsoft.Compute/galleries"),
    Kind(type="Microsoft.Compute/galleries/images", prepare=galleries.prepare_definition),
    Kind(
        type="Microsoft.Compute/galleries/images/versions",
        prepare=galleries.prepare_version,
        dispose=galleries.dispose_image,
        show=galleries.show_version,
        polled=True,
    ),
    Kind(type="Microsoft.Network/publicIPAddresses", prepare=network.prepare_address),
    Kind(type="Microsoft.Network/networkInterfaces", prepare=network.prepare_interface),
    Kind(type="Microsoft.Network/networkSecurityGroups"),
    Kind(type="Microsoft.Network/virtualNetworks", prepare=network.prepare_network),
    Kind(type="Microsoft.Network/virtualNetworks/subnets", prepare=network.prepare_subnet, needs_location=False),
    Kind(type="Microsoft.ManagedIdentity/userAssignedIdentities"),
    Kind(
        type="Microsoft.KeyVault/vaults",
        prepare=vaults.prepare_vault,
        dispose=vaults.dispose_vault,
        created=200,
        deleted=200,
    ),
    Kind(type="Microsoft.KeyVault/vaults/secrets", prepare=vaults.prepare_secret, needs_location=False, created=200),
    Kind(type="Microsoft.Storage/storageAccounts", prepare=storage.prepare_account, created=200),
    Kind(type="Microsoft.Storage/storageAccounts/blobServices", needs_location=False),
    Kind(type="Microsoft.Storage/storageAccounts/blobServices/containers", needs_location=False),
    Kind(type="Microsoft.VirtualMachineImages/imageTemplates"),
)

KINDS = Kinds(ROWS)
