"""What does not last from one step to the next: each step is a session of its own (aib-templates.md §0 fact 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.script import Stretch
from imagesmith.rules.lint.scripts import PowerShellScript, Scripts, ShellScript, TemplateCheck

VARIABLE_LOST = Rule(
    code="IMG540",
    severity=Severity.WARNING,
    title="the variable is set in another step, which does not reach here",
    cause="Each step is a session of its own: variables, also exported ones, end with the step that sets them. Here the"
    " variable is empty.",
    fix="set it in this step, too, or make both one step",
    example='{"customize": [{"type": "Shell", "inline": ["export APP=/opt/app"]},'
    ' {"type": "Shell", "inline": ["sudo mkdir -p $APP"]}]}',
    corrected='{"customize": [{"type": "Shell", "inline": ["APP=/opt/app", "sudo mkdir -p $APP"]}]}',
    source="aib-templates.md §0 fact 4",
)
FOLDER_LOST = Rule(
    code="IMG541",
    severity=Severity.WARNING,
    title="the change of folder ends with this step",
    cause="Each step is a session of its own and starts in the build user's home folder; a 'cd' as a step's last"
    " command changes nothing.",
    fix="move 'cd' to the beginning of the step that needs it",
    example='{"customize": [{"type": "Shell", "inline": ["cd /opt/app"]},'
    ' {"type": "Shell", "inline": ["sudo ./install.sh"]}]}',
    corrected='{"customize": [{"type": "Shell", "inline": ["cd /opt/app", "sudo ./install.sh"]}]}',
    source="aib-templates.md §0 fact 4",
)

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_SET = Pattern(
    rf"(?:^|[\s;&|(])(?P<name>{_NAME})\+?=|\b(?:read|local|getopts|mapfile)\s(?P<read>[^;\n&|<]{{0,200}})"
    rf"|\b(?:for|select)\s+(?P<loop>{_NAME})\b|printf\s+-v\s+(?P<printed>{_NAME})"
)
_USED = Pattern(rf"\$(?:\{{(?P<braced>{_NAME})\}}|(?P<plain>{_NAME}))")
_LASTING = Pattern(r"/etc/(?:environment|profile)|\.bashrc|\.profile|(?:^|[\s;&])(?:\.|source)\s+\S", re.MULTILINE)
_WINDOWS_SET = Pattern(
    rf"\$(?P<env>env:)?(?P<name>{_NAME})\s*[-+]?=(?!=)|foreach\s*\(\s*\$(?P<loop>{_NAME})"
    rf"|\bparam\s*\((?P<parameters>[^)]{{0,500}})|-OutVariable\s+\+?(?P<out>{_NAME})",
    re.IGNORECASE,
)
_WINDOWS_USED = Pattern(rf"\$(?:\{{)?(?P<env>env:)?(?P<name>{_NAME})", re.IGNORECASE)
_WINDOWS_LASTING = Pattern(r"SetEnvironmentVariable|\bsetx\b|Control\\Session Manager\\Environment", re.IGNORECASE)
_ALWAYS_WORDS = (
    "PATH HOME USER LOGNAME SHELL PWD OLDPWD LANG LC_ALL TERM TMPDIR HOSTNAME IFS UID EUID RANDOM SECONDS"
    " env:path env:temp env:tmp env:psmodulepath erroractionpreference progresspreference lastexitcode args input"
    " matches error null true false this psitem home pwd host pshome psscriptroot"
)
_ALWAYS = frozenset(_ALWAYS_WORDS.split())
"""Variables that every session has, whoever else sets them."""
_FOLDERS = frozenset({"cd", "pushd", "set-location", "sl", "chdir"})


def check_variables(scripts: Scripts, _context: RuleContext) -> Iterator[Diagnostic]:
    """The first use, in each script, of a variable that only an earlier one sets."""
    before: set[str] = set()
    lasting = False
    for script in scripts.all:
        lasting |= bool((_LASTING if isinstance(script, ShellScript) else _WINDOWS_LASTING).search(script.text))
        own = set(_names_set(script))
        said: set[str] = set()
        for name, place in _names_used(script):
            if lasting or name not in before or name in own or name in said or name in _ALWAYS:
                continue
            if not (isinstance(script, ShellScript) and _is_quoted(script.text, place.start)):
                said.add(name)
                written = script.text[place.start : place.end]
                message = f"'{written}' is set in an earlier step only, and is empty here"
                yield script.at(VARIABLE_LOST, place, message)
        before |= own


def _names_set(script: ShellScript | PowerShellScript) -> Iterator[str]:
    if isinstance(script, ShellScript):
        for match in _SET.finditer(script.text):
            yield from re.findall(_NAME, match["read"] or "")
            yield match["name"] or match["loop"] or match["printed"] or ""
        return
    for match in _WINDOWS_SET.finditer(script.text):
        yield from (name.lower() for name in re.findall(rf"\$({_NAME})", match["parameters"] or ""))
        yield f"{(match['env'] or '').lower()}{(match['name'] or match['loop'] or match['out'] or '').lower()}"


def _names_used(script: ShellScript | PowerShellScript) -> Iterator[tuple[str, Stretch]]:
    if isinstance(script, ShellScript):
        for match in _USED.finditer(script.text):
            yield match["braced"] or match["plain"], Stretch(*match.span())
        return
    for match in _WINDOWS_USED.finditer(script.text):
        yield f"{(match['env'] or '').lower()}{match['name'].lower()}", Stretch(*match.span())


def _is_quoted(text: str, at: int) -> bool:
    """Whether a dollar stands for itself: behind a backslash, or in single quotes of its own line."""
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line.endswith("\\") or (line.count("'") % 2 == 1 and '"' not in line)


def check_folders(scripts: Scripts, _context: RuleContext) -> Iterator[Diagnostic]:
    """A step that ends with a change of folder."""
    for script in scripts.all:
        commands = script.commands
        last = commands[-1] if commands else None
        if last is not None and last.name in _FOLDERS and not last.depth and last.arguments:
            yield script.at(FOLDER_LOST, last)


TEMPLATE_CHECKS: tuple[TemplateCheck, ...] = (check_variables, check_folders)
