"""What Azure says about images: their source, their plan, their gallery, their security, and the build's key vault."""

from __future__ import annotations

from imagesmith.known_errors.row import row

_VAULT = "https://learn.microsoft.com/azure/key-vault/general/rest-error-codes"

IMAGES = (
    row(
        "terms-not-accepted",
        r"MarketplacePurchaseEligibilityFailed|ResourcePurchaseValidationFailed|accept(?:ed)? the legal terms"
        r"|legal terms have not been accepted",
        cause="nobody in this subscription has accepted the terms of the marketplace image that the build starts from",
        remedy="az vm image terms accept --publisher P --offer O --plan NAME, once a subscription",
        source="https://github.com/hashicorp/packer/pull/6009",
    ),
    row(
        "plan-missing",
        r"VMMarketplaceInvalidInput|requires Plan information in the request|PurchasePlanNotProvided",
        cause="the image comes from the marketplace and wants its purchase plan named",
        remedy="add source.planInfo (planName, planProduct, planPublisher); az vm image show tells them",
        source="https://github.com/hashicorp/packer/issues/7231",
    ),
    row(
        "source-image-not-found",
        r"PlatformImageNotFound|\bImageNotFound\b|Artifact: VMImage was not found|platform image .{0,160}not available"
        r"|the image '[^']*' cannot be found|ImageVersionDeprecated",
        cause="the source image does not exist in this region, or not in this version",
        remedy="look at `az vm image list --all --publisher P --offer O --sku S --location REGION`, or at the id in"
        " source.imageId",
        source="https://github.com/hashicorp/packer/issues/10600",
    ),
    row(
        "gallery-not-found",
        r"the Shared Gallery Image to which to publish .{0,60}does not exist|GalleryImageNotFound|GalleryNotFound",
        cause="the gallery or the image definition that the result goes to does not exist",
        remedy="create it with the OS type, generation and security type of the image: az sig create, az sig"
        " image-definition create",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/205",
    ),
    row(
        "gallery-version-exists",
        r"Changing property 'galleryImageVersion\.|gallery image version .{0,80}already exists"
        r"|a gallery image version for image name: \S+ with version: \S+ already exists",
        cause="the gallery has a version with this number already, and versions are not replaced",
        remedy="write another number into galleryImageId, use versioning with scheme Latest, or delete the old one",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/65",
    ),
    row(
        "managed-image-exists",
        r"managed image named \S+ already exists",
        cause="the resource group has a managed image with this name already",
        remedy="name another one in distribute.imageId, or delete the old one",
        source="packer.md §1.8",
    ),
    row(
        "security-type",
        r"with TrustedLaunch security type|only supports creation of VMs.{0,60}security type"
        r"|security type '[^']*' is not supported|SecurityType.{0,40}mismatch",
        cause="the security type (Trusted Launch, confidential) of the machine and of the image or its definition do"
        " not fit: a Trusted Launch machine cannot become a managed image",
        remedy="publish to a gallery definition with the same security type instead of a managed image, and start from"
        " a source that has it",
        source="https://github.com/hashicorp/packer/issues/13189",
    ),
    row(
        "generation",
        r"cannot boot Hypervisor Generation|has a different Hypervisor generation",
        cause="the generation (1 or 2) of image, machine size and image definition differ",
        remedy="choose a vmSize that boots the source's generation, or a source or definition of the other one",
        source="https://aka.ms/azuregen2vm",
    ),
    row(
        "vault-soft-deleted",
        r"vault with the same name already exists in deleted state|VaultAlreadyExists|is currently in a deleted but"
        r" recoverable state",
        cause="a key vault of this name was deleted a short while ago and still holds its name (soft delete)",
        remedy="az keyvault purge --name NAME, or wait for the end of its retention",
        source=_VAULT,
    ),
    row(
        "blob-leased",
        r"LeaseIdMissing|there is currently a lease on the blob",
        cause="somebody holds a lease on the blob that the VHD is written to",
        remedy="name another blob, or end the lease: az storage blob lease break -c CONTAINER -b BLOB --account-name"
        " NAME",
        source="https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes",
    ),
    row(
        "vault-purge-protection",
        r"purge.?protection",
        cause="key vaults must have, or have, purge protection here, so the build's own cannot be made or removed",
        remedy="build where the rule does not hold; a Windows build needs a key vault for its certificate",
        source="https://github.com/hashicorp/packer-plugin-azure/issues/357",
    ),
    row(
        "vault-firewall",
        r"ForbiddenByFirewall|ForbiddenByConnection|client address is not authorized and caller is not a trusted"
        r"|public network access is disabled and request is not from",
        cause="the firewall of the key vault does not let this machine in",
        remedy="build from a network that it allows, or allow this machine's address",
        source=_VAULT,
    ),
    row(
        "vault-access",
        r"ForbiddenByRbac|ForbiddenByPolicy|does not have secrets (?:get|set|list) permission",
        cause="the login may not read or write secrets of the key vault",
        remedy="give it the role Key Vault Secrets Officer on the vault, or an access policy with get and set",
        source=_VAULT,
    ),
    row(
        "os-provisioning-timed-out",
        r"OSProvisioningTimedOut|OS Provisioning for VM .{0,80}did not finish in the allotted time",
        cause="the machine was started, but its system did not finish setting itself up; most often the source image"
        " was not generalized",
        remedy="generalize the source image (sysprep, or waagent -deprovision) and make it anew",
        source="https://github.com/hashicorp/packer/issues/4221",
    ),
    row(
        "vm-agent-not-ready",
        r"VMAgentStatusCommunicationError|VMExtensionProvisioning(?:Error|Timeout)|VM agent is not ready"
        r"|VM Agent.{0,60}(?:not responding|unable to communicate)",
        cause="the agent in the machine does not answer Azure",
        remedy="try again (--retries 3); if it stays, look whether the source image has a working agent and may reach"
        " 168.63.129.16",
        source="https://learn.microsoft.com/azure/virtual-machines/extensions/troubleshoot-agent-extensions",
        transient=True,
    ),
)
