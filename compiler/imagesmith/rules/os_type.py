"""The operating system of the machine: what was stated, what the source is, what the steps are made for.

The template does not say it (architecture: OS type). The order is: `--os-type`, the publisher of the source, the types
of the steps, the destinations of files. Each station is asked only where the ones before it say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import (
    Customizer,
    File,
    ImageTemplate,
    OsType,
    PlatformImage,
    PowerShell,
    Shell,
    Validator,
    WindowsRestart,
    WindowsUpdate,
)
from imagesmith.rules.context import RuleContext

UNKNOWN_OS = Rule(
    code="IMG320",
    severity=Severity.ERROR,
    title="nothing in the template tells whether the image is Linux or Windows",
    cause="A template does not state the operating system. It follows from the publisher of the source, or from the"
    " types of the steps (Shell is Linux; PowerShell, WindowsRestart and WindowsUpdate are Windows), or from the"
    " destinations of files.",
    fix="say it: --os-type Linux, or --os-type Windows",
    example='{"source": {"type": "ManagedImage", "imageId": "<id>"}, "customize": []}',
    corrected='{"source": {"type": "ManagedImage", "imageId": "<id>"},'
    ' "customize": [{"type": "Shell", "inline": ["true"]}]}',
    source="aib-templates.md §1.4, §1.5",
)
MIXED_OS = Rule(
    code="IMG321",
    severity=Severity.ERROR,
    title="some steps are for Linux and some for Windows",
    cause="One machine is built, and it runs one operating system.",
    fix="take the steps of the other system away, or say which one it is with --os-type",
    example='{"customize": [{"type": "Shell", "inline": ["true"]}, {"type": "WindowsRestart"}]}',
    corrected='{"customize": [{"type": "Shell", "inline": ["true"]}]}',
    source="aib-templates.md §1.5",
)
CONTRADICTED_OS = Rule(
    code="IMG322",
    severity=Severity.ERROR,
    title="the stated operating system is not the source's",
    cause="The machine is made from the source image, so it runs that image's operating system.",
    fix="leave --os-type away, or correct the source",
    example='{"source": {"type": "PlatformImage", "publisher": "Canonical", "offer": "ubuntu-24_04-lts",'
    ' "sku": "server", "version": "latest"}}',
    corrected='{"source": {"type": "PlatformImage", "publisher": "MicrosoftWindowsServer", "offer": "WindowsServer",'
    ' "sku": "2022-datacenter-g2", "version": "latest"}}',
    source="lowering.md §1.2",
)

# Publishers whose images are all of one system; compared in lower case.
PUBLISHERS: Mapping[str, OsType] = {
    **dict.fromkeys(
        (
            "microsoftwindowsserver",
            "microsoftwindowsdesktop",
            "microsoftvisualstudio",
            "microsoftwindowsserverhpcpack",
            "microsoftsharepoint",
            "microsoftbiztalkserver",
            "microsoftdynamicsax",
        ),
        OsType.WINDOWS,
    ),
    **dict.fromkeys(
        (
            "canonical",
            "redhat",
            "suse",
            "openlogic",
            "debian",
            "credativ",
            "oracle",
            "almalinux",
            "resf",
            "ciq",
            "kinvolk",
            "coreos",
            "microsoftcblmariner",
            "microsoft-aks",
            "bitnami",
        ),
        OsType.LINUX,
    ),
}
# Publishers of both (SQL Server, CIS, data science) say it in the offer or the sku.
_WORDS: Mapping[OsType, re.Pattern[str]] = {
    OsType.WINDOWS: re.compile(r"windows|(?<![a-z])win(?=[-_0-9]|server)|(?<![a-z])ws20[0-9]{2}"),
    OsType.LINUX: re.compile(
        r"ubuntu|rhel|redhat|centos|(?<![a-z])sles|suse|debian|oracle-?linux|rocky|alma|mariner|flatcar|linux"
    ),
}
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Something that speaks for an operating system, and where it stands."""

    os_type: OsType
    what: str
    path: Path


def decide_os_type(template: ImageTemplate, context: RuleContext) -> tuple[OsType | None, tuple[Diagnostic, ...]]:
    """Find the machine's operating system; None, with an error, where the template is silent or contradicts itself.

    Steps that do not fit the stated system or the source's are not looked at here: each of them gets its own message.
    """
    source = _source_evidence(template)
    if context.os_type is not None:
        if source is None or source.os_type is context.os_type:
            return context.os_type, ()
        return None, (_contradiction(context.os_type, source),)
    if source is not None:
        return source.os_type, ()
    return _from_steps(template)


def _contradiction(stated: OsType, source: Evidence) -> Diagnostic:
    message = f"--os-type {stated} was given, but {source.what} is {source.os_type}"
    return CONTRADICTED_OS.at(source.path, message, hint=f"leave --os-type away, or say --os-type {source.os_type}")


def _from_steps(template: ImageTemplate) -> tuple[OsType | None, tuple[Diagnostic, ...]]:
    steps = all_steps(template)
    found = tuple(_type_evidence(steps)) or tuple(_destination_evidence(steps))
    if not found:
        return None, (UNKNOWN_OS.at(template.source.path, _silence(template)),)
    first = found[0]
    other = next((evidence for evidence in found if evidence.os_type is not first.os_type), None)
    if other is None:
        return first.os_type, ()
    message = f"{other.what} is for {other.os_type}, but {first.what} before it is for {first.os_type}"
    return None, (MIXED_OS.at(other.path, message),)


def _silence(template: ImageTemplate) -> str:
    """What was asked in vain: a publisher of no known system, or a source that has none."""
    source = template.source
    if not isinstance(source, PlatformImage) or not source.publisher:
        return ""
    return f"publisher '{source.publisher}' is not known here, and no step tells whether the image is Linux or Windows"


def all_steps(template: ImageTemplate) -> tuple[Customizer | Validator, ...]:
    """Customizers and validators, in the order in which they run."""
    return (*template.customize, *(template.validate.in_vm_validations if template.validate else ()))


def _source_evidence(template: ImageTemplate) -> Evidence | None:
    source = template.source
    if not isinstance(source, PlatformImage) or not source.publisher:
        return None
    known = PUBLISHERS.get(source.publisher.lower())
    path = (*source.path, "publisher")
    if known is not None:
        return Evidence(os_type=known, what=f"publisher '{source.publisher}'", path=path)
    text = f"{source.offer or ''} {source.sku or ''}".lower()
    matches = [os_type for os_type, pattern in _WORDS.items() if pattern.search(text)]
    if len(matches) != 1:
        return None
    what = f"offer '{source.offer or ''}' with sku '{source.sku or ''}'"
    return Evidence(os_type=matches[0], what=what, path=(*source.path, "offer"))


def required_os(step: Customizer | Validator) -> OsType | None:
    """The system that a type of step needs, None for one that works on both (aib-templates.md §1.5)."""
    match step:
        case Shell():
            return OsType.LINUX
        case PowerShell() | WindowsRestart() | WindowsUpdate():
            return OsType.WINDOWS
        case File():
            return None


def _type_evidence(steps: tuple[Customizer | Validator, ...]) -> Iterator[Evidence]:
    for step in steps:
        needed = required_os(step)
        if needed is not None:
            yield Evidence(os_type=needed, what=f"the {type(step).__name__} step", path=(*step.path, "type"))


def _destination_evidence(steps: tuple[Customizer | Validator, ...]) -> Iterator[Evidence]:
    for step in steps:
        if isinstance(step, File) and step.destination:
            spoken = destination_os(step.destination)
            if spoken is not None:
                path = (*step.path, "destination")
                yield Evidence(os_type=spoken, what=f"destination '{step.destination}'", path=path)


def destination_os(destination: str) -> OsType | None:
    """The system that a path belongs to, None where it may belong to both."""
    if _DRIVE.match(destination):
        return OsType.WINDOWS
    return OsType.LINUX if destination.startswith("/") else None
