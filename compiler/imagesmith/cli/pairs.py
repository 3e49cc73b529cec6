"""Texts of options with a name and a value in them to mappings; click's callbacks."""

from __future__ import annotations

import click
from click.core import ParameterSource

from imagesmith.arm import split_answer
from imagesmith.diagnostics import Severity
from imagesmith.policy import selector_problem

_SHOWN = "imagesmith.shown_parameters"


def pairs(ctx: click.Context, parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` or `NAME=@FILE` texts as a mapping."""
    values: dict[str, str] = {}
    shown: set[str] = set()
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.BadParameter(f"'{text}' is not of the form NAME=VALUE")
        values[name] = _content(value[1:]) if value.startswith("@") else value
        shown |= set() if value.startswith("@") else {name}
    if ctx.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE:
        ctx.meta[_SHOWN] = frozenset(shown)
    return values


def shown_parameters() -> frozenset[str]:
    """Names of the parameters whose values stand on the command line that is being obeyed."""
    context = click.get_current_context(silent=True)
    shown: frozenset[str] = context.meta.get(_SHOWN, frozenset()) if context else frozenset()
    return shown


def answers(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """`EXPRESSION=VALUE` or `EXPRESSION=@FILE` texts as a mapping."""
    values: dict[str, str] = {}
    for text in texts:
        try:
            expression, value = split_answer(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None
        values[expression] = _content(value[1:]) if value.startswith("@") else value
    return values


def selectors(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Lists of selectors, each separated by commas, as one."""
    found = tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
    for selector in found:
        if problem := selector_problem(selector):
            raise click.BadParameter(problem)
    return found


def severities(_ctx: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[str, Severity]:
    """`SELECTOR=SEVERITY` texts as a mapping."""
    found: dict[str, Severity] = {}
    for text in texts:
        selector, _, severity = text.partition("=")
        if problem := selector_problem(selector):
            raise click.BadParameter(problem)
        if severity not in set(Severity):
            raise click.BadParameter(f"'{text}' is not of the form CODE=SEVERITY, with {', '.join(Severity)}")
        found[selector] = Severity(severity)
    return found


def _content(path: str) -> str:
    """A file's text without the line end at its end, as Azure's own command line reads it."""
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the same call as for every path given as text
            return file.read().removesuffix("\n")
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"'{path}' cannot be read: {error}") from None
