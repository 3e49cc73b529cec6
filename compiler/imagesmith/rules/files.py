"""File steps: what they need, and where on the machine a file can go (aib-templates.md §2.3.5, lowering.md §4.5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from imagesmith.diagnostics import Diagnostic, Path, Rule, Severity
from imagesmith.model import File, ImageTemplate, OsType
from imagesmith.rules.context import Check, RuleContext
from imagesmith.rules.os_type import all_steps, destination_os

FILE_INCOMPLETE = Rule(
    code="IMG338",
    severity=Severity.ERROR,
    title="the File step lacks 'sourceUri' or 'destination'",
    cause="A file is copied from somewhere to somewhere; the API's schema demands neither, but nothing works without.",
    fix="add both",
    example='{"type": "File", "sourceUri": "https://example.com/app.conf"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/app.conf"}',
    source="aib-templates.md §1.5, lowering.md §1.4",
)
DESTINATION_OF_OTHER_OS = Rule(
    code="IMG339",
    severity=Severity.ERROR,
    title="the destination is a path of the other operating system",
    cause="On Linux 'C:\\x' is a file of that odd name in the home folder; on Windows '/tmp/x' is below"
    " the current drive.",
    fix="write a path of the machine's operating system",
    example='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "C:\\\\Temp\\\\app.conf"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/app.conf"}',
    source="aib-templates.md §2.3.5",
)
RELATIVE_DESTINATION = Rule(
    code="IMG340",
    severity=Severity.WARNING,
    title="the destination is not an absolute path",
    cause="The API asks for a full path. A relative one ends in the build user's home folder, which is removed when the"
    " image is generalized.",
    fix="write the full path with the file's name",
    example='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "app.conf"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/app.conf"}',
    source="aib-templates.md §1.5, lowering.md §1.4",
)
DESTINATION_IS_FOLDER = Rule(
    code="IMG341",
    severity=Severity.ERROR,
    title="the destination is a folder",
    cause="The destination is the full path of the file on the machine, its name included.",
    fix="add the file's name",
    example='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/app.conf"}',
    source="aib-templates.md §1.5, §2.3.5",
)
DESTINATION_NOT_WRITABLE = Rule(
    code="IMG342",
    severity=Severity.WARNING,
    title="the build user can probably not write there",
    cause="Files are copied as the build user, without sudo. On Linux that user may write to /tmp and to its own home;"
    " elsewhere the copy ends with 'Permission denied'.",
    fix="copy the file to /tmp and move it with 'sudo mv' in a Shell step",
    example='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/etc/app.conf"}',
    corrected='{"type": "File", "sourceUri": "https://example.com/app.conf", "destination": "/tmp/app.conf"}',
    source="aib-templates.md §2.3.5, lowering.md §1.4",
)

_ADD = {
    "sourceUri": '"sourceUri": "<address>"',
    "destination": '"destination": "<path on the machine, with the file\'s name>"',
}
_WRITABLE = re.compile(r"/tmp/|/var/tmp/|/dev/shm/|/home/packer/")  # noqa: S108 - paths on the machine, not here
_ROOTED = {
    OsType.LINUX: re.compile(r"/"),
    # A drive, a share, the root of the drive, or a variable that the machine's PowerShell fills in.
    OsType.WINDOWS: re.compile(r"[A-Za-z]:[\\/]|[\\/]|%[A-Za-z]|\$env:", re.IGNORECASE),
}


def check_files(template: ImageTemplate, context: RuleContext) -> Iterator[Diagnostic]:
    """Every File step, customizer or validator."""
    for step in all_steps(template):
        if not isinstance(step, File):
            continue
        missing = [key for key, text in (("sourceUri", step.source_uri), ("destination", step.destination)) if not text]
        if missing:
            message = f"the File step has no {' and no '.join(repr(key) for key in missing)}"
            hint = "add " + " and ".join(_ADD[key] for key in missing)
            yield FILE_INCOMPLETE.at(step.path, message, hint=hint)
        if step.destination:
            yield from _destination(step, step.destination, context.os_type)


def _destination(step: File, text: str, os_type: OsType | None) -> Iterator[Diagnostic]:
    path = (*step.path, "destination")
    if text.endswith(("/", "\\")) and not step.copies_folder:
        name = _source_name(step)
        hint = f"write '{text}{name}'" if name else ""
        yield DESTINATION_IS_FOLDER.at(path, f"'{text}' is a folder; the destination names the file", hint=hint)
    if os_type is None:
        return
    if destination_os(text) not in (None, os_type):
        yield _other_os(text, path, os_type)
    elif not _ROOTED[os_type].match(text):
        yield _relative(text, path, os_type)
    elif os_type is OsType.LINUX and not _WRITABLE.match(text):
        yield _not_writable(text, path)


def _source_name(step: File) -> str:
    """The file's name in its address, empty where there is none."""
    try:
        return urlsplit(step.source_uri or "").path.rpartition("/")[2]
    except ValueError:  # brackets that hold no IPv6 address
        return ""


def _other_os(text: str, path: Path, os_type: OsType) -> Diagnostic:
    name = re.split(r"[\\/]", text)[-1]
    if os_type is OsType.LINUX:
        message = f"'{text}' is a Windows path, and this image is Linux"
        return DESTINATION_OF_OTHER_OS.at(path, message, hint=f"write '/tmp/{name}'")
    message = f"'{text}' is a Linux path, and this image is Windows: the file ends below the current drive"
    hint = f"write 'C:{text.replace('/', chr(92))}' if that is meant"
    return DESTINATION_OF_OTHER_OS.at(path, message, hint=hint, severity=Severity.WARNING)


def _relative(text: str, path: Path, os_type: OsType) -> Diagnostic:
    name = re.sub(r"^(~|\.)[\\/]", "", text)
    meant = f"/tmp/{name}" if os_type is OsType.LINUX else f"C:\\{name}"  # noqa: S108 - a path on the machine, not here
    message = f"'{text}' is not an absolute path: the file ends in the build user's home folder"
    return RELATIVE_DESTINATION.at(path, message, hint=f"write the full path, for example '{meant}'")


def _not_writable(text: str, path: Path) -> Diagnostic:
    name = text.rstrip("/").rpartition("/")[2]
    message = f"the build user can probably not write to '{text}'"
    hint = f"copy it to '/tmp/{name}', then run 'sudo mv /tmp/{name} {text}' in a Shell step"
    return DESTINATION_NOT_WRITABLE.at(path, message, hint=hint)


CHECKS: tuple[Check, ...] = (check_files,)
