"""`--fault`: what the sandbox's Azure is to answer in place of the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def fault_option(function: F) -> F:
    """Decorate a command that starts a sandbox."""
    option = click.option(
        "--fault",
        "faults",
        multiple=True,
        callback=_parsed,
        metavar="RULE",
        help="Let requests of the sandbox fail: 'PUT */virtualMachines/* 429 x3'; the manual has all effects.",
    )
    return option(function)


def _parsed(_ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[Any, ...]:
    if not given:
        return ()
    from imagesmith.sandbox.faults.rules import FaultSyntaxError, parse

    try:
        return tuple(parse(text) for text in given)
    except FaultSyntaxError as error:
        raise click.BadParameter(str(error)) from None
