"""Options that several commands share, and what they mean for the library."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import click

from imagesmith import source
from imagesmith.lower import ValidateOn
from imagesmith.lower.tuning import StepOptions
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation, CompileOptions, compile_document, compile_template
from imagesmith.rules.timeouts import seconds
from imagesmith.targets import NEWEST, Target, target_for
from imagesmith.versions import Version

F = TypeVar("F", bound=Callable[..., Any])  # click decorates functions of any shape

STDIN = "-"


class VersionType(click.ParamType[Version]):
    """A version number on the command line."""

    name = "version"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Version:  # click's form
        """Text to a version."""
        try:
            return value if isinstance(value, Version) else Version.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DurationType(click.ParamType[float]):
    """A duration on the command line, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # click's form
        """Text such as ``90s`` or ``1h30m`` to seconds."""
        if isinstance(value, int | float):
            return float(value)
        found = seconds(value)
        if found is None:
            self.fail(f"'{value}' is not a duration; write 90s, 45m or 2h", param, ctx)
        return found


def pairs(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` or `NAME=@FILE` texts as a mapping."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{text}' is not of the form NAME=VALUE")
        values[name] = _content(value[1:]) if value.startswith("@") else value
    return values


def _content(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the same call as for every path given as text
            return file.read()
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"'{path}' cannot be read: {error}") from None


_TEMPLATE_OPTIONS = (
    click.option(
        "-p",
        "parameters",
        multiple=True,
        callback=pairs,
        metavar="NAME=VALUE",
        help="Value of an ARM parameter or a <token>; NAME=@FILE reads a file.",
    ),
    click.option("--parameters", "parameter_files", multiple=True, metavar="FILE", help="ARM parameter file."),
    click.option(
        "-g", "--resource-group", metavar="NAME", help="Resource group that the template would be deployed to."
    ),
    click.option("--subscription", metavar="ID", help="Subscription id."),
    click.option("--tenant", metavar="ID", help="Tenant id."),
    click.option("--location", metavar="REGION", help="Region, where the template names none."),
    click.option(
        "--os-type",
        type=click.Choice([kind.value for kind in OsType], case_sensitive=False),
        help="Operating system, where the template does not show it.",
    ),
    click.option(
        "-n", "--name", metavar="NAME", help="Which image template of a file with several, or the name of one without."
    ),
    click.option("--strict", is_flag=True, help="Read field names as API version 2024-02-01 and later do."),
    click.option("--strict-scripts", is_flag=True, help="Let PowerShell steps stop at the first error."),
    click.option(
        "--validate-on",
        type=click.Choice([place.value for place in ValidateOn]),
        default=ValidateOn.NEW_VM.value,
        show_default=True,
        help="Where validators run.",
    ),
    click.option("--vhd-container", metavar="URL", help="Storage container for a VHD without uri."),
    click.option("--vhd-resource-group", metavar="NAME", help="Resource group of the VHD's storage account."),
)
_TARGET_OPTIONS = (
    click.option("--packer-version", type=VersionType(), help=f"Packer to compile for.  [default: {NEWEST.packer}]"),
    click.option("--azure-plugin", type=VersionType(), help=f"Azure plugin to compile for.  [default: {NEWEST.azure}]"),
)


def template_options(function: F) -> F:
    """The options that say how a template is read."""
    for option in reversed(_TEMPLATE_OPTIONS):
        function = option(function)
    return function


def target_options(function: F) -> F:
    """The options that say which Packer the files are for."""
    for option in reversed(_TARGET_OPTIONS):
        function = option(function)
    return function


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
    step_options: dict[str, StepOptions] | None = None,
    packer_version: Version | None = None,
    azure_plugin: Version | None = None,
    target: Target | None = None,
    check_only: bool = False,
) -> CompileOptions:
    """The library's options from the command line's."""
    return CompileOptions(
        parameters=parameters,
        parameter_files=tuple(source.load(path) for path in parameter_files),
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
        step_options=step_options or {},
        target=target or target_of(packer_version, azure_plugin),
        check_only=check_only,
    )


def compile_file(file: str, options: CompileOptions) -> Compilation:
    """Compile a file, or standard input for `-`."""
    if file != STDIN:
        return compile_template(file, options=options)
    data = sys.stdin.buffer.read()
    return compile_document(source.read_bytes(data, filename="<stdin>"), options=options)
