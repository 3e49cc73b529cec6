"""PowerShell that comes encoded on a command line to what it means (winrm.md §4).

A snippet is Packer's only if all of it has the form that some version of Packer gives it; long ones are known by the
order of their statements and by their variables.
"""

from __future__ import annotations

import base64
import binascii
import re

from imagesmith.sandbox.windows.meanings import (
    BrokenUpload,
    Meaning,
    ReadFile,
    RegistryTest,
    RemoveFile,
    RestoreUpload,
    Say,
    SayRestarted,
)

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TEMPORARY = rf"winrmcp-{UUID}\.tmp"
"""The name of an upload's temporary file in %TEMP%."""

_QUIET = "$ProgressPreference = 'SilentlyContinue';"
"""What new Packers put before each snippet."""

_CONNECTED = re.compile(
    r'if \(Test-Path variable:global:ProgressPreference\)\{[^{}\n]*\}; echo "(WinRM connected\.)"',
)
_RESTARTED = re.compile(r'echo \("\{0\} restarted\." -f \[System\.Net\.Dns\]::GetHostName\(\)\)')
_REGISTRY_TEST = re.compile(r'Test-Path "(HK[A-Z]{1,2}:[^"$`\r\n]+)"')
_READ = re.compile(
    r'\$file=\[System\.IO\.File\]::ReadAllBytes\("([^"\r\n]+)"\); '
    r"Write-Output \$\(\[System\.Convert\]::ToBase64String\(\$file\)\)"
)
_UPLOAD = re.compile(
    rf'\s*\$tmp_file_path = \[System\.IO\.Path\]::GetFullPath\("\$env:TEMP\\(?P<file>{TEMPORARY})"\)\s+(?P<rest>.*)',
    re.DOTALL,
)
_REMOVE = re.compile(
    r"if \(Test-Path \$tmp_file_path\) \{\s*Remove-Item \$tmp_file_path(?: -ErrorAction SilentlyContinue)?\s*\}\s*"
)
_RESTORE = re.compile(
    r'\$dest_file_path = \[System\.IO\.Path\]::GetFullPath\("(?P<path>[^"\r\n]*)"\.Trim\("\'"\)\)\s+'
    r"(?P<rest>if \(Test-Path \$dest_file_path\).*"
    r"New-Item -ItemType directory .*if \(Test-Path \$tmp_file_path\).*"
    r"FromBase64String\(.*else \{\s*echo \$null > \$dest_file_path\s*\}\s*)",
    re.DOTALL,
)
_RESTORE_VARIABLES = frozenset(
    {"dest_file_path", "dest_dir", "tmp_file_path", "reader", "writer", "base64_line", "bytes", "null"}
)


def decoded(text: str) -> str | None:
    """The PowerShell behind `-EncodedCommand`, without the statement that new Packers put before it."""
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return raw.decode("utf-16-le", "replace").removeprefix(_QUIET)


def understand_snippet(text: str) -> Meaning | None:
    """What a snippet means; None where it is not one of Packer's."""
    if match := _CONNECTED.fullmatch(text):
        return Say(match[1])
    if _RESTARTED.fullmatch(text):
        return SayRestarted()
    if match := _REGISTRY_TEST.fullmatch(text):
        return RegistryTest(match[1])
    if match := _READ.fullmatch(text):
        return ReadFile(match[1])
    match = _UPLOAD.fullmatch(text)
    return _upload(match["file"], match["rest"]) if match else None


def _upload(file: str, rest: str) -> Meaning | None:
    """The second half of an upload."""
    if _REMOVE.fullmatch(rest):
        return RemoveFile(file)
    match = _RESTORE.fullmatch(rest)
    if match and set(re.findall(r"\$(\w+)", match["rest"])) <= _RESTORE_VARIABLES:
        return RestoreUpload(file, match["path"])
    # An old Packer encodes bytes and not letters, so that letters beyond ASCII can shift all that follows by a byte.
    garbled = rest.removeprefix("$dest_file_path = ")
    return BrokenUpload(file) if garbled != rest and not garbled.isascii() and "$" not in garbled else None
