"""The options of a build to the world that it takes place in: the real Azure, or a sandbox."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imagesmith.azure.clients import AzureError
from imagesmith.azure.login import Auth, azure_world
from imagesmith.cli.output import talk
from imagesmith.cli.rehearsing import checked_exits
from imagesmith.diagnostics import Diagnostic
from imagesmith.model import OsType
from imagesmith.pipeline import Compilation
from imagesmith.plan import BuildPlan
from imagesmith.results import ExitCode
from imagesmith.world import World

if TYPE_CHECKING:
    from imagesmith.sandbox.session import Sandbox


SANDBOX = "IMAGESMITH_SANDBOX"
"""The variable that leads to the sandbox around this process (`imagesmith.sandbox.handover`, which loads slowly)."""


class Unfit(Exception):  # noqa: N818 - says what is missing, and is told to the user
    """There is no world to build in; `code` is the exit code."""

    def __init__(self, code: ExitCode, *diagnostics: Diagnostic) -> None:
        self.diagnostic = diagnostics[0]
        super().__init__(self.diagnostic.message)
        self.code = code
        self.diagnostics = diagnostics


@contextmanager
def world_of(compilation: Compilation, run_id: str, state: Path, given: dict[str, Any]) -> Iterator[World]:
    """The sandbox, or the real Azure. Raises Unfit."""
    plan = compilation.plan
    subscription = compilation.options.subscription_id or (plan.subscription_id if plan else None)
    if given["sandbox"]:
        with sandbox_world(plan, run_id, state, subscription, given) as world:
            yield world
        return
    yield azure(given["auth"], subscription, plan.os_type if plan else None)


def azure(auth: str, subscription: str | None, os_type: OsType | None = None) -> World:
    """The Azure that the environment leads to: the sandbox of the process around this one, or the real one.

    Raises Unfit.
    """
    try:
        if SANDBOX in os.environ:
            return _surrounding_sandbox(Path(os.environ[SANDBOX]), os_type)
        return azure_world(Auth(auth), subscription=subscription, environment=dict(os.environ))
    except AzureError as error:
        raise Unfit(ExitCode.PREFLIGHT, error.diagnostic) from error


def _surrounding_sandbox(path: Path, os_type: OsType | None) -> World:
    from imagesmith.sandbox.errors import SandboxError
    from imagesmith.sandbox.handover import take_over

    try:
        return take_over(path, os_type)
    except SandboxError as error:
        raise Unfit(ExitCode.TOOLCHAIN, error.diagnostic) from error


@contextmanager
def sandbox_world(
    plan: BuildPlan | None, run_id: str, state: Path, subscription: str | None, given: dict[str, Any]
) -> Iterator[World]:
    """An Azure on loopback that has what the plan refers to. Raises Unfit."""
    from imagesmith.sandbox.errors import SandboxError
    from imagesmith.sandbox.options import SUBSCRIPTION_ID, SandboxOptions
    from imagesmith.sandbox.session import Sandbox

    exits = checked_exits(given["sandbox_exits"], plan)
    options = SandboxOptions(
        state=Path(given["sandbox_state"]) if given["sandbox_state"] else state / "sandbox" / run_id,
        run_id=run_id,
        steps=given["sandbox_steps"],
        os_type=plan.os_type.value if plan else None,
        windows_steps=given["sandbox_windows_steps"],
        network=given["sandbox_network"],
        keep=bool(given["sandbox_state"]),
        strict=given["sandbox_strict"],
        bases=given["sandbox_bases"],
        engine=given["sandbox_engine"],
        faults=given["faults"],
        subscription_id=subscription or SUBSCRIPTION_ID,
    )
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(Sandbox(options, environment=dict(os.environ)))
            if plan:
                sandbox.seed(plan.needs, os_type=plan.os_type.value, location=plan.location)
                sandbox.rehearse(plan, exits)
            world = sandbox.world
        except SandboxError as error:
            raise Unfit(ExitCode.TOOLCHAIN, error.diagnostic) from error
        except ImportError as error:
            hint = "pip install 'imagesmith[sandbox]'"
            raise click.UsageError(f"the sandbox is not installed ({error.name} is missing): {hint}") from None
        if exits and not world.records_steps:
            raise click.UsageError("--sandbox-exit needs steps that are recorded: add --sandbox-steps record")
        for note in world.notes:
            talk(f"sandbox: {note}")
        yield world
        tell_of(sandbox)


@contextmanager
def kept_sandbox(state: Path) -> Iterator[World]:
    """The sandbox that was kept in a folder, without machines. Raises Unfit."""
    from imagesmith.sandbox.errors import SandboxError
    from imagesmith.sandbox.options import SandboxOptions
    from imagesmith.sandbox.session import Sandbox

    if not state.is_dir():
        raise click.UsageError(f"there is no sandbox in {state}")
    options = SandboxOptions(state=state, run_id="kept", steps="record", keep=True)
    try:
        with Sandbox(options, environment=dict(os.environ)) as sandbox:
            yield sandbox.world
    except SandboxError as error:
        raise Unfit(ExitCode.TOOLCHAIN, error.diagnostic) from error


def tell_of(sandbox: Sandbox) -> None:
    """Say what a sandbox knows at its end and a client's output does not show."""
    for failure in sandbox.failures:
        talk(f"sandbox: {failure.diagnostic.message}")
    for name in sandbox.refused:
        talk(f"sandbox: a request to {name} was refused")
    for rule in sandbox.unmet_faults:
        talk(f"sandbox: no request met the fault '{rule}'")
