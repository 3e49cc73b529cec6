"""Times that are too short for what is done in them, and sources that are another image tomorrow."""

from __future__ import annotations

from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import ImageTemplate, PlatformImage, WindowsRestart, WindowsUpdate
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.timeouts import seconds

SHORT_FOR_UPDATES = Rule(
    code="IMG565",
    severity=Severity.WARNING,
    title="the build time is short for Windows Update",
    cause="The plugin installs, restarts and looks again until nothing is left; a single restart may take four hours"
    " before it gives up. When the build's time is over, everything done so far is lost.",
    fix="write 90 or more, or leave it away for 240",
    example='{"buildTimeoutInMinutes": 60, "customize": [{"type": "WindowsUpdate"}]}',
    corrected='{"buildTimeoutInMinutes": 180, "customize": [{"type": "WindowsUpdate"}]}',
    source="aib-templates.md §2.3.4, §2.11",
)
SHORT_RESTART = Rule(
    code="IMG566",
    severity=Severity.WARNING,
    title="'restartTimeout' is shorter than the default",
    cause="A restart that installs updates takes minutes; the default of 5 minutes is already short, and the documents"
    " advise 30 for Windows Server 2016. 'Timeout waiting for machine to restart' ends the build.",
    fix="write '10m' or more, or leave it away for 5 minutes",
    example='{"type": "WindowsRestart", "restartTimeout": "30s"}',
    corrected='{"type": "WindowsRestart", "restartTimeout": "10m"}',
    source="aib-templates.md §1.5, §2.3.3",
)
UNPINNED_SOURCE = Rule(
    code="IMG570",
    severity=Severity.NOTE,
    title="'latest' is another image tomorrow, and no lock file pins it",
    cause="The version is looked up at every build, so the same template makes another image next month, and no lock"
    " file pins it. This is what people want of a monthly build, and not of one that must be repeated; so it is said"
    " with --strict only.",
    fix="run 'imagesmith lock FILE', or write the version that 'az vm image list --all' shows",
    example='{"source": {"type": "PlatformImage", "version": "latest"}}',
    corrected='{"source": {"type": "PlatformImage", "version": "20348.2700.240905"}}',
    source="aib-templates.md §1.4",
)

_FOR_UPDATES = 90
_DEFAULT_RESTART_S = 300.0


def check_updates(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Updates in less than an hour and a half. Less than an hour is said of every Windows image (IMG346)."""
    minutes = template.build_timeout_in_minutes
    if 60 <= minutes < _FOR_UPDATES and any(isinstance(step, WindowsUpdate) for step in template.customize):
        message = f"{minutes} minutes are short for a build that installs Windows updates"
        yield SHORT_FOR_UPDATES.at(("properties", "buildTimeoutInMinutes"), message)


def check_restarts(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Restarts with less time than they have by themselves."""
    for step in template.customize:
        time_s = seconds(step.restart_timeout or "") if isinstance(step, WindowsRestart) else None
        if time_s and time_s < _DEFAULT_RESTART_S:
            message = f"a restart seldom ends within {step.restart_timeout}"  # type: ignore[union-attr]
            yield SHORT_RESTART.at((*step.path, "restartTimeout"), message)


def check_version(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """A source without a version of its own and without a lock, where strictness is asked for."""
    source = template.source
    if (
        context.strict
        and not context.is_locked
        and isinstance(source, PlatformImage)
        and source.version.lower() == "latest"
    ):
        yield UNPINNED_SOURCE.at((*source.path, "version"))


CHECKS: tuple[Check, ...] = (check_updates, check_restarts, check_version)
