"""The command line: argv to library calls and an exit code. The only package that prints or exits."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Mapping

import click

from imagesmith.cli.ending import Ending, signals_held
from imagesmith.cli.streams import lost_results, make_patient
from imagesmith.results import ExitCode

COMMANDS = {
    "validate": "Find every mistake in image templates.",
    "compile": "Write the Packer build of a template.",
    "build": "Build the image.",
    "lock": "Pin what a template names.",
    "runs": "List, show and compare runs.",
    "cancel": "Ask a run to end.",
    "sweep": "List what runs have left in Azure, and remove it.",
    "convert": "Write the resolved template in another form.",
    "schema": "Print the JSON Schema of the image template.",
    "explain": "Explain a diagnostic's code.",
    "doctor": "Show the Packer at hand and what it can do.",
    "toolchain": "Find or install Packer and its plugins.",
    "sandbox": "Run a command against an Azure on loopback.",
}


class LazyGroup(click.Group):
    """Commands whose modules are only loaded when they are called: start-up time is a budget.

    `table` has their names and what they do in a sentence, `package` the modules of these names.
    """

    table: Mapping[str, str] = COMMANDS
    package = "imagesmith.cli.commands"

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """The names in the order of the table."""
        return list(self.table)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, from the module of this name."""
        if cmd_name not in self.table:
            return None
        with signals_held():
            module = importlib.import_module(f"{self.package}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a name that does not exist is told with the one that was probably meant."""
        if args and args[0] not in self.table and not args[0].startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            near = get_close_matches(args[0][:40], list(self.table), n=1)
            meant = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{meant}")
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.table.items()))


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"imagesmith {version('imagesmith')}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
def command() -> None:
    """Build Azure VM Image Builder templates on your own machine, with Packer."""


def spare_collector() -> None:
    """Let Python look for dead objects more rarely: nearly all of them live to the end, and looking costs a third."""
    gc.set_threshold(50_000, 20, 100)


def main() -> None:
    """The `imagesmith` program."""
    make_patient()
    ending = Ending(ExitCode.TERMINATED)
    ending.install()
    spare_collector()
    try:
        status = command.main(prog_name="imagesmith", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = ExitCode.USAGE
    except click.Abort:
        status = ExitCode.CANCELLED
    except BaseException as error:  # the last resort: our own bug, told as such
        if ending.has_begun:
            sys.exit(ExitCode.TERMINATED)
        if not isinstance(error, Exception):
            raise
        _say_bug()
        status = ExitCode.BUG
    if (lost := lost_results()) is not None and not status:
        click.echo(f"imagesmith: the results could not be written: {lost.strerror or lost}", err=True)
        status = ExitCode.USAGE
    gc.freeze()  # at the very end Python would look through all that was loaded once more, for a tenth of a second
    sys.exit(int(status or 0))


def _say_bug() -> None:
    """Tell a person about our own bug without a wall of text; the whole of it with IMAGESMITH_TRACEBACK=1."""
    import os
    import traceback

    from imagesmith.cli.secrets import safe

    if os.environ.get("IMAGESMITH_TRACEBACK"):
        click.echo(safe(traceback.format_exc()), err=True, nl=False)
        return
    kind, error, trace = sys.exc_info()
    last = traceback.extract_tb(trace)[-1]
    name = kind.__name__ if kind else "error"
    place = f"{last.filename}:{last.lineno}"
    click.echo(f"imagesmith: a bug of imagesmith's own: {name}: {safe(str(error))} ({place})", err=True)
    click.echo("  Please report it, with the output of the same command and IMAGESMITH_TRACEBACK=1.", err=True)
