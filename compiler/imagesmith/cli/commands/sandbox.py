"""`imagesmith sandbox -- COMMAND…`: any client against an Azure on loopback."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click

from imagesmith.cli.faults import fault_option
from imagesmith.cli.output import show_diagnostics
from imagesmith.cli.run import cache_folder, state_folder
from imagesmith.cli.surrounding import way_outside
from imagesmith.cli.world import tell_of
from imagesmith.events import ExitCode, now
from imagesmith.journal import new_run_id, open_state
from imagesmith.toolchain.plugins import packers_plugin_path
from imagesmith.world import World


@click.command("sandbox", context_settings={"ignore_unknown_options": True})
@click.option("--state", metavar="DIR", help="Keep images and resources in DIR.")
@click.option("--steps", type=click.Choice(["auto", "run", "record"]), default="auto", show_default=True)
@click.option("--windows-steps", type=click.Choice(["record", "pwsh"]), default="record", show_default=True)
@click.option("--network", type=click.Choice(["none", "host"]), default="none", show_default=True)
@fault_option
@click.option("--state-dir", metavar="DIR", help="Folder of imagesmith's state.  [default: .imagesmith]")
@click.argument("arguments", nargs=-1, required=True, metavar="-- COMMAND…", type=click.UNPROCESSED)
def command(arguments: tuple[str, ...], state: str | None, state_dir: str | None, **given: Any) -> int:  # as above
    """Run a command against an Azure on loopback; the sandbox ends with it.

    The command gets proxy, certificates and a login by environment (ARM_… and AZURE_…, PKR_VAR_… for Packer);
    `imagesmith build` and `imagesmith sweep` find the sandbox by themselves.
    """
    from imagesmith.sandbox.errors import SandboxError
    from imagesmith.sandbox.handover import hand_over
    from imagesmith.sandbox.options import SandboxOptions
    from imagesmith.sandbox.session import Sandbox

    run_id = new_run_id(now(), secrets.token_bytes(8))
    folder = Path(state) if state else open_state(state_folder(state_dir)).path / "sandbox" / run_id
    options = SandboxOptions(state=folder, run_id=run_id, keep=bool(state), **given)
    try:
        with (
            Sandbox(options, environment=dict(os.environ)) as sandbox,
            tempfile.TemporaryDirectory() as scratch,
            hand_over(sandbox, way_outside()) as way,
        ):
            environment = {**_environment(sandbox.world), **way, "TMPDIR": scratch}
            status = subprocess.run(list(arguments), env=environment, check=False).returncode
            tell_of(sandbox)
            if found := sandbox.world.observe().diagnostics:
                show_diagnostics(found)
            return status
    except SandboxError as error:
        show_diagnostics([error.diagnostic])
        return ExitCode.TOOLCHAIN
    except OSError as error:
        raise click.ClickException(f"'{arguments[0]}' cannot be started: {error.strerror}") from None


def _environment(world: World) -> dict[str, str]:
    """What any client finds its way and its login by."""
    variables = {f"PKR_VAR_{name}": value for name, value in world.variables.items()}
    login = {
        f"{prefix}_{name.upper()}": world.variables[name]
        for prefix in ("ARM", "AZURE")
        for name in ("subscription_id", "tenant_id", "client_id", "client_secret")
        if name in world.variables
    }
    own = {name: value for name, value in os.environ.items() if name.startswith("IMAGESMITH_")}
    # The sandbox has a home of its own, in which nobody has installed a Packer or a plugin.
    plugins = packers_plugin_path(os.environ)
    return {
        **world.environment,
        **variables,
        **login,
        **own,
        **({"PACKER_PLUGIN_PATH": plugins} if plugins else {}),
        "IMAGESMITH_CACHE_DIR": str(cache_folder()),
    }
