"""What a command on a Windows machine can mean: the closed set of what Packer itself sends, and a user's own text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Say:
    """Print a text: the check that the connection works, a `Write-Output` of a literal."""

    text: str


@dataclass(frozen=True, slots=True)
class SayRestarted:
    """Print the computer's name and that it has restarted."""


@dataclass(frozen=True, slots=True)
class AppendChunk:
    """Add one line of base64 to a temporary file of an upload."""

    file: str
    content: str


@dataclass(frozen=True, slots=True)
class RestoreUpload:
    """Make a file of what was collected in a temporary file. `destination` is as it stands between double quotes."""

    file: str
    destination: str


@dataclass(frozen=True, slots=True)
class BrokenUpload:
    """The end of an upload whose text got damaged on its way: an old Packer encodes no letters beyond ASCII."""

    file: str


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """Remove the temporary file of an upload."""

    file: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Print a file as base64. `path` is as it stands between double quotes."""

    path: str


@dataclass(frozen=True, slots=True)
class RegistryTest:
    """Print whether a registry key exists."""

    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunScript:
    """Run a PowerShell script. `variables` is the script with the environment that is read before it, if any."""

    program: str
    script: str
    variables: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PassOver:
    """Run a script, and end well if it fails with none of the `valid` exit codes; so many times it fails first, which
    the file `tries` counts."""

    run: RunScript | Cleanup
    valid: frozenset[int]
    retries: int
    tries: str


@dataclass(frozen=True, slots=True)
class RunTask:
    """Run a wrapper that makes a scheduled task: the elevated form of `RunScript`."""

    wrapper: str


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Run the script that removes what a step has uploaded."""

    script: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RunBatch:
    """Run a batch file with variables in its environment."""

    script: str
    environment: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class WindowsUpdate:
    """Run the wrapper of the update plugin."""

    wrapper: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Restart the machine after some seconds."""

    after_s: int


@dataclass(frozen=True, slots=True)
class AbortShutdown:
    """Call a planned restart off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EchoTo:
    """Print a text, or write it to a file. Both may hold %NAME%."""

    text: str
    path: str | None = None
    append: bool = False


@dataclass(frozen=True, slots=True)
class UserText:
    """Anything else."""

    line: str


Meaning: TypeAlias = (
    Say
    | SayRestarted
    | AppendChunk
    | RestoreUpload
    | BrokenUpload
    | RemoveFile
    | ReadFile
    | RegistryTest
    | RunScript
    | PassOver
    | RunTask
    | Cleanup
    | RunBatch
    | WindowsUpdate
    | Shutdown
    | AbortShutdown
    | EchoTo
    | UserText
)
