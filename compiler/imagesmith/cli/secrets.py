"""`--secret`: where the values of steps' secrets are; and the text of our own bugs, which must not show them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from imagesmith.cli.world import Unfit
from imagesmith.diagnostics import Diagnostic
from imagesmith.plan import BuildPlan, OsType
from imagesmith.redact import Redactor
from imagesmith.results import ExitCode
from imagesmith.world import World

if TYPE_CHECKING:
    from imagesmith.build.secrets import SecretSource

F = TypeVar("F", bound=Callable[..., Any])  # click decorates functions of any shape

_known: list[str] = []
"""Secrets of this process; only for what is said when the process fails."""


def secret_option(function: F) -> F:
    """The option of a command that compiles or builds with secrets for steps."""
    return click.option(
        "--secret",
        "secrets",
        multiple=True,
        callback=_sources,
        metavar="NAME=env:VAR|file:PATH|keyvault:URI",
        help="Environment variable that every script of the template gets, and where its value is.",
    )(function)


def _sources(_ctx: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> tuple[SecretSource, ...]:
    if not texts:
        return ()
    from imagesmith.build.secrets import parse_source

    try:
        sources = tuple(parse_source(text) for text in texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    names = [source.name.lower() for source in sources]
    if len(set(names)) < len(names):
        # Windows takes names in whatever case for one, and so do the variables that carry them
        raise click.BadParameter("a name stands twice, as Windows reads names")
    return sources


def faults_at_hand(sources: Sequence[SecretSource], os_type: OsType) -> tuple[Diagnostic, ...]:
    """What speaks against the values that are here already, before anything begins."""
    if not sources:
        return ()
    from imagesmith.build.secrets import judged_at_hand

    return judged_at_hand(sources, os_type, environment=os.environ)


def values_of(sources: Sequence[SecretSource], world: World, plan: BuildPlan | None) -> dict[str, str]:
    """Read the values. Raises Unfit if one cannot be had or used."""
    if not sources:
        return {}
    from imagesmith.build.secrets import judged, read_secrets

    read = read_secrets(sources, environment=os.environ, world=world)
    keep_out(read.values.values())
    shown = {f"--secret {name}": value for name, value in read.values.items()}
    if found := (*read.diagnostics, *(judged(shown, plan.os_type) if plan else ())):
        raise Unfit(ExitCode.PREFLIGHT, *found)
    return dict(read.values)


def keep_out(secrets: Iterable[str]) -> None:
    """Remember secrets, so that a message about a bug of ours does not show them."""
    _known.extend(secrets)


def safe(text: str) -> str:
    """A text about a bug of ours without the secrets of this process."""
    return Redactor(_known).redact(text)
