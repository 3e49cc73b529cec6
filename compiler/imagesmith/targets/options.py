"""Every option of Packer that we emit, with the first version that knows it. One option, one row.

`azure` is the first version of the azure plugin, `old` whether the azure-arm that is built into Packer 1.6 knows it;
for provisioners, `packer` is the first version of Packer itself. The rows are compared with what the sources of all
versions say (`make corpus`).
"""

from __future__ import annotations

from dataclasses import dataclass

from imagesmith.versions import Version

FIRST = Version(0, 0, 1)
OLDEST_PACKER = Version(1, 6, 6)


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """An option by its component and dotted name, and who knows it.

    `quiet` options may be left out without a word where they are unknown: they are variables that are null unless a
    newer kind of login asks for them.
    """

    component: str
    name: str
    azure: Version = FIRST
    old: bool = True
    packer: Version = OLDEST_PACKER
    quiet: bool = False


def _azure(name: str, since: str = "0.0.1", *, old: bool = True, quiet: bool = False) -> Option:
    return Option(component="azure-arm", name=name, azure=Version.parse(since), old=old, quiet=quiet)


def _provisioner(component: str, *names: str) -> tuple[Option, ...]:
    return tuple(Option(component=component, name=name) for name in names)


_DESTINATION = "shared_image_gallery_destination"

OPTIONS: tuple[Option, ...] = (
    _azure("subscription_id"),
    _azure("tenant_id"),
    _azure("client_id"),
    _azure("client_secret"),
    _azure("client_jwt"),
    _azure("oidc_request_url", "2.1.5", old=False, quiet=True),
    _azure("oidc_request_token", "2.1.5", old=False, quiet=True),
    _azure("use_azure_cli_auth"),
    _azure("location"),
    _azure("build_resource_group_name"),
    _azure("temp_resource_group_name"),
    _azure("os_type"),
    _azure("vm_size"),
    _azure("os_disk_size_gb"),
    _azure("disk_additional_size"),
    _azure("user_assigned_managed_identities"),
    _azure("azure_tags"),
    _azure("communicator"),
    _azure("ssh_username"),
    _azure("ssh_private_key_file"),
    _azure("ssh_port"),
    _azure("ssh_timeout"),
    _azure("winrm_username"),
    _azure("winrm_port"),
    _azure("winrm_use_ssl"),
    _azure("winrm_insecure"),
    _azure("winrm_timeout"),
    _azure("virtual_network_name"),
    _azure("virtual_network_resource_group_name"),
    _azure("virtual_network_subnet_name"),
    _azure("public_ip_sku", "2.1.4", old=False),
    _azure("image_publisher"),
    _azure("image_offer"),
    _azure("image_sku"),
    _azure("image_version"),
    _azure("plan_info"),
    _azure("plan_info.plan_name"),
    _azure("plan_info.plan_product"),
    _azure("plan_info.plan_publisher"),
    _azure("custom_managed_image_name"),
    _azure("custom_managed_image_resource_group_name"),
    _azure("shared_image_gallery"),
    _azure("shared_image_gallery.subscription"),
    _azure("shared_image_gallery.resource_group"),
    _azure("shared_image_gallery.gallery_name"),
    _azure("shared_image_gallery.image_name"),
    _azure("shared_image_gallery.image_version"),
    _azure("shared_image_gallery.community_gallery_image_id", "1.2.0", old=False),
    _azure("shared_image_gallery.direct_shared_gallery_image_id", "1.2.0", old=False),
    _azure("managed_image_name"),
    _azure("managed_image_resource_group_name"),
    _azure(_DESTINATION),
    _azure(f"{_DESTINATION}.subscription"),
    _azure(f"{_DESTINATION}.resource_group"),
    _azure(f"{_DESTINATION}.gallery_name"),
    _azure(f"{_DESTINATION}.image_name"),
    _azure(f"{_DESTINATION}.image_version"),
    _azure(f"{_DESTINATION}.replication_regions"),
    _azure(f"{_DESTINATION}.storage_account_type", old=False),
    _azure(f"{_DESTINATION}.use_shallow_replication", "2.0.1", old=False),
    _azure(f"{_DESTINATION}.target_region", "2.0.3", old=False),
    _azure(f"{_DESTINATION}.target_region.name", "2.0.3", old=False),
    _azure(f"{_DESTINATION}.target_region.replicas", "2.1.0", old=False),
    _azure("shared_image_gallery_replica_count"),
    _azure("shared_gallery_image_version_exclude_from_latest"),
    _azure("storage_account"),
    _azure("resource_group_name"),
    _azure("capture_container_name"),
    _azure("capture_name_prefix"),
    _azure("temp_os_disk_name", old=False),
    _azure("skip_create_image", "1.0.8", old=False),
    _azure("polling_duration_timeout"),
    _azure("shared_image_gallery_timeout"),
    *_provisioner(
        "shell",
        "script",
        "execute_command",
        "environment_vars",
        "use_env_var_file",
        "binary",
        "expect_disconnect",
        "start_retry_timeout",
        "skip_clean",
    ),
    *_provisioner(
        "powershell",
        "script",
        "execute_command",
        "environment_vars",
        "env_var_format",
        "elevated_user",
        "elevated_password",
        "elevated_execute_command",
        "elevated_env_var_format",
        "valid_exit_codes",
        "skip_clean",
    ),
    *_provisioner("file", "source", "destination"),
    *_provisioner("windows-restart", "restart_command", "restart_check_command", "restart_timeout"),
    *_provisioner("windows-update", "search_criteria", "filters", "update_limit"),
    *_provisioner("manifest", "output"),
)

OF_ANY_PROVISIONER = frozenset(("max_retries", "timeout"))
"""What Packer's core itself reads of every provisioner, in all versions from 1.6.6 on (`lower.tuning`)."""

BY_NAME = {(option.component, option.name): option for option in OPTIONS}
