"""The options that say how patient a build is with Azure, with Packer and with single steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import click

from imagesmith.cli.sections import section
from imagesmith.cli.streams import can_ask
from imagesmith.cli.values import DurationType
from imagesmith.lower.tuning import StepOptions
from imagesmith.plan import OnError
from imagesmith.settings import environment_name

F = TypeVar("F", bound=Callable[..., Any])  # click decorates functions of any shape

ASK = "ask"
"""The `--on-error` that asks a person when it has happened."""


def _of_step(kind: click.ParamType[Any]) -> Callable[..., dict[str, Any]]:
    """`STEP=VALUE` texts to values by step."""

    def convert(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Any]:
        values = {}
        for text in texts:
            step, equals, value = text.partition("=")
            if not equals or not step:
                raise click.BadParameter(f"'{text}' is not of the form STEP=VALUE, like 'customize[2]=10m'")
            values[step] = kind.convert(value, parameter, ctx)
        return values

    return convert


def _option(name: str, **given: Any) -> Callable[[F], F]:  # what click.option takes
    """An option that a settings file and an environment variable may say as well."""
    return click.option(name, envvar=environment_name(name.lstrip("-")), **given)


_STEP_OPTIONS = (
    _option(
        "--step-timeout",
        multiple=True,
        callback=_of_step(DurationType()),
        metavar="STEP=DURATION",
        help="Time limit of a step: 'customize[2]=10m'.",
    ),
    _option(
        "--step-retries",
        multiple=True,
        callback=_of_step(click.IntRange(min=0, max=100)),
        metavar="STEP=N",
        help="Run a step up to N times more if it fails.",
    ),
    _option(
        "--continue",
        multiple=True,
        metavar="STEP",
        help="Go on if a Shell or PowerShell step fails, after its retries.",
    ),
)
_BUILD_OPTIONS = (
    _option(
        "--retries",
        type=click.IntRange(min=0, max=20),
        default=0,
        show_default=True,
        help="Try again N times what fails before the first step for a reason that passes by itself.",
        metavar="N",
    ),
    _option(
        "--silence-timeout",
        type=DurationType(),
        metavar="DURATION",
        help="Cancel when nothing was heard for so long; half of it is reported.",
    ),
    _option(
        "--cleanup-timeout",
        type=DurationType(),
        metavar="DURATION",
        help="End a clean-up after a cancel that takes so long, and name what it leaves.  [default: never]",
    ),
    click.option(
        "--on-error",
        type=click.Choice([*(action.value for action in OnError), ASK]),
        help="Override errorHandling; ask keeps the machine until you answer (on a terminal).",
    ),
    click.option(
        "--time-limit", type=DurationType(), metavar="DURATION", help="Override buildTimeoutInMinutes: 90s, 45m, 2h."
    ),
)


step_options = section("Single steps", *_STEP_OPTIONS)
patience_options = section("Failure and patience", *_BUILD_OPTIONS)


def options_by_step(
    timeouts: Mapping[str, float] | None, retries: Mapping[str, int] | None, passed_over: Iterable[str] | None
) -> dict[str, StepOptions]:
    """What is wanted of each step that is named; None where a command has no such option."""
    wanted = {step: StepOptions(timeout_s=limit_s) for step, limit_s in (timeouts or {}).items()}
    for step, count in (retries or {}).items():
        wanted[step] = replace(wanted.get(step, StepOptions()), retries=count)
    for step in passed_over or ():
        wanted[step] = replace(wanted.get(step, StepOptions()), passed_over=True)
    return wanted


def on_error_of(given: str | None) -> OnError | None:
    """`--on-error` as the library has it; None for the question, too. Raises UsageError where nobody could answer."""
    if given != ASK:
        return OnError(given) if given else None
    if not can_ask():
        raise click.UsageError(
            "--on-error ask needs a terminal to ask on; use --on-error abort to keep the machine, or cleanup"
        )
    return None
