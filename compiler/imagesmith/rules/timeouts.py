"""Times: how long the build may take, and how long a restart (aib-templates.md §2.3.3, §2.11)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import ImageTemplate, OsType, WindowsRestart
from imagesmith.rules.context import Check, RuleContext

BUILD_TIMEOUT = Rule(
    code="IMG345",
    severity=Severity.ERROR,
    title="'buildTimeoutInMinutes' is too short for any build",
    cause="The schema lets 1 to 5 minutes pass, but every such build fails: its login would expire while it starts.",
    fix="write a number from 6 to 960, or leave it away for 240",
    example='{"buildTimeoutInMinutes": 5}',
    corrected='{"buildTimeoutInMinutes": 60}',
    source="aib-templates.md §1.3, §2.11",
)
SHORT_FOR_WINDOWS = Rule(
    code="IMG346",
    severity=Severity.WARNING,
    title="the build time is short for Windows",
    cause="Starting, updating and generalizing a Windows machine takes long; at least 60 minutes are advised.",
    fix="write 60 or more",
    example='{"source": {"publisher": "MicrosoftWindowsServer"}, "buildTimeoutInMinutes": 30}',
    corrected='{"source": {"publisher": "MicrosoftWindowsServer"}, "buildTimeoutInMinutes": 90}',
    source="aib-templates.md §2.11",
)
DURATION_FORM = Rule(
    code="IMG347",
    severity=Severity.ERROR,
    title="'restartTimeout' is no duration",
    cause="It is a number with a unit, h, m or s, and may be several of them in a row. Days and bare numbers are"
    " refused by Packer.",
    fix="write it as in '10m', '2h' or '1h30m'",
    example='{"type": "WindowsRestart", "restartTimeout": "10"}',
    corrected='{"type": "WindowsRestart", "restartTimeout": "10m"}',
    source="aib-templates.md §1.5, lowering.md §1.4",
)
ZERO_RESTART = Rule(
    code="IMG348",
    severity=Severity.WARNING,
    title="'restartTimeout' is zero, which means the default of 5 minutes",
    cause="Packer takes zero for 'not given'.",
    fix="write the time that a restart may take, as in '10m', or leave it away",
    example='{"type": "WindowsRestart", "restartTimeout": "0s"}',
    corrected='{"type": "WindowsRestart", "restartTimeout": "10m"}',
    source="packer.md §6",
)
RESTART_BEYOND_BUILD = Rule(
    code="IMG349",
    severity=Severity.WARNING,
    title="a restart may take longer than the whole build",
    cause="The build's own limit ends it before the restart's is reached.",
    fix="raise 'buildTimeoutInMinutes' or lower 'restartTimeout'",
    example='{"buildTimeoutInMinutes": 60, "customize": [{"type": "WindowsRestart", "restartTimeout": "2h"}]}',
    corrected='{"buildTimeoutInMinutes": 240, "customize": [{"type": "WindowsRestart", "restartTimeout": "2h"}]}',
    source="aib-templates.md §2.11",
)

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ns": 1e-9}
_TERM = "([0-9]+(?:[.][0-9]*)?|[.][0-9]+)(h|ms|m|s|us|\u00b5s|\u03bcs|ns)"  # Go takes either of two letters for micro
_DURATION = re.compile(rf"\+?(?:{_TERM})+")
_WORD_UNITS = {"": "m", "d": "d", "h": "h", "m": "m", "s": "s"}


def seconds(text: str) -> float | None:
    """A Go duration in seconds, None where the text is none; ``0`` alone is one."""
    if text in ("0", "+0"):
        return 0.0
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(_TERM, text))


def check_build_timeout(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Six minutes at least (the schema knows the other limits), and better an hour for Windows."""
    minutes = template.build_timeout_in_minutes
    path = ("properties", "buildTimeoutInMinutes")
    if 0 < minutes < 6:
        yield BUILD_TIMEOUT.at(path, f"no build fits into {minutes} minutes: write 6 to 960, or 0 for 240")
    elif 0 < minutes < 60 and context.os_type is OsType.WINDOWS:
        yield SHORT_FOR_WINDOWS.at(path, f"{minutes} minutes are short for a Windows image")


def check_restart_timeouts(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Every restart's time: its form, and that it fits into the build's."""
    limit_s = (template.build_timeout_in_minutes or 240) * 60
    for step in template.customize:
        if isinstance(step, WindowsRestart) and step.restart_timeout:
            yield from _restart(step.restart_timeout, (*step.path, "restartTimeout"), limit_s)


def _restart(text: str, path: Path, limit_s: int) -> Iterator[Diagnostic]:
    time_s = seconds(text)
    if time_s is None:
        meant = _meant(text)
        message = f"'{text}' is no duration: it is a number with the unit h, m or s"
        yield DURATION_FORM.at(path, message, hint=f"write '{meant}'" if meant else "")
    elif time_s == 0:
        yield ZERO_RESTART.at(path)
    elif time_s > limit_s:
        message = f"the restart may take {text}, but the whole build only {limit_s // 60} minutes"
        yield RESTART_BEYOND_BUILD.at(path, message)


def _meant(text: str) -> str:
    """The duration that was probably meant: a bare number is minutes, days are hours, a unit may be written out."""
    plain = text.strip().lower()
    clock = re.fullmatch(r"([0-9]{1,2}):([0-9]{2}):([0-9]{2})", plain)
    if clock:
        parts = zip(clock.groups(), "hms", strict=True)
        return "".join(f"{int(number)}{unit}" for number, unit in parts if int(number))
    match = re.fullmatch(r"([0-9]{1,6})\s*(d|h|m|s|)(?:ays?|ours?|r|rs|in|ins|inutes?|inute|ec|ecs|econds?)?", plain)
    if not match:
        return ""
    number, unit = int(match[1]), _WORD_UNITS[match[2]]
    return f"{number * 24}h" if unit == "d" else f"{number}{unit}"


CHECKS: tuple[Check, ...] = (check_build_timeout, check_restart_timeouts)
