"""Lowering: an image template to a build plan. Every decision of the translation is made here, and nowhere else.

The order of work is architecture §4: place the default deprovisioning script, customize, run the deprovisioning script
that is there now, capture and publish; then validate on a new machine made from the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from imagesmith.diagnostics import Diagnostic, On, Path, Rule, Severity
from imagesmith.hcl import Block, attributes
from imagesmith.lower.image import pinned, source_section
from imagesmith.lower.machine import (
    DEFAULT_TIMEOUT_MINUTES,
    build_location,
    build_subscription,
    connection_section,
    limits_section,
    login_section,
    machine_section,
    network_sections,
    note_service_side,
    place_section,
    temporary_group,
)
from imagesmith.lower.output import validates_later, validates_source
from imagesmith.lower.publish import (
    Published,
    publish,
    spare_group,
)
from imagesmith.lower.steps import DEPROVISION_COMMAND, STOP_EXIT_CODE, Steps
from imagesmith.lower.words import Lowering, LowerOptions, ValidateOn
from imagesmith.model import ImageTemplate, ManagedImageDistributor, ManagedImageSource
from imagesmith.plan import BuildPlan, OnError, OsType, Section, Stage, StageName

__all__ = ["STOP_EXIT_CODE", "LowerOptions", "Lowered", "ValidateOn", "lower"]


BUILD_VM_STOPS = Rule(
    code="IMG413",
    severity=Severity.WARNING,
    title="validators on the build machine that fail always stop the build",
    cause="They run before the machine is generalized, so there is no image yet that could be distributed.",
    fix="validate on a new machine (--validate-on new-vm) to distribute whatever the validators say",
    example='"validate": {"continueDistributeOnFailure": true, …}   (--validate-on build-vm)',
    corrected='"validate": {"continueDistributeOnFailure": true, …}   (--validate-on new-vm)',
    source="architecture §4.2",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lowered:
    """A plan in Packer's newest words, and what had to be said on the way. With an error the plan is not to be used.
    `step_values` are what input variables of the plan hold for secure parameters."""

    plan: BuildPlan
    diagnostics: tuple[Diagnostic, ...]
    step_values: Mapping[str, str] = field(repr=False)


def lower(template: ImageTemplate, options: LowerOptions) -> Lowered:
    """Decide how a template is built. The template has passed the rules: ids parse, the OS type is known."""
    lowering = Lowering(options=options)
    template = replace(template, source=pinned(template.source, options.source_version))
    note_service_side(template, lowering)
    published = Published()
    stages = []
    checks = template.validate
    if not (checks and checks.source_validation_only):
        build, published = _build_stage(template, lowering)
        stages.append(build)
    stages.extend(_validate_stage(template, published, lowering))
    spare = spare_group(template, lowering)
    plan = BuildPlan(
        name=options.name,
        os_type=options.os_type,
        location=build_location(template, lowering),
        stages=tuple(stages),
        publications=published.publications,
        needs=tuple(lowering.needs.values()),
        versions=tuple(lowering.versions),
        timeout_s=60 * (template.build_timeout_in_minutes or DEFAULT_TIMEOUT_MINUTES),
        continue_distribute_on_failure=bool(checks and checks.continue_distribute_on_failure),
        source_validation_only=bool(checks and checks.source_validation_only),
        subscription_id=build_subscription(_own_ids(template), lowering),
        spare_resource_group=spare,
        secrets=tuple(lowering.secrets.values()),
    )
    return Lowered(plan=plan, diagnostics=tuple(lowering.diagnostics), step_values=dict(lowering.values))


def _own_ids(template: ImageTemplate) -> Iterator[tuple[str, Path]]:
    """The ids that Packer looks up in the build's own subscription (lowering.md §1.1)."""
    if template.staging_resource_group:
        yield template.staging_resource_group, ("properties", "stagingResourceGroup")
    if isinstance(template.source, ManagedImageSource):
        yield template.source.image_id, (*template.source.path, "imageId")
    network = template.vm_profile.vnet_config
    if network and network.subnet_id:
        yield network.subnet_id, (*network.path, "subnetId")
    for item in template.distribute:
        if isinstance(item, ManagedImageDistributor):
            yield item.image_id, (*item.path, "imageId")


def _build_stage(template: ImageTemplate, lowering: Lowering) -> tuple[Stage, Published]:
    published = publish(template, lowering)
    steps = _build_steps(template, lowering)
    sections = (
        *_machine_sections(template, lowering),
        source_section(template.source, lowering),
        *published.sections,
        limits_section(template),
    )
    stage = Stage(
        name=StageName.BUILD,
        sections=sections,
        steps=tuple(steps.steps),
        fetches=tuple(steps.fetches),
        variables=lowering.variables_of(sections, steps.steps),
        on_error=OnError(template.error_handling.on_customizer_error),
    )
    return stage, published


def _build_steps(template: ImageTemplate, lowering: Lowering) -> Steps:
    """The steps of the build stage: those of the template between our own."""
    steps = Steps(lowering=lowering)
    windows = lowering.options.os_type is OsType.WINDOWS
    system = attributes(elevated_user="SYSTEM", elevated_password="")
    ending = "ps1" if windows else "sh"
    steps.own(
        "place-deprovisioning",
        "put the default deprovisioning script in place",
        f"place-deprovisioning.{ending}.j2",
        **dict(system if windows else ()),
    )
    for index, customizer in enumerate(template.customize):
        steps.add(customizer, f"customize[{index}]")
    if template.optimize.workload:
        steps.add_workload(template.optimize.workload)
    if template.validate and lowering.options.validate_on is ValidateOn.BUILD_VM:
        if template.validate.continue_distribute_on_failure and template.validate.in_vm_validations:
            lowering.say(BUILD_VM_STOPS, (*template.validate.path, "continueDistributeOnFailure"), on=On.KEY)
        for index, validator in enumerate(template.validate.in_vm_validations):
            steps.add(validator, f"validate[{index}]")
    deprovision = (
        system
        if windows
        else attributes(execute_command=DEPROVISION_COMMAND, expect_disconnect=True, start_retry_timeout="10m")
    )
    steps.own(
        "deprovision",
        "generalize the machine",
        f"deprovision.{ending}.j2",
        **dict(deprovision),
        skip_clean=True,
    )
    return steps


def _machine_sections(template: ImageTemplate, lowering: Lowering) -> tuple[Section, ...]:
    return (
        login_section(lowering),
        place_section(template, lowering),
        machine_section(template, lowering),
        connection_section(lowering),
        *network_sections(template, lowering),
    )


def _validate_stage(template: ImageTemplate, published: Published, lowering: Lowering) -> Iterator[Stage]:
    """Validators on a new machine: its source is what the build published, or the template's own source."""
    checks = template.validate
    if checks is None or not (validates_later(template, lowering) or validates_source(template)):
        return
    steps = Steps(lowering=lowering)
    for index, validator in enumerate(checks.in_vm_validations):
        steps.add(validator, f"validate[{index}]")
    image = source_section(template.source, lowering)
    demands_image = isinstance(template.source, ManagedImageSource)
    if published.boots_from is not None:
        image = Section(name="image", body=published.boots_from)
        demands_image = published.boots_from_managed_image
    rows = attributes(skip_create_image=True)
    if demands_image:
        # A managed-image source demands a managed image as output, even one that is never made (lowering.md §1.5).
        rows += attributes(
            managed_image_name="never-made", managed_image_resource_group_name=temporary_group(template, lowering)
        )
    nothing = Section(name="nothing", body=Block(type="nothing", attributes=rows))
    sections = (*_machine_sections(template, lowering), image, nothing, limits_section(template))
    spare_group(template, lowering)  # some targets name it here, and then its variable has to be declared
    yield Stage(
        name=StageName.VALIDATE,
        sections=sections,
        steps=tuple(steps.steps),
        fetches=tuple(steps.fetches),
        variables=tuple(lowering.variables.values()),
        on_error=OnError(template.error_handling.on_validation_error),
    )
