"""What a build will do, decided: stages, steps, publications, variables and needs, in Packer's newest words.

Planning is pure. Everything after it (`targets`, `emit`, the runner) carries out what stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from imagesmith.diagnostics import Path
from imagesmith.hcl import Block, Literal, render
from imagesmith.model import OsType as OsType  # noqa: PLC0414 - part of this module's words

RUN_TAG = "imagesmith-run"
TEMPLATE_TAG = "imagesmith-template"
RUN_TAGS = (RUN_TAG, TEMPLATE_TAG)
"""Tags that a run adds to all that it makes. By these leftovers are found; a result does not keep them (lowering.md
§1.3)."""


class StageName(StrEnum):
    """The Packer runs of a build, also the names of their folders."""

    BUILD = "build"
    VALIDATE = "validate"


class OnError(StrEnum):
    """`errorHandling` of the template and `-on-error` of Packer."""

    CLEANUP = "cleanup"
    ABORT = "abort"


class FetchKind(StrEnum):
    """What a file to fetch is: a script that is run, a file that is copied, or a folder beside the template, as an
    archive of the kind that the machine's system unpacks."""

    SCRIPT = "script"
    FILE = "file"
    TAR = "tar"
    ZIP = "zip"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """A file that the template names by URI (or by a path relative to the template) and that a step needs.

    `file` is its place in the stage's folder, `path` the property that names it, `sha256` lower-case hex or None.
    """

    uri: str = field(repr=False)
    kind: FetchKind
    file: str
    path: Path
    sha256: str | None = None
    unpacked_to: str | None = None
    """Where on the machine a folder goes, as the template says it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepFile:
    """A file of a step, relative to the stage's folder: its content, or the name of the Jinja template that makes it;
    neither while it has to be fetched."""

    name: str
    content: bytes | None = field(default=None, repr=False)
    template: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StepSecret:
    """A secret that steps read from their environment, or that an option of the HCL holds: `name` is its environment
    variable (for an option, that of the input variable), `variable` the input variable of the HCL, `origin` where its
    value comes from, in words for people."""

    name: str
    variable: str
    origin: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One provisioner: a customizer, a validator, or one of our own steps around them.

    `id` is ``customize[3]``, ``validate[0]``, ``deprovision``, ...; `path` is where it stands in the template, None for
    our own. `marker` is a text that Packer prints when the step starts (the script's file name), None for steps without
    a file, which are matched by their order. `digest` covers the step, its files and everything before it.
    """

    id: str
    kind: str
    title: str
    path: Path | None
    blocks: tuple[Block, ...]
    files: tuple[StepFile, ...] = ()
    marker: str | None = None
    secrets: tuple[str, ...] = ()
    """Names of the environment variables in which the step gets secrets."""
    digest: str = ""


class PublicationKind(StrEnum):
    """The kinds of distributor, in the template's words."""

    MANAGED_IMAGE = "ManagedImage"
    SHARED_IMAGE = "SharedImage"
    VHD = "VHD"


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """One result of the build stage. `artifact_id` is the id that it will have, with the names of input variables in
    braces (`{gallery_image_version}`) for what a run decides; None for a VHD, whose address is only known afterwards.

    `intermediate` ones are needed on the way (named by the run) and removed when the run has published.
    """

    kind: PublicationKind
    run_output_name: str
    path: Path
    artifact_id: str | None
    artifact_tags: Mapping[str, str] = field(default_factory=dict)
    exclude_from_latest: bool = False
    intermediate: bool = False


class NeedKind(StrEnum):
    """What has to exist in Azure before a build can start."""

    RESOURCE_GROUP = "resource group"
    GALLERY_IMAGE = "gallery image definition"
    GALLERY_IMAGE_VERSION = "gallery image version"
    MANAGED_IMAGE = "managed image"
    PLATFORM_IMAGE = "platform image"
    SUBNET = "subnet"
    IDENTITY = "user-assigned identity"
    STORAGE_CONTAINER = "storage container"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """Something that the plan refers to and does not make. `id` is an ARM id; `publisher:offer:sku:version` for a
    platform image, the container's URL for a storage container."""

    kind: NeedKind
    id: str
    path: Path


class VersionScheme(StrEnum):
    """How a gallery version's number is found (aib-templates.md §2.8)."""

    LATEST = "Latest"
    SOURCE = "Source"
    LEGACY = "legacy"
    """The time-based number of API versions before 2022-07-01: `0.<seconds / 65536>.<rest>`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionRequest:
    """A gallery version's number to be resolved against the gallery just before the build."""

    variable: str
    gallery_image_id: str
    scheme: VersionScheme
    major: int | None
    path: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Variable:
    """An input variable of the HCL. `default` is None for a variable that may stay away, or the value that it then has;
    a `required` one has no default. `value` is what `plan.json` shows and what `packer validate` needs without a run.
    """

    name: str
    description: str
    type: str = "string"
    sensitive: bool = False
    required: bool = False
    default: Literal = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A part of the `source "azure-arm"` block that belongs together; `name` picks its template, `path` is what it says
    of the image template."""

    name: str
    body: Block
    path: Path = ()


_VARIABLE = re.compile(r"\bvar\.([a-z0-9_]+)")


def used_variables(
    variables: Iterable[Variable], sections: Iterable[Section], steps: Iterable[Step]
) -> tuple[Variable, ...]:
    """Those of the variables that the sections and the steps read. Of steps, only those with secrets read any."""
    blocks = [section.body for section in sections]
    blocks += [block for step in steps if step.secrets for block in step.blocks]
    used = {name for block in blocks for name in _VARIABLE.findall(render(block))}
    return tuple(variable for variable in variables if variable.name in used)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One Packer run: its source, its steps, and what its files need beside them.

    Where the target has no `skip_create_image`, the last step of a stage that captures nothing, after all others
    passed, ends in `stop_exit_code`, which the supervisor, and only it, reads as success.
    """

    name: StageName
    sections: tuple[Section, ...]
    steps: tuple[Step, ...]
    fetches: tuple[Fetch, ...] = ()
    variables: tuple[Variable, ...] = ()
    settings: Block | None = None
    """The `packer { required_plugins }` block, None where the target knows none."""
    on_error: OnError = OnError.CLEANUP
    stop_exit_code: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildPlan:
    """A whole build. `stages` are in the order in which they run."""

    name: str
    os_type: OsType
    location: str
    stages: tuple[Stage, ...]
    publications: tuple[Publication, ...]
    needs: tuple[Need, ...] = ()
    versions: tuple[VersionRequest, ...] = ()
    timeout_s: int = 240 * 60
    continue_distribute_on_failure: bool = False
    source_validation_only: bool = False
    subscription_id: str | None = None
    """The subscription that the template's own ids point at, None where it names none."""
    spare_resource_group: Literal = None
    """A resource group that exists for certain, for what some Packers need only on the way."""
    needs_basic_public_ip: bool = False
    """Set by `targets`: the Packer asks for a public IP of a kind that Azure no longer gives."""
    secrets: tuple[StepSecret, ...] = ()
    """What steps get as environment variables; the values are a run's."""

    def stage(self, name: StageName) -> Stage | None:
        """The stage of this name, None if the plan has none."""
        return next((stage for stage in self.stages if stage.name is name), None)
