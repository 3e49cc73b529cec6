"""The compiler: a template's text to the files of a Packer build. Read `compile_document` first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from imagesmith import arm, model, source
from imagesmith.arm import Deployment
from imagesmith.diagnostics import Diagnostic, Span, has_errors, in_order
from imagesmith.diagnostics import Path as TemplatePath
from imagesmith.folder import write_folder
from imagesmith.lower import LowerOptions, ValidateOn, lower
from imagesmith.lower.parameters import judge_parameters
from imagesmith.lower.texts import stem_of
from imagesmith.lower.tuning import StepOptions, tuned
from imagesmith.lower.veil import veiled
from imagesmith.masking import redacted, with_plain_titles, without_long
from imagesmith.model import ImageTemplate, OsType
from imagesmith.normalise import Normalised, normalise
from imagesmith.plan import BuildPlan
from imagesmith.policy import Directive, Policy, Silenced, directives_in, judge
from imagesmith.rules import RuleContext, ShellReader, check, decide_os_type, secrets_in_clear
from imagesmith.schema import check as check_schema
from imagesmith.source import Bicep, Document
from imagesmith.targets import NEWEST, Target, retarget


@dataclass(frozen=True, kw_only=True, slots=True)
class CompileOptions:
    """Everything besides the template that a compilation depends on; the same options give the same bytes.

    `now` and `seed` feed `utcNow()` and `newGuid()`; they are taken from the clock and the system when not given.
    """

    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    shown_parameters: frozenset[str] = frozenset()
    """Names of parameters whose values stood where others could read them: on a command line."""
    parameter_files: tuple[Document, ...] = field(default=(), repr=False)
    resolved: Mapping[str, str] = field(default_factory=dict)
    """Values for what only Azure knows, by expression: ``{"reference('vnet').subnets[0].id": "/subscriptions/…"}``."""
    read_linked: Callable[[str, str], Document] | None = None
    """Reads linked templates (path, and the file that names it); `compile_template` reads those in its folder."""
    bicep: Bicep | None = None
    """The program that compiles `.bicep` and `.bicepparam` files; without it they are refused."""
    resource_group: str | None = None
    subscription_id: str | None = None
    tenant_id: str | None = None
    location: str | None = None
    os_type: OsType | None = None
    name: str | None = None
    target: Target = NEWEST
    strict: bool = False
    strict_scripts: bool = False
    validate_on: ValidateOn = ValidateOn.NEW_VM
    vhd_container: str | None = None
    vhd_resource_group: str | None = None
    policy: Policy = field(default_factory=Policy)
    found: tuple[Diagnostic, ...] = ()
    """What was found where these options were read, as in a settings file; an error in it stops the compilation."""
    source_version: str | None = None
    """The version to build from where the source says `latest`."""
    step_options: Mapping[str, StepOptions] = field(default_factory=dict)
    """Retries, time limits and going on for single steps, by id (``customize[2]``)."""
    secrets: tuple[str, ...] = ()
    """Names of environment variables that a build gives to every script of the template as secrets."""
    check_only: bool = False
    """Make the plan and all diagnostics, but no files."""
    is_locked: bool = False
    """Whether a lock file pins the source and all files of the template."""
    shell_reader: ShellReader | None = None
    """Reads the grammar of Shell steps, by a program of this machine: `imagesmith.toolchain.shells`."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    seed: str = field(default_factory=lambda: os.urandom(16).hex())


@dataclass(frozen=True, kw_only=True, slots=True)
class Compilation:
    """What came out: diagnostics always, a plan and files where the template has no error; `template` where what it
    says is in order, though perhaps not for the Packer that it was compiled for; what the template silences apart."""

    filename: str
    diagnostics: tuple[Diagnostic, ...]
    options: CompileOptions
    document: Document | None = field(default=None, repr=False)
    template: ImageTemplate | None = field(default=None, repr=False)
    plan: BuildPlan | None = field(default=None, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    named_secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of secure parameters by the parameters' names."""
    step_values: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values of the HCL's input variables for secrets of secure parameters that steps restore."""
    silenced: tuple[Silenced, ...] = ()
    directives: tuple[Directive, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is a plan: no diagnostic is an error."""
        return self.plan is not None

    def write(self, directory: str | os.PathLike[str]) -> None:
        """Write the files. Raises ValueError without a plan, FolderError as `write_folder` does."""
        if self.plan is None:
            raise ValueError("a template with errors has no files")
        write_folder(directory, self.files)

    def locate(self, path: TemplatePath) -> Span | None:
        """Where a part of the template stands in the user's file."""
        origin = self.document.origin(path) if self.document else None
        return origin.span if origin else None

    def for_target(self, target: Target) -> Compilation:
        """The same template compiled for another Packer; what is wrong with the template itself stays as it is."""
        if self.document is None or self.template is None:
            return replace(self, options=replace(self.options, target=target))
        again = _compile_resource(self.document, replace(self.options, target=target), self.secrets, self.named_secrets)
        return _judged(again, self.directives, complete=False)


def compile_template(path: str | os.PathLike[str], *, options: CompileOptions | None = None) -> Compilation:
    """Compile a template file. Never raises for what is wrong with it: that is in `diagnostics`."""
    options = options or CompileOptions()
    inputs = source.read_inputs(path, parameter_files=options.parameter_files, bicep=options.bicep)
    read_linked = options.read_linked or source.FilesBelow(Path(path).parent)
    options = replace(options, parameter_files=inputs.parameter_files, read_linked=read_linked)
    return compile_document(inputs.document, options=options, notes=inputs.notes)


def compile_text(text: str, *, filename: str, options: CompileOptions | None = None) -> Compilation:
    """Compile a template's text; `filename` is what diagnostics print."""
    return compile_document(source.read_text(text, filename=filename), options=options or CompileOptions())


def compile_document(document: Document, *, options: CompileOptions, notes: Iterable[Diagnostic] = ()) -> Compilation:
    """Compile what has been read: resolve deployment files and placeholders, compile the resource in them, and keep of
    the diagnostics what the options and the template want."""
    directives, misspelt = directives_in(document)
    compilation = _compile_document(document, options, [*options.found, *notes, *misspelt, *document.diagnostics])
    return _judged(compilation, directives, complete=compilation.ok)


def _judged(compilation: Compilation, directives: tuple[Directive, ...], *, complete: bool) -> Compilation:
    """The compilation with the diagnostics that count; one that a policy has made an error takes the plan away."""
    judged = judge(compilation.diagnostics, policy=compilation.options.policy, directives=directives, complete=complete)
    judged_ones = in_order(judged.diagnostics)
    compilation = replace(compilation, diagnostics=judged_ones, silenced=judged.silenced, directives=directives)
    return replace(compilation, plan=None, files={}) if has_errors(judged_ones) else compilation


def _compile_document(document: Document, options: CompileOptions, diagnostics: list[Diagnostic]) -> Compilation:
    for file in options.parameter_files:
        diagnostics += file.diagnostics
    if document.root is None or has_errors(diagnostics):
        return _stopped(document, options, diagnostics)
    resolution = arm.resolve(document, _deployment(document, options))
    diagnostics += resolution.diagnostics
    if resolution.document is None:
        return _stopped(document, options, diagnostics, resolution.secrets)
    if has_errors(diagnostics):
        # What could not be resolved is said already; everything else is still worth checking, in the same run.
        normalised, found = _checked(resolution.document, options, unresolved=resolution.unresolved)
        located = source.locate(found, normalised.document)
        return _stopped(document, options, (*diagnostics, *located), resolution.secrets)
    compilation = _compile_resource(resolution.document, options, resolution.secrets, resolution.named_secrets)
    found_before = redacted(diagnostics, resolution.secrets)
    return replace(compilation, diagnostics=in_order((*found_before, *compilation.diagnostics)))


def _compile_resource(
    document: Document, options: CompileOptions, hidden: tuple[str, ...], named: Mapping[str, str]
) -> Compilation:
    """The image template resource to files: spell, check, model, judge, lower, retarget, emit."""
    normalised, diagnostics = _checked(document, options)
    document = normalised.document
    if has_errors(diagnostics):
        return _stopped(document, options, diagnostics, hidden)
    template = model.parse(document, api_version=normalised.api_version)
    context = _rule_context(document, options, normalised.api_version)
    hidden = tuple(dict.fromkeys((*hidden, *secrets_in_clear(template, context))))
    os_type, evidence = decide_os_type(template, context)
    diagnostics += evidence
    diagnostics += check(template, replace(context, os_type=os_type))
    if has_errors(diagnostics) or os_type is None:
        return _stopped(document, options, diagnostics, hidden)
    lower_options = replace(
        _lower_options(document, template, options, os_type),
        hidden=named,
        depends=document.depends,
    )
    lowered = lower(template, lower_options)
    plan, found = tuned(lowered.plan, options.step_options)
    retargeted = retarget(plan, options.target)
    secrets_shown = judge_parameters(document.root, named, options.shown_parameters)
    diagnostics += (*lowered.diagnostics, *secrets_shown, *found, *retargeted.diagnostics)
    if has_errors(diagnostics):
        return replace(_stopped(document, options, diagnostics, hidden), template=template)
    veil = veiled(retargeted.plan, named)
    plan, files = _files(with_plain_titles(veil.plan, hidden), options, named)
    return Compilation(
        filename=document.filename,
        diagnostics=in_order(source.locate(redacted(diagnostics, hidden), document)),
        options=options,
        document=document,
        template=template,
        plan=plan,
        files=files,
        secrets=hidden,
        named_secrets=named,
        step_values={**lowered.step_values, **veil.values},
    )


def _checked(
    document: Document, options: CompileOptions, *, unresolved: tuple[TemplatePath, ...] = ()
) -> tuple[Normalised, list[Diagnostic]]:
    """The resource in today's spelling, and what speaks against it; nothing is said twice of what is `unresolved`."""
    normalised = normalise(document, strict=True if options.strict else None)
    found = check_schema(normalised.document, normalised.api_version, strict=normalised.strict, unresolved=unresolved)
    return normalised, [*normalised.diagnostics, *found]


def _files(plan: BuildPlan, options: CompileOptions, named: Mapping[str, str]) -> tuple[BuildPlan, Mapping[str, bytes]]:
    if options.check_only:
        return plan, {}
    from imagesmith.emit import emit  # Jinja is a third of the start-up time

    emission = emit(plan, without_long(named))
    return emission.plan, emission.files


def _stopped(
    document: Document, options: CompileOptions, diagnostics: Iterable[Diagnostic], hidden: tuple[str, ...] = ()
) -> Compilation:
    return Compilation(
        filename=document.filename,
        diagnostics=in_order(source.locate(redacted(diagnostics, hidden), document)),
        options=options,
        document=document,
        secrets=hidden,
    )


def _deployment(document: Document, options: CompileOptions) -> Deployment:
    return Deployment(
        parameters=options.parameters,
        parameter_files=options.parameter_files,
        resolved=options.resolved,
        read_linked=options.read_linked,
        resource_group=options.resource_group,
        subscription_id=options.subscription_id,
        tenant_id=options.tenant_id,
        location=options.location,
        name=options.name,
        default_name=stem_of(document.filename),
        now=options.now,
        seed=options.seed,
    )


def _rule_context(document: Document, options: CompileOptions, api_version: str) -> RuleContext:
    return RuleContext(
        location=options.location,
        os_type=options.os_type,
        api_version=api_version,
        strict=options.strict,
        strict_scripts=options.strict_scripts,
        is_locked=options.is_locked,
        now=options.now,
        written=lambda path: source.written_text(document, path),
        shell_reader=options.shell_reader,
    )


def _lower_options(
    document: Document, template: ImageTemplate, options: CompileOptions, os_type: OsType
) -> LowerOptions:
    return LowerOptions(
        os_type=os_type,
        name=options.name or template.name or stem_of(document.filename),
        location=options.location,
        resource_group=options.resource_group,
        subscription_id=options.subscription_id,
        strict_scripts=options.strict_scripts,
        validate_on=options.validate_on,
        vhd_container=options.vhd_container,
        vhd_resource_group=options.vhd_resource_group,
        source_version=options.source_version,
        secrets=tuple(sorted(options.secrets)),
    )
