"""What Azure says when it has, or gives, no room: throttling, quota, sizes, addresses, locks."""

from __future__ import annotations

from imagesmith.known_errors.row import row

CAPACITY = (
    row(
        "throttled",
        r"\b429\b|TooManyRequests|too many requests|RequestsThrottled|OperationNotAllowed_TooManyRequests"
        r"|request is being throttled",
        cause="Azure takes no more requests of this subscription for a while (throttling)",
        remedy="try again later, or let the build do it: --retries 3; several builds at once share one limit",
        source="https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling",
        transient=True,
    ),
    row(
        "quota",
        r"exceeding approved .{0,80}quota|exceeding quota limits|QuotaExceeded|resource quota limit exceeded",
        cause="the subscription's quota of cores in this region does not hold one more machine of this size",
        remedy="look at `az vm list-usage --location REGION`: delete machines, choose a smaller vmSize or another"
        " region, or ask for more quota",
        source="https://learn.microsoft.com/azure/quotas/per-vm-quota-requests",
    ),
    row(
        "sku-not-available",
        r"SkuNotAvailable|currently not available in location|requested size .{0,80}is not available",
        cause="Azure does not offer this machine size to this subscription in this region",
        remedy="choose another vmProfile.vmSize (az vm list-skus --location REGION --size NAME shows restrictions) or"
        " another location",
        source="https://aka.ms/azureskunotavailable",
    ),
    row(
        "allocation-failed",
        r"(?:Zonal|Overconstrained)?AllocationFailed|Overconstrained(?:Zonal)?AllocationRequest"
        r"|do not have sufficient capacity for the requested VM size",
        cause="Azure has no free machine of this size in this region at the moment",
        remedy="try again later (--retries 3), or choose another vmProfile.vmSize or location",
        source="https://aka.ms/allocation-guidance",
        transient=True,
    ),
    row(
        "subnet-full",
        r"SubnetIsFull|does not have enough capacity for [0-9]+ IP addresses",
        cause="the subnet has no free address for the build machine",
        remedy="remove what is not needed from it (also machines of failed builds: `imagesmith sweep`), or name another"
        " subnet in vmProfile.vnetConfig",
        source="https://github.com/MicrosoftDocs/azure-docs/issues/88211",
    ),
    row(
        "basic-public-ip-retired",
        r"IPv4BasicSkuPublicIpCountLimitReached|more than 0 IPv4 Basic SKU public IP",
        cause="this Packer asks for a public IP address of the Basic kind, which Azure no longer gives",
        remedy="use the azure plugin 2.2.0 or newer, or name a subnet that you can reach in vmProfile.vnetConfig",
        source="https://azure.microsoft.com/updates?id=upgrade-to-standard-sku-public-ip-addresses-in-azure-by-30-"
        "september-2025-basic-sku-will-be-retired",
    ),
    row(
        "public-ip-limit",
        r"PublicIPCountLimitReached|cannot create more than [0-9]+ (?:IPv4 )?(?:Standard SKU )?public IP addresses",
        cause="the subscription has as many public IP addresses in this region as it may",
        remedy="remove unused ones, ask for more, or name a subnet that you can reach in vmProfile.vnetConfig",
        source="https://learn.microsoft.com/azure/networking/azure-subscription-service-limits",
    ),
    row(
        "policy",
        r"RequestDisallowedByPolicy|disallowed by (?:one or more )?polic(?:y|ies)",
        cause="a policy of your organization forbids a resource that the build makes",
        remedy="read the policy that the message names; often managedResourceTags, vmProfile.vnetConfig (no public IP)"
        " or stagingResourceGroup make the build fit it",
        source="https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-policy-"
        "requestdisallowedbypolicy",
    ),
    row(
        "scope-locked",
        r"ScopeLocked|following scope\(s\) are locked",
        cause="a lock on the resource group or the subscription forbids to delete or change something",
        remedy="take the lock away (az lock list --resource-group NAME) or build in a group without one; what stays is"
        " found by `imagesmith sweep`",
        source="https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources",
    ),
    row(
        "disk-in-use",
        r"\bdisk\b.{0,300}\bis attached to (?:a )?VM\b",
        cause="a disk is still attached to a machine, and cannot be removed before it",
        remedy="remove the machine first; `imagesmith sweep` finds what the run has left",
        source="https://github.com/hashicorp/packer/issues/10070",
    ),
    row(
        "group-being-deleted",
        r"ResourceGroupBeingDeleted|resource group .{0,100}deprovisioning state",
        cause="the resource group is being deleted by somebody",
        remedy="wait until it is gone, or name another group",
        source="https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors",
    ),
    row(
        "group-not-found",
        r"ResourceGroupNotFound|resource group .{0,100}could not be found|cannot locate .{0,40}resource group",
        cause="a resource group that the template names does not exist in this subscription",
        remedy="create it, or look whether --subscription names the right one",
        source="https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-not-found",
    ),
    row(
        "another-operation",
        r"AnotherOperationInProgress|RetryableErrorDueToAnotherOperation|OperationPreempted|code=.?RetryableError"
        r"|conflict with a concurrent request",
        cause="Azure is busy with another change of the same resource",
        remedy="try again in a moment (--retries 3); builds that share a network or a group wait for each other",
        source="https://github.com/pulumi/pulumi-azure-native/issues/3720",
        transient=True,
    ),
    row(
        "azure-unwell",
        r"InternalServerError|InternalExecutionError|ServiceUnavailable|GatewayTimeout|unexpected status 50[0234]"
        r"|StatusCode=50[0234]\b",
        cause="Azure failed inside (a 5xx answer)",
        remedy="try again (--retries 3); look at https://status.azure.com if it stays",
        source="https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors",
        transient=True,
    ),
)
