"""A checked document to an `ImageTemplate`. The schema has already said what is wrong; here nothing can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from imagesmith.model.part import Part
from imagesmith.model.template import (
    Customizer,
    Distributor,
    ErrorHandling,
    File,
    ImageTemplate,
    ManagedImageDistributor,
    ManagedImageSource,
    Optimize,
    PlanInfo,
    PlatformImage,
    PowerShell,
    SharedImageDistributor,
    SharedImageVersionSource,
    Shell,
    Source,
    TargetRegion,
    Validate,
    Validator,
    Versioning,
    VhdDistributor,
    VmProfile,
    VnetConfig,
    WindowsRestart,
    WindowsUpdate,
    WorkloadOptimization,
)
from imagesmith.source import Document


def parse(document: Document, *, api_version: str) -> ImageTemplate:
    """Turn a normalised and checked document into a template.

    Raises KeyError for a `type` that no schema lets through; that would be our bug.
    """
    root = Part(document.root, ())
    properties = root.part("properties")
    return ImageTemplate(
        name=root.text("name"),
        location=root.text("location"),
        api_version=api_version,
        source=_source(properties.part("source")),
        customize=tuple(CUSTOMIZERS[part.required("type")](part) for part in properties.parts("customize")),
        optimize=_optimize(properties.part("optimize")),
        validate=_validate(properties.part("validate")) if properties.has("validate") else None,
        distribute=tuple(DISTRIBUTORS[part.required("type")](part) for part in properties.parts("distribute")),
        error_handling=_error_handling(properties.part("errorHandling")),
        build_timeout_in_minutes=properties.integer("buildTimeoutInMinutes") or 0,
        vm_profile=_vm_profile(properties.part("vmProfile")),
        additional_data_disks=tuple(part.integer("sizeGB") or 0 for part in properties.parts("additionalDataDisks")),
        staging_resource_group=properties.text("stagingResourceGroup"),
        auto_run=properties.part("autoRun").text("state"),
        managed_resource_tags=properties.mapping("managedResourceTags"),
        tags=root.mapping("tags"),
        identities=tuple(root.part("identity").mapping("userAssignedIdentities")),
    )


def _source(part: Part) -> Source:
    return SOURCES[part.required("type")](part)


def _platform_image(part: Part) -> PlatformImage:
    plan = part.part("planInfo")
    return PlatformImage(
        path=part.path,
        publisher=part.text("publisher"),
        offer=part.text("offer"),
        sku=part.text("sku"),
        version=part.text("version") or "latest",
        plan_info=PlanInfo(
            path=plan.path,
            plan_name=plan.required("planName"),
            plan_product=plan.required("planProduct"),
            plan_publisher=plan.required("planPublisher"),
        )
        if part.has("planInfo")
        else None,
    )


def _shell(part: Part) -> Shell:
    return Shell(
        path=part.path,
        name=part.text("name"),
        inline=part.texts("inline"),
        script_uri=part.text("scriptUri"),
        sha256_checksum=part.text("sha256Checksum"),
    )


def _powershell(part: Part) -> PowerShell:
    codes = part.items("validExitCodes")
    return PowerShell(
        path=part.path,
        name=part.text("name"),
        inline=part.texts("inline"),
        script_uri=part.text("scriptUri"),
        sha256_checksum=part.text("sha256Checksum"),
        run_elevated=part.flag("runElevated"),
        run_as_system=part.flag("runAsSystem"),
        valid_exit_codes=tuple(code.data for code in codes or () if isinstance(code.data, int)),
    )


def _file(part: Part) -> File:
    return File(
        path=part.path,
        name=part.text("name"),
        source_uri=part.text("sourceUri"),
        destination=part.text("destination"),
        sha256_checksum=part.text("sha256Checksum"),
    )


def _restart(part: Part) -> WindowsRestart:
    return WindowsRestart(
        path=part.path,
        name=part.text("name"),
        restart_command=part.text("restartCommand"),
        restart_check_command=part.text("restartCheckCommand"),
        restart_timeout=part.text("restartTimeout"),
    )


def _update(part: Part) -> WindowsUpdate:
    return WindowsUpdate(
        path=part.path,
        name=part.text("name"),
        search_criteria=part.text("searchCriteria"),
        filters=part.texts("filters") or (),
        update_limit=part.integer("updateLimit") or 0,
    )


def _managed_image(part: Part) -> ManagedImageDistributor:
    return ManagedImageDistributor(
        path=part.path,
        run_output_name=part.required("runOutputName"),
        artifact_tags=part.mapping("artifactTags"),
        image_id=part.required("imageId"),
        location=part.required("location"),
    )


def _shared_image(part: Part) -> SharedImageDistributor:
    versioning = part.part("versioning")
    major = versioning.integer("major")
    return SharedImageDistributor(
        path=part.path,
        run_output_name=part.required("runOutputName"),
        artifact_tags=part.mapping("artifactTags"),
        gallery_image_id=part.required("galleryImageId"),
        replication_regions=part.texts("replicationRegions"),
        target_regions=None
        if part.items("targetRegions") is None
        else tuple(map(_region, part.parts("targetRegions"))),
        storage_account_type=part.text("storageAccountType"),
        exclude_from_latest=part.flag("excludeFromLatest"),
        versioning=Versioning(
            path=versioning.path,
            scheme=versioning.required("scheme"),
            major=None if major is None or major < 0 else major,
        )
        if part.has("versioning")
        else None,
        replication_mode=part.text("replicationMode"),
    )


def _region(part: Part) -> TargetRegion:
    return TargetRegion(
        path=part.path,
        name=part.required("name"),
        replica_count=part.integer("replicaCount"),
        storage_account_type=part.text("storageAccountType"),
    )


def _vhd(part: Part) -> VhdDistributor:
    return VhdDistributor(
        path=part.path,
        run_output_name=part.required("runOutputName"),
        artifact_tags=part.mapping("artifactTags"),
        uri=part.text("uri"),
    )


def _validate(part: Part) -> Validate:
    return Validate(
        path=part.path,
        continue_distribute_on_failure=part.flag("continueDistributeOnFailure"),
        source_validation_only=part.flag("sourceValidationOnly"),
        in_vm_validations=tuple(VALIDATORS[item.required("type")](item) for item in part.parts("inVMValidations")),
    )


def _optimize(part: Part) -> Optimize:
    workload = part.part("workload")
    return Optimize(
        path=part.path,
        vm_boot_state=part.part("vmBoot").text("state"),
        workload=WorkloadOptimization(
            path=workload.path,
            state=workload.text("state"),
            script_uri=workload.text("scriptUri"),
            sha256_checksum=workload.text("sha256Checksum"),
        )
        if part.has("workload")
        else None,
    )


def _error_handling(part: Part) -> ErrorHandling:
    return ErrorHandling(
        path=part.path,
        on_customizer_error=part.text("onCustomizerError") or "cleanup",
        on_validation_error=part.text("onValidationError") or "cleanup",
    )


def _vm_profile(part: Part) -> VmProfile:
    network = part.part("vnetConfig")
    return VmProfile(
        path=part.path,
        vm_size=part.text("vmSize"),
        os_disk_size_gb=part.integer("osDiskSizeGB") or 0,
        user_assigned_identities=part.texts("userAssignedIdentities") or (),
        vnet_config=VnetConfig(
            path=network.path,
            subnet_id=network.text("subnetId"),
            container_instance_subnet_id=network.text("containerInstanceSubnetId"),
            proxy_vm_size=network.text("proxyVmSize"),
            name=network.text("name"),
            subnet_name=network.text("subnetName"),
            resource_group_name=network.text("resourceGroupName"),
        )
        if part.has("vnetConfig")
        else None,
    )


SOURCES: Mapping[str, Callable[[Part], Source]] = {
    "PlatformImage": _platform_image,
    "ManagedImage": lambda part: ManagedImageSource(path=part.path, image_id=part.required("imageId")),
    "SharedImageVersion": lambda part: SharedImageVersionSource(
        path=part.path, image_version_id=part.required("imageVersionId")
    ),
}
CUSTOMIZERS: Mapping[str, Callable[[Part], Customizer]] = {
    "Shell": _shell,
    "PowerShell": _powershell,
    "WindowsRestart": _restart,
    "WindowsUpdate": _update,
    "File": _file,
}
VALIDATORS: Mapping[str, Callable[[Part], Validator]] = {"Shell": _shell, "PowerShell": _powershell, "File": _file}
DISTRIBUTORS: Mapping[str, Callable[[Part], Distributor]] = {
    "ManagedImage": _managed_image,
    "SharedImage": _shared_image,
    "VHD": _vhd,
}
