"""Phase preflight: what must be true in Azure before the first machine, and the values of the run's variables."""

from __future__ import annotations

import uuid

from imagesmith.azure.clients import AzureError, told
from imagesmith.azure.leftovers import INTERMEDIATE
from imagesmith.azure.reading import exists
from imagesmith.azure.versions import resolve_version, version_exists
from imagesmith.build.ending import Stop
from imagesmith.build.keys import new_login_key
from imagesmith.build.run import Run
from imagesmith.build.secrets import step_variables
from imagesmith.diagnostics import Rule, Severity
from imagesmith.events import ExitCode, Progress, now
from imagesmith.model.ids import parse_id
from imagesmith.plan import RUN_TAG, TEMPLATE_TAG, NeedKind, OnError, OsType, PublicationKind, Stage
from imagesmith.source import locate
from imagesmith.targets.shapes import BASIC_IP

NO_PUBLIC_IP = Rule(
    code="IMG813",
    severity=Severity.ERROR,
    title="this Packer cannot reach a machine in today's Azure without a network of yours",
    cause=BASIC_IP.cause,
    fix=BASIC_IP.fix,
    source=BASIC_IP.source,
)


VERSION_TAKEN = Rule(
    code="IMG816",
    severity=Severity.ERROR,
    title="the gallery has this version already",
    cause="A published version is not replaced: Packer 1.6 would write over it without a word, newer ones refuse late.",
    fix="write another number into galleryImageId, or use versioning with scheme Latest; or delete the old version",
    source="lowering.md §3 row 29",
)


def preflight(run: Run) -> None:
    """Check what would fail an hour later, and decide what the HCL leaves to the run. Raises Stop."""
    if run.plan.needs_basic_public_ip and not run.world.gives_basic_public_ips:
        found = NO_PUBLIC_IP.at(("properties", "vmProfile"))
        raise Stop(ExitCode.PREFLIGHT, found.message, [found])
    try:
        _decide_variables(run)
        _free_versions(run)
    except AzureError as error:
        document = run.compilation.document
        found_all = list(locate([error.diagnostic], document)) if document else [error.diagnostic]
        raise Stop(ExitCode.PREFLIGHT, error.diagnostic.message, found_all) from error


def _decide_variables(run: Run) -> None:
    declared = {variable.name for stage in run.plan.stages for variable in stage.variables}
    run.variables |= step_variables(run)
    run.variables["subscription_id"] = run.world.subscription_id
    run.variables["run_tags"] = f'{{"{RUN_TAG}"="{run.folder.run_id}","{TEMPLATE_TAG}"="{_tag_text(run.plan.name)}"}}'
    if "intermediate_image_name" in declared:
        run.variables["intermediate_image_name"] = f"{INTERMEDIATE}{run.folder.run_id}".lower()
    for stage in run.plan.stages:
        for variable in stage.variables:
            if variable.name == "vhd_resource_group_name" and variable.value:
                run.variables[variable.name] = variable.value
    for request in run.plan.versions:
        number = resolve_version(request, run.plan, run.world, now())
        run.say(Progress(time=now(), text=f"gallery version {number} ({request.scheme.value})"))
        run.variables[request.variable] = number
    if "build_resource_group_name" in declared:
        _decide_staging_group(run)
    if _keeps_machine(run) and run.plan.os_type is OsType.LINUX:
        run.variables["ssh_private_key_file"] = str(new_login_key(run.folder.path))


def _free_versions(run: Run) -> None:
    """Look whether the numbers that the template gives are still free. Raises AzureError."""
    for publication in run.plan.publications:
        text = publication.artifact_id
        if publication.kind is not PublicationKind.SHARED_IMAGE or text is None or "{" in text:
            continue
        version, path = parse_id(text), (*publication.path, "galleryImageId")
        if run.world.credential is not None and version_exists(version, run.world, path):
            raise AzureError(VERSION_TAKEN.at(path, f"the gallery has version {version.name} already"))


def _keeps_machine(run: Run) -> bool:
    return any(run.on_error(stage) is OnError.ABORT for stage in run.plan.stages)


def _decide_staging_group(run: Run) -> None:
    """An existing group is built in; a missing one is left to Packer, which then makes and removes it."""
    for need in run.plan.needs:
        if need.kind is NeedKind.RESOURCE_GROUP and need.path == ("properties", "stagingResourceGroup"):
            group = parse_id(need.id)
            with told(f"cannot look for the resource group '{group.name}'", need.path):
                there = exists(run.world, need.id)
            run.variables["build_resource_group_name"] = group.name if there else ""


def stage_variables(run: Run, stage: Stage) -> dict[str, str]:
    """Values for a stage's variables: the world's, the run's, and a resource group name of its own."""
    values = {**run.world.variables, **run.variables}
    stem = next((variable for variable in stage.variables if variable.name == "temp_resource_group_name"), None)
    if stem is not None:
        values["temp_resource_group_name"] = f"{stem.default}_{uuid.uuid4()}"
    run.groups[stage.name] = values.get("build_resource_group_name") or values.get("temp_resource_group_name", "")
    return values


def _tag_text(text: str) -> str:
    """Text that may stand in a tag and in quotes."""
    return "".join(character if character.isalnum() or character in "-_. " else "-" for character in text)[:200]
