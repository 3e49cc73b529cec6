"""Files that an old Packer cannot copy where the template wants them."""

from __future__ import annotations

from imagesmith.diagnostics import Rule, Severity
from imagesmith.plan import BuildPlan, OsType
from imagesmith.targets.shaping import Shaping

GARBLED_PATH = Rule(
    code="IMG462",
    severity=Severity.ERROR,
    title="this Packer cannot copy to a path with letters beyond ASCII",
    cause="To a Windows machine Packer 1.6 sends the bytes of a path in place of its letters: the file gets another"
    " name, or the machine cannot read the command and the copy fails.",
    fix="copy to a plain path and move the file in a PowerShell step, or use Packer 1.7 or newer",
    example='{"type": "File", "sourceUri": "a.txt", "destination": "C:\\\\Größe\\\\a.txt"}   (Packer 1.6.6)',
    corrected='{"type": "File", "sourceUri": "a.txt", "destination": "C:\\\\Groesse\\\\a.txt"}',
    source="winrm.md §5.1",
)


def plain_paths(plan: BuildPlan, shaping: Shaping) -> BuildPlan:
    """Say where a path would arrive as another one."""
    if plan.os_type is not OsType.WINDOWS or shaping.target.takes_plugins:
        return plan
    for step in (step for stage in plan.stages for step in stage.steps):
        for block in step.blocks:
            destination = block.get("destination") if block.labels == ("file",) else None
            if isinstance(destination, str) and not destination.isascii():
                shaping.say(GARBLED_PATH, (*(step.path or ()), "destination"))
    return plan
