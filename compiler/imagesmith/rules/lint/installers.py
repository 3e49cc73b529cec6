"""Installers of Windows in PowerShell steps: those that show a window, that nobody waits for, whose result is lost."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Rule, Severity
from imagesmith.rules.context import RuleContext
from imagesmith.rules.lint.patterns import Pattern
from imagesmith.rules.lint.powershell import Command, program_name
from imagesmith.rules.lint.scripts import PowerShellCheck, PowerShellScript

WINDOW = Rule(
    code="IMG505",
    severity=Severity.WARNING,
    title="the installer shows a window and waits for a click",
    cause="Nobody sees the build machine's desktop. Without its quiet option, Windows' installer waits for a click"
    " until the build's time is over.",
    fix="add /quiet or /qn to msiexec, /quiet to wusa, together with /norestart",
    example='{"type": "PowerShell", "inline": ["Start-Process msiexec.exe -ArgumentList \'/i C:\\\\app.msi\' -Wait"]}',
    corrected='{"type": "PowerShell", "inline": ["Start-Process msiexec.exe'
    " -ArgumentList '/i C:\\\\app.msi /qn /norestart' -Wait\"]}",
    source="Microsoft, msiexec and wusa command-line options",
)
NOT_WAITED_FOR = Rule(
    code="IMG521",
    severity=Severity.WARNING,
    title="PowerShell does not wait for the installer",
    cause="msiexec and wusa are programs with a window: PowerShell starts them and goes on, and sets no exit code. The"
    " next line, or the restart, finds the installation half done. Start-Process waits only with -Wait.",
    fix="write '$p = Start-Process msiexec.exe -ArgumentList … -Wait -PassThru; exit $p.ExitCode'",
    example='{"type": "PowerShell", "inline": ["msiexec.exe /i C:\\\\app.msi /qn /norestart"]}',
    corrected='{"type": "PowerShell", "inline": ["$p = Start-Process msiexec.exe -ArgumentList'
    ' \'/i C:\\\\app.msi /qn /norestart\' -Wait -PassThru", "exit $p.ExitCode"]}',
    source="about_Pipelines; Start-Process, -Wait",
)
EXIT_CODE_IGNORED = Rule(
    code="IMG522",
    severity=Severity.WARNING,
    title="nobody looks at the installer's exit code",
    cause="Start-Process sets no exit code of the script: a failed installation passes for a good one, and the image is"
    " published without the program.",
    fix="add -PassThru, take the result, and end with 'exit $p.ExitCode'",
    example='{"type": "PowerShell", "inline": ["Start-Process msiexec.exe'
    " -ArgumentList '/i C:\\\\app.msi /qn' -Wait\"]}",
    corrected='{"type": "PowerShell", "inline": ["$p = Start-Process msiexec.exe'
    ' -ArgumentList \'/i C:\\\\app.msi /qn\' -Wait -PassThru", "exit $p.ExitCode"]}',
    source="Start-Process, -PassThru; aib-templates.md §2.3.2",
)
RESTART_CODE = Rule(
    code="IMG523",
    severity=Severity.WARNING,
    title="exit code 3010 is not accepted",
    cause="Windows' installers end with 3010 where all went well and a restart is due (1641 where they start it"
    " themselves). The step fails for every exit code that `validExitCodes` does not list.",
    fix='write "validExitCodes": [0, 3010], and let a WindowsRestart step follow',
    example='{"type": "PowerShell", "inline": ["dism.exe /online /enable-feature'
    ' /featurename:VirtualMachinePlatform /all /norestart"]}',
    corrected='{"type": "PowerShell", "inline": ["dism.exe /online /enable-feature'
    ' /featurename:VirtualMachinePlatform /all /norestart"], "validExitCodes": [0, 3010]}',
    source="Microsoft, Windows Installer error codes; winrm.md §5.2",
)

_QUIET = {
    "msiexec": Pattern(
        r"(?:^|[\s'\",])[/-](?:q(?:uiet|n|b|r|f)?[-+!]*|passive|a|j\w*|help|\?|y|z|unregister|regserver)"
        r"(?=$|[\s'\",])",
        re.IGNORECASE,
    ),
    "wusa": Pattern(r"[/-]quiet\b", re.IGNORECASE),
}
_STARTS = frozenset({"start-process", "start", "saps"})
_INSTALLER = Pattern(r"(?:setup|install|\.msi|\.msu|odt|vc_?redist|vcredist|bootstrap)[^\\/]*", re.IGNORECASE)
_WAITS_LATER = Pattern(r"Wait-Process|WaitForExit|HasExited", re.IGNORECASE)
_LASTS = Pattern(r"LASTEXITCODE|\.ExitCode", re.IGNORECASE)


def started(command: Command) -> str:
    """The program that is started, in lower case without folder and `.exe`: of Start-Process, the one it is told."""
    if command.name not in _STARTS:
        return command.name
    return program_name(_file_path(command))


def _file_path(command: Command) -> str:
    words = command.words[1:]
    for word, following in itertools.pairwise(words):
        if re.fullmatch(r"-f(?:i(?:lepath|lepat|lepa|lep|le|l)?)?|-path", word.text, re.IGNORECASE):
            return following.text
    return words[0].text if words and not words[0].text.startswith("-") else ""


def check_windows(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """msiexec and wusa without their quiet options."""
    for command in script.commands:
        quiet = _QUIET.get(started(command))
        arguments = " ".join(command.arguments)
        if quiet is None or command.is_splatted or "$" in arguments.replace("$env:", "") or quiet.search(arguments):
            continue
        if len(command.words) > 1 + (command.name in _STARTS):
            hint = "add /qn /norestart" if started(command) == "msiexec" else "add /quiet /norestart"
            yield script.at(WINDOW, command, f"'{started(command)}' shows a window and waits for a click", hint=hint)


def check_waits(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Installers that run on while the script does."""
    waits_later = script.mentions(_WAITS_LATER)
    for command in script.commands:
        program = started(command)
        if command.name in _STARTS:
            is_let_go = not command.has("Wait", shortest=1) and not command.is_splatted and _is_installer(program)
        else:
            is_let_go = program in _QUIET and not command.before_pipe
        if is_let_go and not waits_later and len(command.words) > 1:
            yield script.at(NOT_WAITED_FOR, command, f"PowerShell does not wait for '{program}'")


def _is_installer(program: str) -> bool:
    return program in _QUIET or bool(_INSTALLER.search(program))


def check_exit_codes(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Start-Process that waits for an installer and forgets how it ended."""
    for command in script.commands:
        if command.name not in _STARTS or not command.has("Wait", shortest=1) or command.is_splatted:
            continue
        is_asked = command.has("PassThru", shortest=2) and (script.mentions(_LASTS) or not command.assigned)
        if not is_asked and _is_installer(started(command)):
            yield script.at(EXIT_CODE_IGNORED, command, f"nobody looks at the exit code of '{started(command)}'")


def check_restart_codes(script: PowerShellScript, _context: RuleContext) -> Iterator[Diagnostic]:
    """Steps whose exit code may be 3010."""
    if 3010 in script.step.valid_exit_codes or "3010" in script.text or _is_overruled(script):
        return
    is_passed_on = re.search(r"exit\s*\(?\s*\$[\w:]+\.ExitCode", script.text, re.IGNORECASE)
    last = max((command.end for command in script.commands if not command.depth), default=0)
    for command in script.commands:
        program = started(command)
        is_last_program = program == "dism" and _changes_features(command) and command.end == last
        if is_last_program or (is_passed_on and program in ("msiexec", "wusa") and command.name in _STARTS):
            message = f"'{program}' ends with 3010 where a restart is due, and the step fails for it"
            yield script.at(RESTART_CODE, command, message)
            return


def _changes_features(command: Command) -> bool:
    text = " ".join(command.arguments).lower()
    return "/online" in text and any(
        word in text for word in ("/enable-feature", "/add-package", "/disable-feature", "/add-capability")
    )


def _is_overruled(script: PowerShellScript) -> bool:
    """Whether the script ends with an exit code of its own."""
    return bool(re.search(r"exit\s+0\s*\}?\s*$", script.text, re.IGNORECASE))


CHECKS: tuple[PowerShellCheck, ...] = (check_windows, check_waits, check_exit_codes, check_restart_codes)
