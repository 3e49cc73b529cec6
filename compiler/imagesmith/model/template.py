"""The image template in Azure's words: frozen, typed, each part with the path it came from.

Field names are Azure's in snake case; meaning and limits are in aib-templates.md §1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from imagesmith.diagnostics import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanInfo:
    """Purchase plan of a paid marketplace image."""

    path: Path
    plan_name: str
    plan_product: str
    plan_publisher: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformImage:
    """A marketplace image."""

    path: Path
    publisher: str | None
    offer: str | None
    sku: str | None
    version: str
    plan_info: PlanInfo | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagedImageSource:
    """A managed image as source."""

    path: Path
    image_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedImageVersionSource:
    """A gallery's image version as source; also direct-shared and community galleries."""

    path: Path
    image_version_id: str


Source: TypeAlias = PlatformImage | ManagedImageSource | SharedImageVersionSource


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """A shell step (Linux): lines, or a script by URI."""

    path: Path
    name: str | None
    inline: tuple[str, ...] | None
    script_uri: str | None
    sha256_checksum: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerShell:
    """A PowerShell step (Windows): lines, or a script by URI."""

    path: Path
    name: str | None
    inline: tuple[str, ...] | None
    script_uri: str | None
    sha256_checksum: str | None
    run_elevated: bool
    run_as_system: bool
    valid_exit_codes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowsRestart:
    """A restart of a Windows machine."""

    path: Path
    name: str | None
    restart_command: str | None
    restart_check_command: str | None
    restart_timeout: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WindowsUpdate:
    """Installation of Windows updates."""

    path: Path
    name: str | None
    search_criteria: str | None
    filters: tuple[str, ...]
    update_limit: int


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file copied to the machine."""

    path: Path
    name: str | None
    source_uri: str | None
    destination: str | None
    sha256_checksum: str | None

    @property
    def copies_folder(self) -> bool:
        """Whether the source is a folder beside the template: a relative path that ends in a slash (docs/files.md)."""
        uri = self.source_uri or ""
        return uri.endswith(("/", "\\")) and not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]", uri)


Customizer: TypeAlias = Shell | PowerShell | WindowsRestart | WindowsUpdate | File
Validator: TypeAlias = Shell | PowerShell | File


@dataclass(frozen=True, kw_only=True, slots=True)
class Validate:
    """`properties.validate`: checks on a machine made from the result."""

    path: Path
    continue_distribute_on_failure: bool = False
    source_validation_only: bool = False
    in_vm_validations: tuple[Validator, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ManagedImageDistributor:
    """A managed image as result."""

    path: Path
    run_output_name: str
    artifact_tags: Mapping[str, str]
    image_id: str
    location: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TargetRegion:
    """One region of a gallery version."""

    path: Path
    name: str
    replica_count: int | None
    storage_account_type: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Versioning:
    """How a gallery version's number is found."""

    path: Path
    scheme: str
    major: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedImageDistributor:
    """A gallery's image version as result. `regions` is None where the template names no region in either way."""

    path: Path
    run_output_name: str
    artifact_tags: Mapping[str, str]
    gallery_image_id: str
    replication_regions: tuple[str, ...] | None
    target_regions: tuple[TargetRegion, ...] | None
    storage_account_type: str | None
    exclude_from_latest: bool
    versioning: Versioning | None
    replication_mode: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VhdDistributor:
    """A VHD blob as result."""

    path: Path
    run_output_name: str
    artifact_tags: Mapping[str, str]
    uri: str | None


Distributor: TypeAlias = ManagedImageDistributor | SharedImageDistributor | VhdDistributor


@dataclass(frozen=True, kw_only=True, slots=True)
class VnetConfig:
    """The network of the machine: an existing subnet, or the three names that 2019-05-01-preview had."""

    path: Path
    subnet_id: str | None = None
    container_instance_subnet_id: str | None = None
    proxy_vm_size: str | None = None
    name: str | None = None
    subnet_name: str | None = None
    resource_group_name: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class VmProfile:
    """The machine that the image is built on."""

    path: Path
    vm_size: str | None = None
    os_disk_size_gb: int = 0
    user_assigned_identities: tuple[str, ...] = ()
    vnet_config: VnetConfig | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkloadOptimization:
    """`optimize.workload`."""

    path: Path
    state: str | None
    script_uri: str | None
    sha256_checksum: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimize:
    """`properties.optimize`."""

    path: Path
    vm_boot_state: str | None = None
    workload: WorkloadOptimization | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorHandling:
    """What happens to the machine when a phase fails: `cleanup` or `abort`."""

    path: Path
    on_customizer_error: str = "cleanup"
    on_validation_error: str = "cleanup"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageTemplate:
    """A whole image template."""

    path: Path = ()
    name: str | None
    location: str | None
    api_version: str
    source: Source
    customize: tuple[Customizer, ...] = ()
    optimize: Optimize
    validate: Validate | None
    distribute: tuple[Distributor, ...]
    error_handling: ErrorHandling
    build_timeout_in_minutes: int = 0
    vm_profile: VmProfile
    additional_data_disks: tuple[int, ...] = ()
    """Sizes in GB."""
    staging_resource_group: str | None = None
    auto_run: str | None = None
    managed_resource_tags: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    identities: tuple[str, ...] = ()
