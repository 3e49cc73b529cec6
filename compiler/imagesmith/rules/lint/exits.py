"""`exit` in the middle of a script, whose elements look as if each stood for itself."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.scripts import Scripts, TemplateCheck

EXIT_IN_THE_MIDDLE = Rule(
    code="IMG517",
    severity=Severity.WARNING,
    title="what stands below this 'exit' never runs",
    cause="The elements of `inline` are joined to one script, so 'exit' ends all of them, not its own element alone.",
    fix="take 'exit' away, or make what follows a step of its own",
    example='{"type": "Shell", "inline": ["sudo apt-get update", "exit 0", "sudo systemctl enable nginx"]}',
    corrected='{"type": "Shell", "inline": ["sudo apt-get update", "sudo systemctl enable nginx"]}',
    source="lowering.md §1.4",
)


def check_exits(scripts: Scripts, _context: RuleContext) -> Iterator[Diagnostic]:
    """An unconditional `exit` with commands below it, the first of each script."""
    for script in scripts.all:
        plain = [command for command in script.commands if not command.depth]
        last = max((command.start for command in plain), default=0)
        early = [command for command in plain if command.name == "exit" and command.start < last]
        if early:
            yield script.at(EXIT_IN_THE_MIDDLE, early[0])


TEMPLATE_CHECKS: tuple[TemplateCheck, ...] = (check_exits,)
