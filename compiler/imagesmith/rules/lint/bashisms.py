"""Words of bash in a script that another shell runs: Debian's and Ubuntu's /bin/sh is dash."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.scripts import ShellCheck, ShellScript
from imagesmith.rules.lint.shell import Command
from imagesmith.rules.lint.syntax import is_run_by_dash

BASH_WORD = Rule(
    code="IMG519",
    severity=Severity.WARNING,
    title="the command is bash's own, and /bin/sh of this system is dash",
    cause="A script without a first line '#!…' is run by /bin/sh, which is dash on Debian and Ubuntu. It does not know"
    " the words that bash adds, and ends with '[[: not found', 'source: not found' or 'Illegal option -o pipefail'.",
    fix="begin the script with '#!/bin/bash -e'",
    example='{"type": "Shell", "inline": ["[[ -f /etc/motd ]] && cat /etc/motd"]}',
    corrected='{"type": "Shell", "inline": ["#!/bin/bash -e", "[[ -f /etc/motd ]] && cat /etc/motd"]}',
    source="dash(1); aib-templates.md §2.3.1",
)

_WORDS = frozenset({"[[", "source", "shopt", "pushd", "popd", "declare", "typeset", "mapfile", "readarray", "let"})


def check_words(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """The first word of bash in a script that dash runs: one line at its top mends them all."""
    if not is_run_by_dash(script):
        return
    for command in script.commands:
        if _is_bashs(command):
            named = "set -o pipefail" if command.name == "set" else command.name
            yield script.at(BASH_WORD, command, f"'{named}' is bash's own, and /bin/sh of this system is dash")
            return


def _is_bashs(command: Command) -> bool:
    return command.name in _WORDS or (command.name == "set" and "pipefail" in command.arguments)


CHECKS: tuple[ShellCheck, ...] = (check_words,)
