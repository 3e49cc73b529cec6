"""Folders to archives on the machine, and to the scripts that unpack them there; and such a script back to its meaning.

For Windows that is .NET's own reader of zip files, which came with .NET Framework 4.5: Windows Server 2012, Windows 8
and everything newer have it. `Expand-Archive` came later (PowerShell 5) and reads names as patterns; `tar` came with
Windows Server 2019. The fixed part of the script is known by all of its text to whoever plays a Windows machine.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

_LINUX_FOLDER = "/tmp"  # noqa: S108 - a folder of the machine that is built
_WINDOWS_FOLDER = "C:\\Windows\\Temp"
"""Where Packer puts its own files; whoever builds may write there, elevated or not."""
_WINDOWS_HEAD = ("$archive = '%s'", '$folder = "%s"')
_WINDOWS_BODY = r"""$ErrorActionPreference = 'Stop'
try {
  Add-Type -AssemblyName System.IO.Compression.FileSystem
  $folder = [System.IO.Path]::GetFullPath($folder)
  [System.IO.Directory]::CreateDirectory($folder) | Out-Null
  $zip = [System.IO.Compression.ZipFile]::OpenRead($archive)
  try {
    foreach ($entry in $zip.Entries) {
      $path = [System.IO.Path]::Combine($folder, $entry.FullName.Replace('/', '\'))
      if ($entry.FullName.EndsWith('/')) {
        [System.IO.Directory]::CreateDirectory($path) | Out-Null
      } else {
        # A file that is hidden or may only be read cannot be written over.
        if ([System.IO.File]::Exists($path)) { [System.IO.File]::SetAttributes($path, 'Normal') }
        [System.IO.Compression.ZipFileExtensions]::ExtractToFile($entry, $path, $true)
      }
    }
  } finally {
    $zip.Dispose()
  }
  [System.IO.File]::Delete($archive)
} catch {
  Write-Output "imagesmith: the folder cannot be unpacked to ${folder}: $_"
  exit 1
}""".splitlines()
_LIVE = re.compile(
    r"\$env:[A-Za-z_][A-Za-z0-9_]*|\$\{env:[^}`$\"]+\}|(?P<special>[`$\"\u201c\u201d\u201e])", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unpacking:
    """An archive on a Windows machine, and the folder it goes to, as it stands between double quotes of PowerShell."""

    archive: str
    folder: str


def linux_archive(name: str) -> str:
    """Where the archive of this name waits on a Linux machine."""
    return f"{_LINUX_FOLDER}/imagesmith-{name}"


def windows_archive(name: str) -> str:
    """Where the archive of this name waits on a Windows machine."""
    return f"{_WINDOWS_FOLDER}\\imagesmith-{name}"


def linux_script(archive: str, folder: str) -> Sequence[str]:
    """Lines that make the folder, unpack over what is in it, and remove the archive."""
    target = shlex.quote(folder)
    return f"mkdir -p -- {target}", f"tar -xf {archive} -C {target} --no-same-owner", f"rm -f {archive}"


def windows_script(archive: str, folder: str) -> Sequence[str]:
    """The same. `$env:NAME` in the folder is filled in there, as in the destination of a file; nothing else is."""
    quoted = _LIVE.sub(lambda match: f"`{match[0]}" if match["special"] else match[0], folder)
    return _WINDOWS_HEAD[0] % archive, _WINDOWS_HEAD[1] % quoted, *_WINDOWS_BODY


def read_windows_script(text: str) -> Unpacking | None:
    """What a script unpacks, None where it is not one of `windows_script`."""
    match = _WINDOWS_SCRIPT.fullmatch(text)
    return Unpacking(archive=match["archive"], folder=match["folder"]) if match else None


_WINDOWS_SCRIPT = re.compile(
    "\r\n".join(
        (
            re.escape(_WINDOWS_HEAD[0]) % "(?P<archive>[^'\r\n]+)",
            re.escape(_WINDOWS_HEAD[1]) % '(?P<folder>(?:[^`"\r\n]|`.)+)',
            *map(re.escape, _WINDOWS_BODY),
            "",
        )
    )
)
