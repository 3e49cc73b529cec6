"""Options that several commands share, and what they mean for the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click

from imagesmith import source
from imagesmith.cli.bicep import find_bicep
from imagesmith.cli.pairs import answers, pairs, selectors, severities, shown_parameters
from imagesmith.cli.sections import section
from imagesmith.cli.values import VersionType
from imagesmith.diagnostics import Diagnostic
from imagesmith.lower import ValidateOn
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation, CompileOptions, compile_document, compile_template
from imagesmith.policy import FailOn, Policy
from imagesmith.report.formats import FORMATS
from imagesmith.rules import ScriptFault
from imagesmith.settings import KEYS, environment_name
from imagesmith.targets import NEWEST, Target, target_for
from imagesmith.versions import Version

F = TypeVar("F", bound=Callable[..., Any])  # click decorates functions of any shape

STDIN = "-"


_SETTINGS = {key.parameter: key.name for key in KEYS}


def _option(*names: str, **given: Any) -> Callable[[F], F]:  # what click.option takes
    """An option; one that a settings file may have as well can also be said by an environment variable."""
    name = next((name for name in names if not name.startswith("-")), names[-1].lstrip("-").replace("-", "_"))
    if name in _SETTINGS and name != "parameters":  # a list of pairs does not fit into a variable
        given["envvar"] = environment_name(_SETTINGS[name])
    return click.option(*names, **given)


_READING_OPTIONS = (
    _option(
        "-p",
        "parameters",
        multiple=True,
        callback=pairs,
        metavar="NAME=VALUE",
        help="Value of an ARM parameter or a <token>; NAME=@FILE reads it from a file, better for a secret.",
    ),
    _option("--parameters", "parameter_files", multiple=True, metavar="FILE", help="ARM or Bicep parameter file."),
    click.option(
        "--resolve",
        "resolved",
        multiple=True,
        callback=answers,
        metavar="EXPRESSION=VALUE",
        help="Value of what only Azure knows, as reference('x').id; JSON or text, VALUE may be @FILE.",
    ),
    click.option("--bicep", metavar="PROGRAM", help="The bicep program.  [default: bicep on PATH]"),
    _option("-g", "--resource-group", metavar="NAME", help="Resource group that the template would be deployed to."),
    _option("--subscription", metavar="ID", help="Subscription id."),
    _option("--tenant", metavar="ID", help="Tenant id."),
    _option("--location", metavar="REGION", help="Region, where the template names none."),
    _option(
        "--os-type",
        type=click.Choice([kind.value for kind in OsType], case_sensitive=False),
        help="Operating system, where the template does not show it.",
    ),
    _option(
        "-n", "--name", metavar="NAME", help="Which image template of a file with several, or the name of one without."
    ),
    _option("--strict", is_flag=True, help="Read field names as API version 2024-02-01 and later do."),
    _option("--strict-scripts", is_flag=True, help="Let PowerShell steps stop at the first error."),
    _option(
        "--validate-on",
        type=click.Choice([place.value for place in ValidateOn]),
        default=ValidateOn.NEW_VM.value,
        show_default=True,
        help="Where validators run.",
    ),
    _option("--vhd-container", metavar="URL", help="Storage container for a VHD without uri."),
    _option("--vhd-resource-group", metavar="NAME", help="Resource group of the VHD's storage account."),
)

_JUDGING_OPTIONS = (
    _option(
        "--select",
        multiple=True,
        callback=selectors,
        metavar="CODES",
        help="Show only these warnings and notes: codes, beginnings of codes (IMG5) or categories, with commas.",
    ),
    _option("--ignore", multiple=True, callback=selectors, metavar="CODES", help="Leave out these warnings and notes."),
    _option(
        "--severity",
        multiple=True,
        callback=severities,
        metavar="CODE=SEVERITY",
        help="Give a warning or note another severity.",
    ),
    _option(
        "--fail-on",
        type=click.Choice([threshold.value for threshold in FailOn]),
        help="The mildest severity that makes the command fail.  [default: error]",
    ),
    _option("--config", metavar="FILE", help="Settings file.  [default: the nearest one above the template]"),
    _option("--no-config", is_flag=True, help="Read no settings file."),
)

_TARGET_OPTIONS = (
    _option("--packer-version", type=VersionType(), help=f"Packer to compile for.  [default: {NEWEST.packer}]"),
    _option("--azure-plugin", type=VersionType(), help=f"Azure plugin to compile for.  [default: {NEWEST.azure}]"),
)


def _names(options: Callable[[Any], Any]) -> tuple[str, ...]:
    def asked() -> None:
        """A command of nothing but these options."""

    return tuple(option.name for option in click.command(options(asked)).params if option.name)


def template_options(function: F) -> F:
    """The options that say how a template is read and judged."""
    judging = section("Diagnostics and settings", *_JUDGING_OPTIONS)
    return section("Template", *_READING_OPTIONS)(judging(function))


target_options = section("Packer", *_TARGET_OPTIONS)
"""The options that say which Packer the files are for."""

TEMPLATE_NAMES = _names(template_options)
TARGET_NAMES = _names(target_options)
"""Under which names the values of these options arrive in a command."""


def report_options(function: F) -> F:
    """`--format` and `--report`: how diagnostics are shown, and where."""
    names = [row.name for row in FORMATS]
    function = click.option(
        "--report", "report_file", metavar="FILE", help="Write the diagnostics to FILE, and show them as text."
    )(function)
    return click.option(
        "--format",
        "form",
        type=click.Choice(names),
        envvar="IMAGESMITH_FORMAT",
        help="Form of the diagnostics.  [default: text]",
    )(function)


def output_option(*choices: str) -> Callable[[F], F]:
    """`--output`, with the forms that a command has."""
    return click.option(
        "--output",
        type=click.Choice(choices),
        default="text",
        show_default=True,
        help="Form of what is printed on stdout.",
    )


def target_of(packer_version: Version | None, azure_plugin: Version | None) -> Target:
    """The Packer that the options name, the newest known one by default."""
    if packer_version is None and azure_plugin is None:
        return NEWEST
    packer = packer_version or NEWEST.packer
    target = target_for(packer, azure_plugin)
    update = NEWEST.windows_update if target.takes_plugins else None
    return replace(target, windows_update=update)


def compile_options(
    *,
    parameters: dict[str, str],
    parameter_files: tuple[str, ...],
    resolved: dict[str, str],
    bicep: str | None,
    resource_group: str | None,
    subscription: str | None,
    tenant: str | None,
    location: str | None,
    os_type: str | None,
    name: str | None,
    strict: bool,
    strict_scripts: bool,
    validate_on: str,
    vhd_container: str | None,
    vhd_resource_group: str | None,
    packer_version: Version | None = None,
    azure_plugin: Version | None = None,
    target: Target | None = None,
    check_only: bool = False,
    policy: Policy | None = None,
    found: tuple[Diagnostic, ...] = (),
    secrets: tuple[str, ...] = (),
) -> CompileOptions:
    """The library's options from the command line's."""
    program = find_bicep(bicep, os.environ, for_files=parameter_files)
    return CompileOptions(
        parameters=parameters,
        shown_parameters=shown_parameters(),
        parameter_files=tuple(source.load(path, bicep=program) for path in parameter_files),
        resolved=resolved,
        bicep=program,
        resource_group=resource_group,
        subscription_id=subscription,
        tenant_id=tenant,
        location=location,
        os_type=OsType(os_type) if os_type else None,
        name=name,
        strict=strict,
        strict_scripts=strict_scripts,
        validate_on=ValidateOn(validate_on),
        vhd_container=vhd_container,
        vhd_resource_group=vhd_resource_group,
        target=target or target_of(packer_version, azure_plugin),
        check_only=check_only,
        shell_reader=_read_by_a_shell,
        policy=policy or Policy(),
        found=found,
        secrets=secrets,
    )


def _read_by_a_shell(scripts: Sequence[tuple[str, str]]) -> Sequence[ScriptFault | None]:
    """The reader of Shell steps; it is loaded for templates that have any."""
    from imagesmith.toolchain.shells import shell_reader

    return shell_reader(os.environ)(scripts)


def compile_file(file: str, options: CompileOptions) -> Compilation:
    """Compile a file, or standard input for `-`."""
    if file != STDIN:
        if options.bicep is None:
            options = replace(options, bicep=find_bicep(None, os.environ, for_files=[file]))
        return compile_template(file, options=options)
    data = sys.stdin.buffer.read()
    return compile_document(source.read_bytes(data, filename="<stdin>"), options=options)
