"""Steps: where their script comes from, its checksum, how it is run, and whether the machine can run it at all."""

from __future__ import annotations

import re
from collections.abc import Iterator

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import File, ImageTemplate, OsType, PowerShell, Shell, WindowsRestart
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.os_type import all_steps, required_os

BOTH_SCRIPTS = Rule(
    code="IMG330",
    severity=Severity.ERROR,
    title="the step has both 'inline' and 'scriptUri'",
    cause="A step runs either the lines of 'inline' or the script that 'scriptUri' names.",
    fix="keep one of them; two scripts are two steps",
    example='{"type": "Shell", "inline": ["true"], "scriptUri": "https://example.com/setup.sh"}',
    corrected='{"type": "Shell", "scriptUri": "https://example.com/setup.sh"}',
    source="aib-templates.md §0 fact 6, §1.5",
)
NO_SCRIPT = Rule(
    code="IMG331",
    severity=Severity.ERROR,
    title="the step has neither 'inline' nor 'scriptUri'",
    cause="There is nothing to run. The service answers NoCustomizerScript or NoValidatorScript.",
    fix='add "inline": ["<command>"] or "scriptUri": "<address>"',
    example='{"type": "Shell", "name": "setup"}',
    corrected='{"type": "Shell", "name": "setup", "inline": ["sudo apt-get update"]}',
    source="aib-templates.md §1.5, §2.12",
)
CHECKSUM_FORM = Rule(
    code="IMG333",
    severity=Severity.ERROR,
    title="'sha256Checksum' is not 64 lower-case hexadecimal digits",
    cause="The file's SHA-256 is compared with this text; in any other form they can never be equal.",
    fix="compute it with 'sha256sum <file>' or '(Get-FileHash <file> -Algorithm Sha256).Hash.ToLower()'",
    example=f'{{"type": "Shell", "scriptUri": "https://example.com/setup.sh", "sha256Checksum": "{"E3B0C442" * 8}"}}',
    corrected=f'{{"type": "Shell", "scriptUri": "https://example.com/setup.sh", "sha256Checksum": "{"e3b0c442" * 8}"}}',
    source="aib-templates.md §2.3.6",
)
CHECKSUM_OF_INLINE = Rule(
    code="IMG334",
    severity=Severity.WARNING,
    title="'sha256Checksum' means nothing for 'inline'",
    cause="The checksum is that of a fetched file; lines that stand in the template are not fetched.",
    fix="take 'sha256Checksum' away",
    example=f'{{"type": "Shell", "inline": ["true"], "sha256Checksum": "{"e3b0c442" * 8}"}}',
    corrected='{"type": "Shell", "inline": ["true"]}',
    source="aib-templates.md §2.3.6",
)
SYSTEM_NOT_ELEVATED = Rule(
    code="IMG335",
    severity=Severity.ERROR,
    title="'runAsSystem' needs 'runElevated'",
    cause="Local System is an elevated account: the API allows 'runAsSystem' only where 'runElevated' is true.",
    fix='add "runElevated": true',
    example='{"type": "PowerShell", "inline": ["whoami"], "runAsSystem": true}',
    corrected='{"type": "PowerShell", "inline": ["whoami"], "runElevated": true, "runAsSystem": true}',
    source="aib-templates.md §1.5, §2.3.2",
)
STEP_OF_OTHER_OS = Rule(
    code="IMG336",
    severity=Severity.ERROR,
    title="the step cannot run on this operating system",
    cause="Shell steps run on Linux only; PowerShell, WindowsRestart and WindowsUpdate steps run on Windows only.",
    fix="use the type of step that the machine's operating system has",
    example='{"source": {"type": "PlatformImage", "publisher": "Canonical"}, "customize": [{"type": "PowerShell"}]}',
    corrected='{"source": {"type": "PlatformImage", "publisher": "Canonical"}, "customize": [{"type": "Shell"}]}',
    source="aib-templates.md §1.5, §1.6",
)
NO_WORKLOAD_SCRIPT = Rule(
    code="IMG337",
    severity=Severity.WARNING,
    title="'optimize.workload' is enabled but names no script",
    cause="The workload optimization is the script that 'scriptUri' names; without one nothing is run.",
    fix='add "scriptUri", or set "state": "Disabled"',
    example='{"optimize": {"workload": {"state": "Enabled"}}}',
    corrected='{"optimize": {"workload": {"state": "Enabled", "scriptUri": "https://example.com/tune.sh"}}}',
    source="aib-templates.md §1.8",
)

_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_scripts(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Exactly one of inline and scriptUri. What an empty `inline` comes to is said where the step is left out."""
    for step in all_steps(template):
        if not isinstance(step, Shell | PowerShell):
            continue
        if step.inline and step.script_uri:
            yield BOTH_SCRIPTS.at((*step.path, "scriptUri"))
        elif step.inline is None and not step.script_uri:
            yield NO_SCRIPT.at(step.path)


def check_checksums(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """The form of every checksum, and that it belongs to a file."""
    for step in all_steps(template):
        match step:
            case Shell(sha256_checksum=str(text)) | PowerShell(sha256_checksum=str(text)):
                path = (*step.path, "sha256Checksum")
                if step.inline and not step.script_uri:
                    yield CHECKSUM_OF_INLINE.at(path)
                else:
                    yield from _digest(text, path)
            case File(sha256_checksum=str(text)):
                yield from _digest(text, (*step.path, "sha256Checksum"))
            case _:
                pass  # restarts and updates have no file
    workload = template.optimize.workload
    if workload and workload.sha256_checksum:
        yield from _digest(workload.sha256_checksum, (*workload.path, "sha256Checksum"))


def _digest(text: str, path: Path) -> Iterator[Diagnostic]:
    if _DIGEST.fullmatch(text):
        return
    plain = re.sub("^sha256:", "", text.strip().lower())
    if _DIGEST.fullmatch(plain):
        reason, hint = "it has other characters than 64 lower-case hexadecimal digits", f"write '{plain}'"
        yield CHECKSUM_FORM.at(path, f"the checksum cannot match: {reason}", hint=hint)
    elif re.fullmatch("[0-9a-f]*", plain):
        yield CHECKSUM_FORM.at(path, f"the checksum has {len(plain)} digits; a SHA-256 has 64", hint=_other_hash(plain))
    else:
        yield CHECKSUM_FORM.at(path, f"'{text}' is no SHA-256: that is 64 lower-case hexadecimal digits")


def _other_hash(digits: str) -> str:
    name = {32: "MD5", 40: "SHA-1", 96: "SHA-384", 128: "SHA-512"}.get(len(digits))
    return f"this looks like {name}; 'sha256sum <file>' prints the right one" if name else ""


def check_elevation(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """Local System only with elevation."""
    for step in all_steps(template):
        if isinstance(step, PowerShell) and step.run_as_system and not step.run_elevated:
            yield SYSTEM_NOT_ELEVATED.at((*step.path, "runAsSystem"))


def check_step_types(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """No step that the machine cannot run."""
    for step in all_steps(template):
        needed = required_os(step)
        if needed is None or context.os_type in (None, needed):
            continue
        message = f"a {type(step).__name__} step runs on {needed} only, and this image is {context.os_type}"
        yield STEP_OF_OTHER_OS.at((*step.path, "type"), message, hint=_replacement(step, context.os_type))


def _replacement(step: object, os_type: OsType | None) -> str:
    if os_type is OsType.WINDOWS:
        return "use a PowerShell step"
    if isinstance(step, PowerShell):
        return "use a Shell step; if the script is PowerShell, let the step install and call 'pwsh'"
    if isinstance(step, WindowsRestart):
        return "take the step away, or do what it is there for in a Shell step"
    return (
        'use a Shell step, for example {"type": "Shell", "inline": ["sudo apt-get update && sudo apt-get -y upgrade"]}'
    )


def check_workload(template: ImageTemplate, _context: RuleContext) -> Iterator[Diagnostic]:
    """An enabled workload optimization has a script."""
    workload = template.optimize.workload
    if workload and (workload.state or "").lower() == "enabled" and not workload.script_uri:
        yield NO_WORKLOAD_SCRIPT.at(workload.path)


CHECKS: tuple[Check, ...] = (check_scripts, check_checksums, check_elevation, check_step_types, check_workload)
