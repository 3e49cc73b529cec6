"""Errors of a shell script's grammar, found by a shell that reads it and runs nothing (`sh -n`).

Which program reads, and whether any does, comes in through the context: without it nothing is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import PlatformImage
from imagesmith.rules.context import RuleContext, ScriptFault
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.script import Stretch
from imagesmith.rules.lint.scripts import Scripts, ShellScript, TemplateCheck

SYNTAX = Rule(
    code="IMG580",
    severity=Severity.WARNING,
    title="the shell does not understand the script",
    cause="A shell of this machine has read the script without running it ('sh -n', 'bash -n'). The build's shell will"
    " stop at the same place, after the machine was made and all steps before this one have run.",
    fix="correct the line that the message names, or one above it that is not closed",
    example='{"type": "Shell", "inline": ["if [ -f /etc/os-release ]; then", "echo found"]}',
    corrected='{"type": "Shell", "inline": ["if [ -f /etc/os-release ]; then", "echo found", "fi"]}',
    source="POSIX, sh, -n",
)

_SHELLS = frozenset({"sh", "dash", "bash"})
_DEBIANS = frozenset({"canonical", "debian", "credativ"})


def is_run_by_dash(script: ShellScript) -> bool:
    """Whether dash will run it: /bin/sh is dash on Debian and Ubuntu alone."""
    source = script.template.source
    has_dash = isinstance(source, PlatformImage) and (source.publisher or "").lower() in _DEBIANS
    return has_dash and script.interpreter in ("sh", "dash")


def check_syntax(scripts: Scripts, context: RuleContext) -> Iterator[Diagnostic]:
    """What a shell says of each script; all scripts are read at once."""
    read = [script for script in scripts.all if isinstance(script, ShellScript) and script.interpreter in _SHELLS]
    if context.shell_reader is None or not read:
        return
    found = context.shell_reader([("sh" if is_run_by_dash(script) else "bash", script.text) for script in read])
    for script, fault in zip(read, found, strict=True):
        if fault is not None:
            yield _located(script, fault)


def _located(script: ShellScript, fault: ScriptFault) -> Diagnostic:
    """The diagnostic at the line that the shell names; at the last one that says something, where it names the end."""
    lines = [(offset, line) for offset, line in script.lines()]
    index = min(max(fault.line, 1), len(lines)) - 1
    while index > 0 and not lines[index][1].strip():
        index -= 1
    offset, line = lines[index]
    start = offset + len(line) - len(line.lstrip())
    place = Stretch(start, max(offset + len(line.rstrip()), start + 1))
    return script.at(SYNTAX, place, f"the shell does not understand the script: {_plainly(fault.message)}")


def _thing(match: re.Match[str]) -> str:
    """What the shell stumbled over: dash says `word` where it was one of the script's own words."""
    found = match["what"] or match["other"] or match["word"]
    return "another word" if found == "word" else f"'{found}'"


_WORDS = (
    (Pattern(r"unexpected end of file|end of file unexpected"), "it ends, and something in it is still open"),
    (Pattern(r"looking for matching|[Uu]nterminated quoted string"), "a quote or a bracket is not closed"),
    (Pattern(r"near unexpected token [`']newline'|newline unexpected"), "the line ends too early"),
    (Pattern(r"near unexpected token [`'](?P<what>.*)'|\"(?P<other>.*)\" unexpected|(?P<word>\S+) unexpected"), ""),
)
"""What dash and bash say, each in its own words, and the words for it here."""


def _plainly(message: str) -> str:
    for pattern, words in _WORDS:
        match = pattern.search(message)
        if match is not None:
            return words or f"{_thing(match)} is not expected here"
    return re.sub(r"\s+", " ", message).strip()


TEMPLATE_CHECKS: tuple[TemplateCheck, ...] = (check_syntax,)
