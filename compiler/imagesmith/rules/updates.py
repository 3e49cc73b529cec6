"""WindowsUpdate: what the plugin's script makes of `filters` (aib-templates.md §2.3.4).

The script splits each filter at its first colon into an action and a PowerShell expression over the update `$_`. The
first filter whose expression is true decides; the update is installed if that filter's action is `include`, whatever
the case, and not for any other text. An update that no filter matches is not installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import ImageTemplate, WindowsUpdate
from imagesmith.rules.context import Check, RuleContext

_SCRIPT = "windows-update.ps1 of github.com/rgl/packer-plugin-windows-update; aib-templates.md §2.3.4"

FILTER_WITHOUT_ACTION = Rule(
    code="IMG350",
    severity=Severity.WARNING,
    title="the filter has no action",
    cause="A filter is 'include:' or 'exclude:' and a PowerShell expression. Without an action the text before the"
    " first colon is taken for it and the rest for the expression; with no colon the expression is empty and never"
    " true.",
    fix="write 'include:' or 'exclude:' before the expression",
    example='{"type": "WindowsUpdate", "filters": ["$_.BrowseOnly"]}',
    corrected='{"type": "WindowsUpdate", "filters": ["include:$_.BrowseOnly"]}',
    source=_SCRIPT,
)
UNKNOWN_ACTION = Rule(
    code="IMG351",
    severity=Severity.WARNING,
    title="the filter's action is not 'include' or 'exclude'",
    cause="Every action but exactly 'include' leaves the update out; a space before the colon is enough.",
    fix="write 'include:' or 'exclude:'",
    example='{"type": "WindowsUpdate", "filters": ["include :$true"]}',
    corrected='{"type": "WindowsUpdate", "filters": ["include:$true"]}',
    source=_SCRIPT,
)
NOTHING_INCLUDED = Rule(
    code="IMG352",
    severity=Severity.WARNING,
    title="no filter includes anything, so no update is ever installed",
    cause="An update that no filter includes is not installed; the default 'include:$true' holds only without filters.",
    fix="add 'include:$true' as the last filter",
    example='{"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like \'*Preview*\'"]}',
    corrected='{"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like \'*Preview*\'", "include:$true"]}',
    source=_SCRIPT,
)
BAD_EXPRESSION = Rule(
    code="IMG353",
    severity=Severity.WARNING,
    title="the filter's expression cannot work",
    cause="The expression is PowerShell over the update '$_'. An empty one is never true; '$.' is no PowerShell.",
    fix="write an expression as in \"$_.Title -like '*Preview*'\"",
    example='{"type": "WindowsUpdate", "filters": ["exclude:$.Title -like \'*Preview*\'", "include:$true"]}',
    corrected='{"type": "WindowsUpdate", "filters": ["exclude:$_.Title -like \'*Preview*\'", "include:$true"]}',
    source=_SCRIPT,
)


def check_updates(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Every WindowsUpdate step."""
    for step in template.customize:
        if not isinstance(step, WindowsUpdate):
            continue
        path = (*step.path, "filters")
        findings = [found for index, text in enumerate(step.filters) for found in _filter(text, (*path, index))]
        yield from findings
        if step.filters and not findings and not any(_includes(text) for text in step.filters):
            yield NOTHING_INCLUDED.at(path)


def _includes(text: str) -> bool:
    return text.partition(":")[0].lower() == "include"


def _filter(text: str, path: Path) -> Iterator[Diagnostic]:
    action, _, expression = text.partition(":")
    meant = action.strip().lower()
    if not re.fullmatch(r"[A-Za-z ]+", action) or ":" not in text:
        hint = f"write 'include:{text}' or 'exclude:{text}'"
        yield FILTER_WITHOUT_ACTION.at(
            path, f"the filter '{text}' has no action, so it never includes an update", hint=hint
        )
    elif meant not in ("include", "exclude"):
        yield UNKNOWN_ACTION.at(path, f"'{action}' is no action; the updates that the filter matches are left out")
    elif meant == "include" and action != action.strip():
        message = f"'{action}:' with a space leaves the updates out instead of including them"
        yield UNKNOWN_ACTION.at(path, message, hint=f"write 'include:{expression}'")
    elif not expression.strip():
        yield BAD_EXPRESSION.at(path, f"the filter '{text}' has no expression and never matches")
    elif "$." in expression:
        hint = f"write '{action}:{expression.replace('$.', '$_.')}'"
        yield BAD_EXPRESSION.at(path, "'$.' is no PowerShell; '$_.' is meant", hint=hint)


CHECKS: tuple[Check, ...] = (check_updates,)
