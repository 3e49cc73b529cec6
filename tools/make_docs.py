"""`make docs`: writes the pages of the manual that are made from the program itself. `--check` only compares them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from imagesmith.cli import COMMANDS, command
from imagesmith.diagnostics import Rule
from imagesmith.events import ExitCode
from imagesmith.report.explain import rules

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 100
NOTE = "<!-- Made by `make docs`; edit the program, not this page. -->\n\n"
SECTIONS = (
    ("000", "Reading files"),
    ("100", "ARM deployment files, parameters and tokens"),
    ("200", "Fields and their spelling"),
    ("300", "What no schema says"),
    ("400", "What cannot be translated"),
    ("450", "What this Packer cannot say"),
    ("500", "Advice: legal, and wrong in practice"),
    ("600", "Files to fetch"),
    ("700", "Packer and its plugins"),
    ("800", "Runs and Azure"),
    ("900", "The sandbox"),
)
MEANINGS = {
    ExitCode.OK: "All is well. `validate`: no template has an error; warnings and notes do not count.",
    ExitCode.TEMPLATE: "A template has errors. Nothing was started.",
    ExitCode.USAGE: "The command line is wrong: an option, a folder that cannot be written to.",
    ExitCode.PREFLIGHT: "Something that must be true before the first machine is not: login, subscription, "
    "state folder, a file to fetch, the source's version.",
    ExitCode.TOOLCHAIN: "Packer, its plugin or the sandbox is missing or unfit, or Packer refuses the compiled files.",
    ExitCode.STEP: "A step of the template failed; the result names it.",
    ExitCode.VALIDATION: "The image was made, but a validator failed on a machine started from it.",
    ExitCode.DISTRIBUTION: "Publishing failed, or some of it.",
    ExitCode.TIMEOUT: "buildTimeoutInMinutes, or `--time-limit`, was over.",
    ExitCode.LEFTOVERS: "The image is there, and something that should be gone is too; the result lists it.",
    ExitCode.MACHINE: "The build machine was not deployed, not reached, or not captured.",
    ExitCode.BUG: "imagesmith's own bug. Please report it with the output under IMAGESMITH_TRACEBACK=1.",
    ExitCode.CANCELLED: "Cancelled by Ctrl-C; what was made in Azure was removed first.",
    ExitCode.TERMINATED: "Cancelled by SIGTERM or SIGHUP; what was made in Azure was removed first.",
}


def main() -> int:
    """Write the pages; with `--check` say which are not what they should be."""
    stale = [name for name, text in pages().items() if _read(DOCS / name) != text]
    if "--check" in sys.argv[1:]:
        for name in stale:
            print(f"docs/{name} is out of date: run `make docs`")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages()[name], encoding="utf-8")
        print(f"docs/{name}")
    return 0


def pages() -> dict[str, str]:
    """The generated pages by file name."""
    return {"commands.md": _commands(), "exit-codes.md": _exit_codes(), "rules.md": _rules()}


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _commands() -> str:
    opening = "Results go to stdout, all other talk to stderr. [Exit codes](exit-codes.md) say how a command ended."
    parts = [f"# Commands\n\n{NOTE}{opening}\n"]
    context = click.Context(command, info_name="imagesmith", **command.context_settings)
    for name in COMMANDS:
        found = command.get_command(context, name)
        if found is None:
            raise SystemExit(f"there is no command {name}")
        parts += [f"\n## imagesmith {path}\n\n```text\n{text}\n```\n" for path, text in _help(found, name, context)]
    return "".join(parts)


def _help(found: click.Command, name: str, parent: click.Context) -> Iterator[tuple[str, str]]:
    """The help of a command and of those below it."""
    context = click.Context(found, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH)
    yield context.command_path.removeprefix("imagesmith "), found.get_help(context)
    if isinstance(found, click.Group):
        for below in found.list_commands(context):
            inner = found.get_command(context, below)
            if inner is not None:
                yield from _help(inner, below, context)


def _exit_codes() -> str:
    rows = "".join(f"| {code.value} | {MEANINGS[code]} |\n" for code in ExitCode)
    opening = (
        "The first cause wins: a build whose step failed ends with 5 even if something was left behind, and the "
        "leftovers are in the result all the same. The last event of `--output ndjson` and the result of "
        "`--output json` hold the same number."
    )
    return f"# Exit codes\n\n{NOTE}{opening}\n\n| code | meaning |\n|---|---|\n{rows}"


def _rules() -> str:
    known = rules()
    opening = "Every message about a template or a run has a code. `imagesmith explain CODE` adds an example."
    parts = [f"# Diagnostics\n\n{NOTE}{opening} There are {len(known)}.\n"]
    starts = [number for number, _ in SECTIONS]
    for (start, title), end in zip(SECTIONS, [*starts[1:], "999"], strict=True):
        chosen = [rule for rule in known if start <= rule.code.removeprefix("IMG") < end]
        parts += [f"\n## {title}\n", *map(_rule, chosen)]
    return "".join(parts)


def _rule(rule: Rule) -> str:
    heading = f"### {rule.code} ({rule.severity}): {_plain(rule.title)}"
    return f"\n{heading}\n\n{_plain(rule.cause)}\n\nFix: {_plain(rule.fix)}\n"


def _plain(text: str) -> str:
    """A text with nothing in it that Markdown would take for its own, but for code in backticks."""
    pieces = text.split("`")
    for index in range(0, len(pieces), 2):
        for sign in "\\<*_[":
            pieces[index] = pieces[index].replace(sign, f"\\{sign}")
    return "`".join(pieces)


if __name__ == "__main__":
    sys.exit(main())
