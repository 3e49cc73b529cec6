"""What does not last from one step to the next: each step is a session of its own (aib-templates.md §0 fact 4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
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
_SET = re.compile(
    rf"(?:^|[\s;&|(])(?P<name>{_NAME})\+?=|\bread\s+(?:-\w+\s+)*(?P<read>{_NAME})|\bfor\s+(?P<loop>{_NAME})\b"
)
_USED = re.compile(rf"\$(?:\{{(?P<braced>{_NAME})\}}|(?P<plain>{_NAME}))")
_LASTING = re.compile(r"/etc/(?:environment|profile)|\.bashrc|\.profile|(?:^|[\s;&])(?:\.|source)\s+\S", re.MULTILINE)
_WINDOWS_SET = re.compile(rf"\$(?P<env>env:)?(?P<name>{_NAME})\s*[-+]?=(?!=)", re.IGNORECASE)
_WINDOWS_USED = re.compile(rf"\$(?:\{{)?(?P<env>env:)?(?P<name>{_NAME})", re.IGNORECASE)
_WINDOWS_LASTING = re.compile(r"SetEnvironmentVariable|\bsetx\b|Control\\Session Manager\\Environment", re.IGNORECASE)
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
            if name in before and name not in own and name not in said and not lasting:
                said.add(name)
                message = f"'{script.text[place.start : place.end]}' is set in an earlier step only, and is empty here"
                yield script.at(VARIABLE_LOST, place, message)
        before |= own


def _names_set(script: ShellScript | PowerShellScript) -> Iterator[str]:
    if isinstance(script, ShellScript):
        for match in _SET.finditer(script.text):
            yield match["name"] or match["read"] or match["loop"]
        return
    for match in _WINDOWS_SET.finditer(script.text):
        yield _windows_name(match)


def _names_used(script: ShellScript | PowerShellScript) -> Iterator[tuple[str, Stretch]]:
    if isinstance(script, ShellScript):
        for match in _USED.finditer(script.text):
            if not _is_quoted(script.text, match.start()):
                yield match["braced"] or match["plain"], Stretch(*match.span())
        return
    for match in _WINDOWS_USED.finditer(script.text):
        yield _windows_name(match), Stretch(*match.span())


def _windows_name(match: re.Match[str]) -> str:
    return f"{(match['env'] or '').lower()}{match['name'].lower()}"


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
