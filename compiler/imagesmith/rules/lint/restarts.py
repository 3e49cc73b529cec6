"""Restarts: who makes them, and which are missing before the image is generalized."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.model import Customizer, PowerShell, WindowsRestart, WindowsUpdate
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.installers import started
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.powershell import Command
from imagesmith.rules.lint.scripts import (
    PowerShellCheck,
    PowerShellScript,
    Scripts,
    ShellCheck,
    ShellScript,
    TemplateCheck,
)

RESTART_IN_SCRIPT = Rule(
    code="IMG530",
    severity=Severity.WARNING,
    title="the script restarts the machine under Packer's feet",
    cause="The connection ends in the middle of the step. Depending on Packer's version it fails with 16001, or is run"
    " again from its beginning until its time is over. A WindowsRestart step waits until the machine is back.",
    fix='take the restart away, and let {"type": "WindowsRestart"} follow the step',
    example='{"customize": [{"type": "PowerShell", "inline": ["Restart-Computer -Force"]}]}',
    corrected='{"customize": [{"type": "WindowsRestart"}]}',
    source="winrm.md §5.5",
)
REBOOT_IN_SCRIPT = Rule(
    code="IMG531",
    severity=Severity.WARNING,
    title="the script ends the connection that it runs over",
    cause="A reboot in a Shell step breaks Packer's connection while the step runs, and the step fails with 'Script"
    " disconnected unexpectedly'; what stands below it in the script is lost.",
    fix="start the reboot in the background as the last line ('sudo shutdown -r +1'), or do without: a machine from the"
    " image boots the new kernel anyway",
    example='{"customize": [{"type": "Shell", "inline": ["sudo reboot"]}]}',
    corrected='{"customize": [{"type": "Shell", "inline": ["sudo shutdown -r +1"]}]}',
    source="Packer, shell provisioner, expect_disconnect and 'Handling Reboots'",
)
RESTART_MISSING = Rule(
    code="IMG532",
    severity=Severity.WARNING,
    title="no restart follows, and Sysprep refuses a machine that waits for one",
    cause="Windows features and updates are finished by a restart. Without it the generalization fails, or the image"
    " starts half configured. A WindowsUpdate step restarts by itself.",
    fix='let {"type": "WindowsRestart"} follow',
    example='{"customize": [{"type": "PowerShell", "inline": ["Install-WindowsFeature Hyper-V"]}]}',
    corrected='{"customize": [{"type": "PowerShell", "inline": ["Install-WindowsFeature Hyper-V"]},'
    ' {"type": "WindowsRestart"}]}',
    source="aib-templates.md §2.3.4; Microsoft, Sysprep overview",
)
RESTART_BEFORE_UPDATE = Rule(
    code="IMG533",
    severity=Severity.WARNING,
    title="Windows Update cannot start while a restart is pending",
    cause="The update session ends with 0x80240016 where an installation still waits for its restart.",
    fix='put {"type": "WindowsRestart"} between the two steps',
    example='{"customize": [{"type": "PowerShell", "inline": ["Install-WindowsFeature Hyper-V"]},'
    ' {"type": "WindowsUpdate"}]}',
    corrected='{"customize": [{"type": "PowerShell", "inline": ["Install-WindowsFeature Hyper-V"]},'
    ' {"type": "WindowsRestart"}, {"type": "WindowsUpdate"}]}',
    source="aib-templates.md §2.3.4",
)

_FEATURES = frozenset(
    {
        "install-windowsfeature",
        "add-windowsfeature",
        "uninstall-windowsfeature",
        "remove-windowsfeature",
        "enable-windowsoptionalfeature",
        "disable-windowsoptionalfeature",
        "install-windowsupdate",
        "add-windowspackage",
    }
)
_WITHOUT_RESTART = Pattern(
    r"(?:RSAT|Telnet|Web-|NET-Framework|Windows-Server-Backup|SNMP|GPMC|DHCP|DNS|Print-|AD-Domain|UpdateServices).*",
    re.IGNORECASE,
)
"""Features of Windows Server that are installed without a restart."""


def check_windows(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Restarts in PowerShell."""
    for command in script.commands:
        if command.name in ("restart-computer", "stop-computer") or (
            command.name == "shutdown" and _restarts(command.arguments)
        ):
            yield script.at(RESTART_IN_SCRIPT, command, hint=_instead(script))


def _restarts(arguments: tuple[str, ...]) -> bool:
    words = [text.lower().lstrip("/-") for text in arguments]
    return bool({"r", "g", "s", "p"} & set(words)) and "a" not in words


def _instead(script: PowerShellScript) -> str:
    return "a validator cannot restart its machine; take it away" if "validate" in script.step.path else ""


def check_linux(script: ShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Reboots in Shell steps."""
    for command in script.commands:
        words = command.arguments
        is_reboot = (
            command.name in ("reboot", "poweroff", "halt")
            or (command.name == "systemctl" and bool({"reboot", "poweroff", "halt"} & set(words)))
            or (command.name in ("init", "telinit") and bool({"0", "6"} & set(words)))
            or (command.name == "shutdown" and bool({"now", "+0"} & set(words)) and "-c" not in words)
        )
        if is_reboot and command.keyword not in ("while", "until"):
            yield script.at(REBOOT_IN_SCRIPT, command)


def check_pending(scripts: Scripts, _context: RuleContext) -> Iterator[Diagnostic]:
    """What leaves a restart to be done, and no restart behind it."""
    pending: tuple[PowerShellScript, Command] | None = None
    for step in scripts.template.customize:
        match step:
            case WindowsRestart():
                pending = None
            case WindowsUpdate():
                if pending:
                    yield RESTART_BEFORE_UPDATE.at((*step.path, "type"), _because(pending[1]))
                pending = None  # it restarts by itself
            case PowerShell():
                pending = _unfinished(scripts, step) or pending
            case _:
                pass
    if pending:
        script, command = pending
        message = f"'{_named(command)}' needs a restart, and none follows before Sysprep"
        yield script.at(RESTART_MISSING, command, message)


def _because(command: Command) -> str:
    return f"'{_named(command)}' before it leaves a restart pending, and Windows Update cannot start"


def _named(command: Command) -> str:
    """The command as it is written, or the program that Start-Process starts."""
    program = started(command)
    return command.words[0].text if program == command.name else program


def _unfinished(scripts: Scripts, step: Customizer) -> tuple[PowerShellScript, Command] | None:
    """The last command of a step that a restart has to finish; None where the step restarts by itself."""
    script = scripts.of(step)
    if not isinstance(script, PowerShellScript):
        return None
    found = [command for command in script.commands if _needs_restart(command)]
    return (script, found[-1]) if found else None


def _needs_restart(command: Command) -> bool:
    words = command.arguments
    if started(command) == "wusa":
        return True
    if command.name == "dism":
        return any(text.lower().startswith(("/enable-feature", "/add-package")) for text in words)
    named = tuple(_features(words))
    needs_none = bool(named) and all(_WITHOUT_RESTART.fullmatch(text) for text in named)
    return command.name in _FEATURES and not command.has("Restart") and not needs_none


def _features(words: tuple[str, ...]) -> Iterator[str]:
    """The features that a command names: what stands in front of all parameters, or behind -Name."""
    parameter = "-name"
    for text in words:
        if text.startswith("-"):
            parameter = text.lower()
        elif parameter in ("-name", "-featurename"):
            yield text


POWERSHELL_CHECKS: tuple[PowerShellCheck, ...] = (check_windows,)
SHELL_CHECKS: tuple[ShellCheck, ...] = (check_linux,)
TEMPLATE_CHECKS: tuple[TemplateCheck, ...] = (check_pending,)
