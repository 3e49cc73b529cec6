"""`make docs`: writes the pages of the manual, and the schema of events, that are made from the program itself.

`--check` only compares them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click
import event_schema

from imagesmith.arm.functions import FUNCTIONS
from imagesmith.arm.rows import Function
from imagesmith.cli import COMMANDS, command
from imagesmith.diagnostics import CATEGORIES, Rule, Severity
from imagesmith.events import ExitCode
from imagesmith.known_errors import KNOWN_ERRORS, KnownError
from imagesmith.report.explain import rules
from imagesmith.sandbox.faults import EFFECTS
from imagesmith.sandbox.faults.effects import STATUSES
from imagesmith.settings import KEYS, environment_name
from imagesmith.settings.keys import NOT_IN_A_FILE

DOCS = Path(__file__).resolve().parent.parent / "docs"
WIDTH = 100
NOTE = "<!-- Made by `make docs`; edit the program, not this page. -->\n\n"
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
    ExitCode.TIMEOUT: "buildTimeoutInMinutes, or `--time-limit`, was over, or nothing was heard for "
    "`--silence-timeout`.",
    ExitCode.LEFTOVERS: "The image is there, and something that should be gone is too; the result lists it.",
    ExitCode.MACHINE: "The build machine was not deployed, not reached, or not captured.",
    ExitCode.BUG: "imagesmith's own bug. Please report it with the output under IMAGESMITH_TRACEBACK=1.",
    ExitCode.CANCELLED: "Cancelled by Ctrl-C; what was made in Azure was removed first, but for a third Ctrl-C.",
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
    return {
        "arm.md": _with_functions(_read(DOCS / "arm.md")),
        "commands.md": _commands(),
        "events.md": event_schema.page(NOTE),
        "exit-codes.md": _exit_codes(),
        "faults.md": _faults(),
        "known-errors.md": _known_errors(),
        "rules.md": _rules(),
        "settings.md": _settings(),
        f"../schemas/{event_schema.FILE}": event_schema.text(),
    }


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _with_functions(page: str) -> str:
    """The page about the ARM language with the table of template functions in its place."""
    before, begin, rest = page.partition("<!-- functions: begin -->\n")
    _, end, after = rest.partition("<!-- functions: end -->\n")
    rows = (
        f"| [{_plain(row.name)}]({row.link}) | {row.arity} | {_plain(row.note)}{_mark(row)} |\n"
        for row in sorted(FUNCTIONS.values(), key=lambda row: row.name.lower())
    )
    return f"{before}{begin}| function | arguments | gives |\n|---|---|---|\n{''.join(rows)}{end}{after}"


def _mark(row: Function) -> str:
    return " *Azure*" if row.runtime else " *default*" if row.default_only else ""


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


def _faults() -> str:
    opening = (
        "`imagesmith build FILE --sandbox --fault RULE` and `imagesmith sandbox --fault RULE -- COMMAND` let requests "
        "of the sandbox's Azure fail, so that a rehearsal shows what a bad day does. A rule is "
        "`METHOD PATH EFFECT [xN] [after N]`: requests of this method (`*`: any) whose path fits the glob meet the "
        "effect; the first N of them after the first N, all of them where no number is given. Case does not count, "
        "`*` matches any characters, and a glob may begin with a host. The first rule whose turn it is decides. A "
        "resource that a deployment makes counts as a PUT of its id. Rules that no request met are named at the end."
        "\n\n"
        "```sh\n"
        "imagesmith build web.json --sandbox --fault 'PUT */virtualMachines/* quota'\n"
        "imagesmith build web.json --sandbox --fault 'PUT */versions/* partly:ReplicationFailed'\n"
        "imagesmith build web.json --sandbox --fault 'GET * slow:2s x10' --fault 'DELETE */resourceGroups/* locked'\n"
        "```"
    )
    rows = [(f"{row.word}:{row.argument}" if row.argument else row.word, row.note) for row in EFFECTS]
    rows += [(str(status), f"the answer is {code}") for status, (code, _) in STATUSES.items()]
    table = "".join(f"| `{word}` | {note} |\n" for word, note in rows)
    closing = "A status may have the seconds of `Retry-After` behind it, or `none`: `429:30`, `503:5`, `429:none`."
    return f"# Faults on demand\n\n{NOTE}{opening}\n\n| effect | what happens |\n|---|---|\n{table}\n{closing}\n"


def _settings() -> str:
    """The page with the table of keys put between its markers."""
    rows = (
        f"| `{key.name}` | {key.help} | `{key.name} = {key.example}` | "
        f"{'-' if key.name == 'parameters' else f'`{environment_name(key.name)}`'} |\n"
        for key in KEYS
    )
    table = "".join(("| key, option | what | example | variable |\n|---|---|---|---|\n", *rows))
    forbidden = "".join(f"- `{name}`: {decides}\n" for name, decides in NOT_IN_A_FILE.items())
    text = _between(_read(DOCS / "settings.md"), "keys", table)
    return _between(text, "forbidden", forbidden)


def _between(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name}: begin (made by `make docs`) -->\n", f"<!-- {name}: end -->\n"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}{content}{end}{rest.partition(end)[2]}"


def _rules() -> str:
    known = rules()
    opening = "Every message about a template or a run has a code. `imagesmith explain CODE` adds an example."
    silencing = (
        "Warnings and notes can be left out by code, by the beginning of a code or by category, and silenced in one "
        "place of a template ([settings](settings.md)); errors cannot."
    )
    parts = [f"# Diagnostics\n\n{NOTE}{opening} There are {len(known)}. {silencing}\n"]
    for _, category, title in CATEGORIES:
        chosen = [rule for rule in known if rule.category is category]
        if chosen:
            parts += [f"\n## {title} (`{category}`)\n\n", _table(chosen), *map(_rule, chosen)]
    return "".join(parts)


def _known_errors() -> str:
    opening = (
        "What Packer, Azure and scripts say when a build fails, and what it means. A run that fails for one of these "
        "ends with the cause and the remedy; `--retries` tries again only what is marked as passing by itself."
    )
    return f"# Known errors\n\n{NOTE}{opening}\n" + "".join(map(_known_error, KNOWN_ERRORS))


def _known_error(row: KnownError) -> str:
    passing = " Passes by itself." if row.transient else ""
    cause, remedy = (f"{text[0].upper()}{text[1:]}." for text in (row.cause, row.remedy))
    links = [f"<{part}>" for part in row.source.split("; ") if part.startswith("https://")]
    more = f"\nMore: {', '.join(links)}\n" if links else ""
    return f"\n## {row.id}\n\n{_plain(cause)}{passing}\n\nFix: {_plain(remedy)}\n{more}"


def _table(chosen: list[Rule]) -> str:
    rows = (
        f"| [{rule.code}](#{rule.code.lower()}) | {rule.severity} | {rule.category} | "
        f"{'only as a warning' if rule.severity is Severity.ERROR else 'yes'} | {_cell(rule.title)} |\n"
        for rule in chosen
    )
    return "".join(("| code | severity | category | can be silenced | what |\n|---|---|---|---|---|\n", *rows))


def _cell(text: str) -> str:
    return _plain(text).replace("|", "\\|")


def _rule(rule: Rule) -> str:
    title = f"{_plain(rule.title)} ({rule.severity})"
    return f"\n### {rule.code}\n\n{title}\n\n{_plain(rule.cause)}\n\nFix: {_plain(rule.fix)}\n"


def _plain(text: str) -> str:
    """A text with nothing in it that Markdown would take for its own, but for code in backticks."""
    pieces = text.split("`")
    for index in range(0, len(pieces), 2):
        for sign in "\\<*_[":
            pieces[index] = pieces[index].replace(sign, f"\\{sign}")
    return "`".join(pieces)


if __name__ == "__main__":
    sys.exit(main())
