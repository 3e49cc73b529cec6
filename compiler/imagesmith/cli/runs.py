"""What the commands about runs share: the state folder, the run that is meant, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from imagesmith.cli.output import show_diagnostics
from imagesmith.cli.run import state_folder
from imagesmith.diagnostics import Diagnostic
from imagesmith.journal import State, StateError, choose_run, find_state
from imagesmith.results import ExitCode

F = TypeVar("F", bound=Callable[..., Any])  # click decorates functions of any shape


class Refused(click.ClickException):
    """The command cannot do what it was asked for: the command line names something that is not there."""

    exit_code = ExitCode.USAGE

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic

    def show(self, file: Any = None) -> None:  # noqa: ARG002 - click's form
        """Say it as every diagnostic is said."""
        show_diagnostics([self.diagnostic])


def state_option(function: F) -> F:
    """`--state-dir`."""
    return click.option("--state-dir", metavar="DIR", help="Folder of run records.  [default: .imagesmith]")(function)


def run_argument(name: str = "run") -> Callable[[F], F]:
    """The run that is meant."""
    return click.argument(name, metavar=name.upper(), required=True)


def state_of(state_dir: str | None) -> State:
    """The state folder. Raises Refused if there is none."""
    try:
        return find_state(state_folder(state_dir))
    except StateError as error:
        raise Refused(error.diagnostic) from error


def run_of(state_dir: str | None, name: str) -> Path:
    """The folder of the run that is meant: an id, the beginning of one, or `last`. Raises Refused."""
    try:
        return choose_run(state_of(state_dir), name)
    except StateError as error:
        raise Refused(error.diagnostic) from error
