"""`imagesmith toolchain`: where Packer is, and getting one."""

from __future__ import annotations

import os
from pathlib import Path

import click

from imagesmith.cli.output import show_diagnostics, talk
from imagesmith.cli.run import cache_folder
from imagesmith.cli.values import VersionType
from imagesmith.results import ExitCode
from imagesmith.toolchain import ToolchainError, find
from imagesmith.toolchain.install import VENDOR, install
from imagesmith.versions import Version


@click.group("toolchain")
def command() -> None:
    """Find or install Packer and its plugins."""


@command.command("find")
@click.option("--packer", metavar="FILE", help="Packer to use.")
@click.option("--plugin-path", metavar="DIR", help="Folder with Packer's plugins.")
def find_command(packer: str | None, plugin_path: str | None) -> int:
    """Print which Packer a build would use."""
    try:
        found = find(
            packer=packer,
            environment=dict(os.environ),
            cache=cache_folder(),
            plugin_path=Path(plugin_path) if plugin_path else None,
        )
    except ToolchainError as error:
        show_diagnostics([error.diagnostic])
        return ExitCode.TOOLCHAIN
    click.echo(str(found.path))
    talk(f"Packer {found.version} ({found.source}, sha256 {found.digest_sha256})")
    return ExitCode.OK


@command.command("install")
@click.option("--version", "version", type=VersionType(), help="Version to install.")
@click.option("--base-url", metavar="URL", help="Mirror of the vendor's releases.")
@click.option("--sha256", metavar="HEX", help="Digest of an archive whose version is not known.")
def install_command(version: Version | None, base_url: str | None, sha256: str | None) -> int:
    """Install a Packer into imagesmith's own cache: the vendor's release, else the distribution's package."""
    try:
        program = install(
            cache=cache_folder(),
            environment=dict(os.environ),
            on_progress=talk,
            version=version,
            base_url=base_url or VENDOR,
            sha256=sha256,
        )
    except ToolchainError as error:
        show_diagnostics([error.diagnostic])
        return ExitCode.TOOLCHAIN
    click.echo(str(program))
    return ExitCode.OK
