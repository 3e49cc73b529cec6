"""Places on the build machine that the image does not keep."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import File, OsType
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.scripts import Scripts, TemplateCheck

NOT_KEPT = Rule(
    code="IMG545",
    severity=Severity.WARNING,
    title="what is copied there is not in the image",
    cause="The temporary disk (D: on Windows, /mnt on Linux) is not captured, and the build user's home folder is"
    " removed when the image is generalized. No later step of the template moves the file.",
    fix="copy it to a folder of the system's disk",
    example='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "D:\\\\app.conf"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "C:\\\\app\\\\app.conf"}',
    source="Microsoft, temporary disk of Azure VMs; aib-templates.md §2.5",
)

_LOST = {
    OsType.WINDOWS: Pattern(r"D:[\\/]|C:[\\/]Users[\\/]packer[\\/]|%?\$?(?:env:)?TEMP%?[\\/]", re.IGNORECASE),
    OsType.LINUX: Pattern(r"/mnt/|/home/packer/|/dev/shm/|/run/"),
}


def check_destinations(scripts: Scripts, context: RuleContext) -> Iterator[Diagnostic]:
    """Files copied to a place that is lost, and that no script names again."""
    lost = _LOST.get(context.os_type) if context.os_type else None
    if lost is None:
        return
    for index, step in enumerate(scripts.template.customize):
        if not isinstance(step, File) or not step.destination or not lost.match(step.destination):
            continue
        name = re.split(r"[\\/]", step.destination)[-1]
        later = {id(following) for following in scripts.template.customize[index + 1 :]}
        if not any(id(script.step) in later and name in script.text for script in scripts.all):
            yield NOT_KEPT.at((*step.path, "destination"), f"'{step.destination}' is not in the image")


TEMPLATE_CHECKS: tuple[TemplateCheck, ...] = (check_destinations,)
