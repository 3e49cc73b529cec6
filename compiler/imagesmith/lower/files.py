"""File steps: a file, or a folder beside the template, to where the machine shall have it (lowering.md §4.5).

A folder is an extension of ours: the service copies single files only. It travels as one archive, which a script of
ours unpacks: Packer would copy every file by itself, to Linux with the permissions that it has here, to Windows with a
connection, a login and three shells each (winrm.md §2, §5.1) and without the folders that are empty.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from imagesmith.diagnostics import Rule, Severity
from imagesmith.hcl import Block, InTemplateFolder, attributes
from imagesmith.lower.texts import slug
from imagesmith.lower.unpacking import linux_archive, linux_script, windows_archive, windows_script
from imagesmith.model import File
from imagesmith.plan import FetchKind, StepFile

if TYPE_CHECKING:
    from imagesmith.lower.steps import Steps

_HAPPENS_TO_EXIST = {"", "/", "/tmp", "/var/tmp"}  # noqa: S108 - folders of the machine that is built

SHELL_FOLDER = Rule(
    code="IMG405",
    severity=Severity.ERROR,
    title="the folder's name would be read by a shell",
    cause="Packer hands the folder of a destination to the machine's shell as it stands, and a line break in the file's"
    " name ends the transfer.",
    fix="copy to a plain path under /tmp, and move the file from there in a Shell step",
    example='{"type": "File", "sourceUri": "a.txt", "destination": "/opt/$APP/a.txt"}',
    corrected='{"type": "File", "sourceUri": "a.txt", "destination": "/opt/app/a.txt"}',
    source="packer.md §6.5",
)
_PLAIN_FOLDER = re.compile(r"(?!-)[^\x00-\x1f\x7f!\"#$&'()*;<>?\[\\\]^`{|}~]*")


def add_file(item: File, id_: str, steps: Steps) -> None:
    """The steps of a File customizer."""
    if item.copies_folder:
        _folder(item, id_, steps)
        return
    destination = steps.lowering.stable(item.destination or "", (*item.path, "destination"))
    if not steps.windows:
        folder, _, name = destination.rpartition("/")
        if not _PLAIN_FOLDER.fullmatch(folder) or "\n" in name or "\r" in name:
            steps.lowering.say(SHELL_FOLDER, (*item.path, "destination"))
        _make(posixpath.dirname(destination), item, id_, steps)
    uri = item.source_uri or ""
    original = steps.lowering.nameable(posixpath.basename(unquote(urlsplit(uri).path)) or "file", "file")
    name = f"files/{steps.number()}-{slug(original)}"
    steps.fetch(uri, FetchKind.FILE, name, (*item.path, "sourceUri"), item.sha256_checksum)
    rows = attributes(source=InTemplateFolder(name), destination=destination)
    title = item.name or f"copy {original} to {destination}"
    block = Block(type="provisioner", labels=("file",), attributes=rows)
    steps.append(id_, "File", title, item.path, block, StepFile(name=name))


def _folder(item: File, id_: str, steps: Steps) -> None:
    """An archive of the folder, and a script that unpacks it."""
    uri, windows = item.source_uri or "", steps.windows
    destination = steps.lowering.stable(item.destination or "", (*item.path, "destination"))
    original = steps.lowering.nameable(posixpath.basename(uri.replace("\\", "/").rstrip("/")) or "folder", "folder")
    kind = FetchKind.ZIP if windows else FetchKind.TAR
    name = f"files/{steps.number()}-{slug(original)}.{kind}"
    archive = (windows_archive if windows else linux_archive)(posixpath.basename(name))
    steps.fetch(uri, kind, name, (*item.path, "sourceUri"), item.sha256_checksum, unpacked_to=destination)
    rows = attributes(source=InTemplateFolder(name), destination=archive)
    title = item.name or f"copy folder {original} to {destination}"
    block = Block(type="provisioner", labels=("file",), attributes=rows)
    steps.append(id_, "File", title, item.path, block, StepFile(name=name))
    lines = (windows_script if windows else linux_script)(archive, destination)
    title = f"unpack folder {original}"
    steps.own_lines(f"{id_}.unpack", f"unpack-{slug(original)}", title, lines, (*item.path, "destination"))


def _make(parent: str, item: File, id_: str, steps: Steps) -> None:
    """Make the parent folder: without it scp writes the file *as* the folder, exit code 0 (lowering.md §4.5)."""
    if parent in _HAPPENS_TO_EXIST:
        return
    lines = [f"mkdir -p -- {shlex.quote(parent)}"]
    steps.own_lines(f"{id_}.folder", "make-folder", f"make folder {parent}", lines, (*item.path, "destination"))
