"""Help in sections: a command with dozens of options lists them under headings, in the order of its decorators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import click

F = TypeVar("F", bound=Callable[..., Any])  # click decorates functions of any shape

_HEADINGS: WeakKeyDictionary[click.Parameter, str] = WeakKeyDictionary()
_OWN = "Options"


def section(heading: str, *options: Callable[[Any], Any]) -> Callable[[F], F]:
    """A decorator that gives a command these options, under a heading of its help."""

    def decorate(function: F) -> F:
        before = len(_parameters(function))
        for option in reversed(options):
            function = option(function)
        _HEADINGS.update(dict.fromkeys(_parameters(function)[before:], heading))
        return function

    return decorate


def _parameters(function: Any) -> list[click.Parameter]:  # a function that click decorates
    """The parameters that the decorators have given so far; click keeps them there until the command is made."""
    return getattr(function, "__click_params__", [])


class SectionedCommand(click.Command):
    """A command whose help has its options in sections: those that only this command has come first."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, but for the headings."""
        rows: dict[str, list[tuple[str, str]]] = {_OWN: []}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if row is not None:
                rows.setdefault(_HEADINGS.get(parameter, _OWN), []).append(row)
        for heading, listed in rows.items():
            with formatter.section(heading):
                formatter.write_dl(listed)
