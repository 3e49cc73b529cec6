"""A path as somebody writes it on Windows to a drive and its names, as Win32 and .NET Framework read it.

Nothing here touches a file. The names that come out hold no separator, no `..` and no stream, so that they can only
ever mean something below a drive (winrm.md §7; Microsoft, "Naming Files, Paths, and Namespaces").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from imagesmith.windows_names import LONGEST_PATH, REFUSED, is_device, is_too_long, name_key

DRIVES = ("C", "D")
"""The system disk, and the temporary disk of an Azure VM."""

_DRIVE = re.compile(r"([A-Za-z]):(.*)", re.DOTALL)
_CMD_VARIABLE = re.compile(r"%([^%=:]+)%")
_POWERSHELL_PART = re.compile(
    r"`(?P<escaped>[^0abefnrtuv])|\$(?:env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|\{env:(?P<braced>[^}]+)\})|[$`]",
    re.IGNORECASE | re.DOTALL,
)


class PathError(Exception):
    """Windows would refuse the path; the message is for the command's error output."""


class DeviceError(PathError):
    """The path names a device (`NUL`, `COM1.txt`), which is no file."""


@dataclass(frozen=True, slots=True)
class WindowsPath:
    """A full path: a drive letter and the names below it, in the spelling that was asked for."""

    drive: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.drive}:\\" + "\\".join(self.names)

    @property
    def parent(self) -> WindowsPath:
        """The folder that it lies in; a drive's root is its own."""
        return WindowsPath(self.drive, self.names[:-1])

    @property
    def key(self) -> tuple[str, ...]:
        """What two spellings of one path have in common."""
        return (self.drive, *map(name_key, self.names))


def parse_path(text: str, *, start: WindowsPath) -> WindowsPath:
    """The full path that a text means; relative ones begin at `start`. Raises PathError, DeviceError."""
    text = text.replace("/", "\\")
    if text.startswith("\\\\"):
        raise PathError("The network path was not found.")
    drive, names, rest = _beginning(text, start)
    for name in rest.split("\\"):
        plain = name.rstrip(". ")
        if name == "..":
            names = names[:-1]
        elif plain:
            names = (*names, _checked(plain, name))
    path = WindowsPath(drive, names)
    if len(str(path)) > LONGEST_PATH:
        raise PathError("The specified path, file name, or both are too long.")
    return path


def _beginning(text: str, start: WindowsPath) -> tuple[str, tuple[str, ...], str]:
    """Drive and names that the text's own names come after, and those."""
    match = _DRIVE.fullmatch(text)
    drive, rest = (match[1].upper(), match[2]) if match else (start.drive, text)
    if drive not in DRIVES:
        raise PathError(f"Cannot find drive. A drive with the name '{drive}' does not exist.")
    inside = drive == start.drive and not rest.startswith("\\")
    return drive, start.names if inside else (), rest


def _checked(name: str, asked: str) -> str:
    if REFUSED.search(asked):
        raise PathError("The filename, directory name, or volume label syntax is incorrect.")
    if is_device(name):
        raise DeviceError(f"'{name}' is a device, and no file.")
    if is_too_long(name):
        raise PathError("The specified path, file name, or both are too long.")
    return name


def expand_cmd(text: str, environment: Mapping[str, str]) -> str:
    """`%NAME%` filled in; a command line leaves unknown names as they stand."""
    return _CMD_VARIABLE.sub(lambda match: _value(match[1], environment) or match[0], text)


def expand_powershell(text: str, environment: Mapping[str, str]) -> str | None:
    """What stands between double quotes of PowerShell with `$env:NAME` filled in, unknown names as nothing, and a grave
    before a letter taken away.

    None where it holds more than that (other variables, sub-expressions, escapes with a meaning), which nobody guesses.
    """
    parts = list(_POWERSHELL_PART.finditer(text))
    if any(part.lastgroup is None for part in parts):
        return None
    return _POWERSHELL_PART.sub(
        lambda part: part["escaped"] or _value(part["name"] or part["braced"], environment) or "", text
    )


def _value(name: str, environment: Mapping[str, str]) -> str | None:
    return next((value for key, value in environment.items() if key.upper() == name.upper()), None)
