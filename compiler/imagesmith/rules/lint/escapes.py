r"""Windows paths whose backslashes JSON has read as escapes: `"C:\temp"` holds a tab."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import File, ImageTemplate, PowerShell
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.os_type import all_steps

PATH_WITH_AN_ESCAPE = Rule(
    code="IMG546",
    severity=Severity.WARNING,
    title="JSON has read the backslash of a path as an escape",
    cause=r"In JSON '\t', '\n', '\r', '\b' and '\f' are control characters. 'C:\temp' written with one backslash is"
    " 'C:', a tab and 'emp': the folder does not exist, or another one is made.",
    fix="write every backslash of a path twice",
    example=r'{"type": "PowerShell", "inline": ["mkdir C:\temp"]}',
    corrected=r'{"type": "PowerShell", "inline": ["mkdir C:\\temp"]}',
    source="RFC 8259 §7",
)

_ESCAPED = Pattern(r"(?<![A-Za-z])[A-Za-z]:(?P<sign>[\t\n\r\x08\x0c])(?=\w)")
_WRITTEN = {"\t": "t", "\n": "n", "\r": "r", "\x08": "b", "\x0c": "f"}


def check_paths(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Every PowerShell line and every destination."""
    for path, text in _texts(template):
        for match in _ESCAPED.finditer(text):
            letter = _WRITTEN[match["sign"]]
            message = rf"JSON has read '\{letter}' in this path as a control character"
            yield PATH_WITH_AN_ESCAPE.at(path, message, hint=rf"write '\\{letter}'", within=match.span())


def _texts(template: ImageTemplate) -> Iterator[tuple[Path, str]]:
    for step in all_steps(template):
        if isinstance(step, PowerShell):
            yield from (((*step.path, "inline", index), text) for index, text in enumerate(step.inline or ()))
        elif isinstance(step, File):
            yield (*step.path, "destination"), step.destination or ""


CHECKS: tuple[Check, ...] = (check_paths,)
