"""PowerShell steps: cmdlets that ask, errors that stop nothing, and words that Windows PowerShell 5.1 does not know."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.powershell import Command
from imagesmith.rules.lint.script import Stretch
from imagesmith.rules.lint.scripts import PowerShellCheck, PowerShellScript

CMDLET_ASKS = Rule(
    code="IMG506",
    severity=Severity.WARNING,
    title="the cmdlet asks a question that nobody answers",
    cause="Nobody sits at the build machine. A cmdlet that asks gets no answer: it fails, or it waits until the build's"
    " time is over.",
    fix="give the answer by a parameter",
    example='{"type": "PowerShell", "inline": ["$name = Read-Host \'Computer name\'"]}',
    corrected='{"type": "PowerShell", "inline": ["$name = \'web\'"]}',
    source="the cmdlets' help; demand.md §2 row 3",
)
GOES_ON_AFTER_ERRORS = Rule(
    code="IMG520",
    severity=Severity.WARNING,
    title="the script goes on after an error, and the step succeeds all the same",
    cause="A cmdlet that fails writes an error and the next line runs; the step's result is the exit code of the last"
    " program. A download or an installation that failed is found out after the image is published.",
    fix="begin with \"$ErrorActionPreference = 'Stop'\", or compile with --strict-scripts",
    example='{"type": "PowerShell", "inline": ["Expand-Archive C:\\\\app.zip C:\\\\app"]}',
    corrected='{"type": "PowerShell", "inline": ["$ErrorActionPreference = \'Stop\'",'
    ' "Expand-Archive C:\\\\app.zip C:\\\\app"]}',
    source="about_Preference_Variables; aib-templates.md §2.3.2",
)
CHAIN_OPERATOR = Rule(
    code="IMG524",
    severity=Severity.WARNING,
    title="Windows PowerShell does not know '&&' and '||'",
    cause="Steps run in Windows PowerShell 5.1; these operators came with PowerShell 7. The script is refused as a"
    " whole: \"The token '&&' is not a valid statement separator in this version\".",
    fix="write each command in an element of its own, with $ErrorActionPreference = 'Stop' before them, or quote the"
    ' line for cmd: cmd /c "a && b"',
    example='{"type": "PowerShell", "inline": ["choco install git -y && choco install nodejs -y"]}',
    corrected='{"type": "PowerShell", "inline": ["choco install git -y", "choco install nodejs -y"]}',
    source="about_Pipeline_Chain_Operators",
)
# What each asking command has to be told; empty where it always asks.
_ASKING: Mapping[str, tuple[tuple[str, ...], str]] = {
    "read-host": ((), "write the value into the script, or give it by a parameter of the deployment"),
    "pause": ((), "take it away; to wait, write 'Start-Sleep -Seconds 60'"),
    "get-credential": (("credential",), "make a PSCredential from what a key vault gives"),
    "out-gridview": ((), "print the table by 'Format-Table'"),
    "ogv": ((), "print the table by 'Format-Table'"),
    "install-module": (("force",), "add -Force, and run 'Install-PackageProvider NuGet -Force' before"),
    "install-script": (("force",), "add -Force"),
    "install-packageprovider": (("force", "forcebootstrap"), "add -Force"),
    "enable-windowsoptionalfeature": (("norestart",), "add -NoRestart, and let a WindowsRestart step follow"),
    "disable-windowsoptionalfeature": (("norestart",), "add -NoRestart, and let a WindowsRestart step follow"),
    "connect-azaccount": (
        ("identity", "serviceprincipal", "accesstoken", "credential", "federatedtoken", "applicationid"),
        "add -Identity, and give the build machine an identity by 'vmProfile.userAssignedIdentities'",
    ),
    "set-executionpolicy": (("force", "scope", "confirm"), "add -Force"),
}
_CHANGING = Pattern(
    r"install-\w+|expand-archive|invoke-(?:webrequest|restmethod)|iwr|irm|start-bitstransfer|copy-item|move-item|import-\w+"
    r"|add-(?:windows|appx)\w+|enable-windows\w+"
)
"""What fails for reasons of the world: no network, no such file, no such package."""
_STOPS = Pattern(
    r"\$ErrorActionPreference\s*=|\btrap\b|\btry\s*\{|-ErrorAction\w*[\s:]+['\"]?Stop|-EA[\s:]+['\"]?Stop"
    r"|\bthrow\b",
    re.IGNORECASE,
)
_CONFIRMED = Pattern("allowGlobalConfirmation", re.IGNORECASE)
_TRUSTED = Pattern(r"Set-PSRepository[^\n;]{0,200}Trusted", re.IGNORECASE)


def check_questions(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Commands that ask."""
    for command in script.commands:
        hint = _asks(command, script)
        if hint:
            yield script.at(
                CMDLET_ASKS, command, f"'{command.words[0].text}' asks a question, and nobody answers", hint=hint
            )


def _asks(command: Command, script: PowerShellScript) -> str:
    """What to do about it; empty where the command asks nothing."""
    if command.is_splatted:
        return ""
    if command.name in _PROGRAMS:
        return _PROGRAMS[command.name](tuple(text.lower() for text in command.arguments), script)
    if command.name not in _ASKING or (command.name == "install-module" and script.mentions(_TRUSTED)):
        return ""
    answers, hint = _ASKING[command.name]
    return "" if any(command.has(name, shortest=2) for name in answers) else hint


def _chocolatey(arguments: tuple[str, ...], script: PowerShellScript) -> str:
    changes = bool({"install", "upgrade", "uninstall"} & set(arguments[:1]))
    is_told = {"-y", "--yes", "--confirm", "-yes", "/y"} & set(arguments) or script.mentions(_CONFIRMED)
    return "add -y" if changes and not is_told else ""


def _az(arguments: tuple[str, ...], _script: PowerShellScript) -> str:
    is_told = any(text.startswith(("--identity", "-i", "--service-principal", "--federated")) for text in arguments)
    return "add --identity" if arguments[:1] == ("login",) and not is_told else ""


def _dism(arguments: tuple[str, ...], _script: PowerShellScript) -> str:
    is_told = {"/norestart", "/quiet", "-norestart"} & set(arguments)
    changes = "/online" in arguments and any(text.startswith(("/enable-f", "/disable-f")) for text in arguments)
    return "add /norestart" if changes and not is_told else ""


_PROGRAMS: Mapping[str, Callable[[tuple[str, ...], PowerShellScript], str]] = {
    "choco": _chocolatey,
    "az": _az,
    "dism": _dism,
}
"""Programs whose arguments, in lower case, tell whether they ask."""


def check_errors(script: PowerShellScript, context: RuleContext) -> Iterator[Diagnostic]:
    """The first cmdlet of a script that changes something and stops nothing when it fails."""
    if context.strict_scripts or script.mentions(_STOPS):
        return
    for command in script.commands:
        if _CHANGING.fullmatch(command.name) and not _is_lenient(command):
            message = f"where '{command.words[0].text}' fails, the script goes on and the step succeeds"
            yield script.at(GOES_ON_AFTER_ERRORS, command, message)
            return


def _is_lenient(command: Command) -> bool:
    """Whether the script says itself that an error here does not matter."""
    return any(text.lower() in ("silentlycontinue", "ignore", "continue") for text in command.arguments)


def check_chains(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """`&&` and `||` outside quotes."""
    for start, end in script.chains[:1]:
        sign = script.text[start:end]
        yield script.at(CHAIN_OPERATOR, Stretch(start, end), f"Windows PowerShell does not know '{sign}'")


CHECKS: tuple[PowerShellCheck, ...] = (check_questions, check_errors, check_chains)
