"""Shell scripts that go on, or end well, although something failed (lowering.md §1.4: `/bin/sh -e`)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.scripts import ShellCheck, ShellScript
from imagesmith.rules.lint.shell import Command

ERROR_PAGE_SAVED = Rule(
    code="IMG515",
    severity=Severity.WARNING,
    title="curl saves the server's error page as if it were the file",
    cause="Without -f, curl ends with 0 whatever the server answers: '404 Not Found' becomes the file's content, and"
    " the step goes on with it.",
    fix="add -f (--fail)",
    example='{"type": "Shell", "inline": ["curl -sSLo app.tgz https://example.com/app.tgz"]}',
    corrected='{"type": "Shell", "inline": ["curl -fsSLo app.tgz https://example.com/app.tgz"]}',
    source="curl(1), --fail",
)
DOWNLOAD_IN_A_PIPE = Rule(
    code="IMG516",
    severity=Severity.WARNING,
    title="a failed download is not noticed",
    cause="Of a pipe, only the last command's exit code counts, also under 'sh -e'. A shell that gets no input, or half"
    " of it, ends with 0: the step succeeds, and nothing was installed.",
    fix="save the file first and run it then, or begin with '#!/bin/bash -e' and 'set -o pipefail'",
    example='{"type": "Shell", "inline": ["curl -fsSL https://example.com/install.sh | sudo bash"]}',
    corrected='{"type": "Shell", "inline": ["curl -fsSLo install.sh https://example.com/install.sh",'
    ' "sudo bash install.sh"]}',
    source="POSIX, Shell Command Language, §2.9.2; curl(1)",
)
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "python", "python3", "perl"})
_FAILS = Pattern(r"-[a-zA-Z#]*f[a-zA-Z]*|--fail(?:-early|-with-body)?")
_SAVES = Pattern(r"-[a-zA-Z#]*[oO][a-zA-Z]*|--output|--remote-name(?:-all)?|--output=.*|--remote-header-name")
_LOOKS = Pattern(r"-[a-zA-Z]*[Iw][a-zA-Z]*|--head|--write-out(?:=.*)?|-K|--config")
_NOWHERE = frozenset({"/dev/null"})


def check_downloads(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """curl whose result is kept although nobody asked whether it came, and downloads that are run from a pipe."""
    has_pipefail = "pipefail" in script.text
    commands = script.commands
    for command, following in itertools.zip_longest(commands, commands[1:]):
        if command.name not in ("curl", "wget"):
            continue
        run = following if command.before_pipe and following is not None and following.piped_into else None
        if run is not None and run.name in _SHELLS and not has_pipefail:
            yield script.at(
                DOWNLOAD_IN_A_PIPE, command, f"'{run.name}' ends with 0 where '{command.name}' gets nothing"
            )
        elif command.name == "curl" and _keeps_whatever_comes(command):
            yield script.at(ERROR_PAGE_SAVED, command)


def _keeps_whatever_comes(command: Command) -> bool:
    words = [word.text for word in command.words[1:] if word.is_bare or word.text.startswith("-")]
    if any(_FAILS.fullmatch(text) or _LOOKS.fullmatch(text) for text in words) or _NOWHERE & set(command.arguments):
        return False
    if any(word.text in _NOWHERE for word in command.writes):
        return False
    return bool(command.writes) or command.before_pipe or any(_SAVES.fullmatch(text) for text in words)


CHECKS: tuple[ShellCheck, ...] = (check_downloads,)
