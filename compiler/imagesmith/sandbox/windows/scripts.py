"""A user's script to how it goes on: recorded, checked, run with a `pwsh` of the host, or ended as the user asked for.

A script is never guessed at. What it does is known only where it does nothing but end, or where it is one of ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imagesmith.sandbox.rehearsal import SAID, Itinerary, Planned, Rehearsal
from imagesmith.sandbox.windows.findings import SYNTAX
from imagesmith.sandbox.windows.host import Streams
from imagesmith.sandbox.windows.powershell import PowerShell

_EXIT = re.compile(r"exit\s+(-?[0-9]{1,10})\s*;?", re.IGNORECASE)
_THROW = re.compile(r"throw\s+'(?:[^'\u2018-\u201b]|'')*'\s*;?", re.IGNORECASE)
_VARIABLE = re.compile(r'\$env:([^=\s"]+)="((?:[^"`]|`.)*)";', re.DOTALL)
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class UserScript:
    """A script that a step runs. `name` is the file's on the machine; `elevated` ones run in a task."""

    name: str
    content: bytes
    language: Literal["PowerShell", "batch"]
    user: str
    elevated: bool
    environment: Mapping[str, str]
    step: Planned | None

    @property
    def sha256(self) -> str:
        """Digest of the content."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a script ended, and why it ran or did not."""

    exit_code: int
    why: str
    ran: bool = False


class Scripts:
    """How scripts are carried out on one machine. `folder` keeps each as it came."""

    def __init__(
        self,
        folder: Path,
        *,
        drive: Path,
        rehearsal: Rehearsal,
        itinerary: Itinerary,
        powershell: PowerShell | None,
        runs: bool,
    ) -> None:
        self._folder = folder
        self._drive = drive
        self._rehearsal = rehearsal
        self._itinerary = itinerary
        self._powershell = powershell
        self._runs = runs
        self._kept = 0

    async def carry_out(self, script: UserScript, streams: Streams) -> Outcome:
        """Do with a script what can be done here; the step's own output says what that is."""
        kept = self._keep(script)
        wanted = self._itinerary.exit_code(script.step)
        checks = self._powershell if script.language == "PowerShell" else None
        if checks and (faults := await checks.faults(kept)):
            return self._refuse(script, faults, streams)
        if wanted is not None:
            streams.stdout(f"{SAID}: ends with {wanted}, as asked for\r\n".encode())
            return Outcome(wanted, "the rehearsal asks for this exit code")
        code = only_exit(script_text(script.content)) if script.language == "PowerShell" else None
        if code is not None:
            return Outcome(code, "does nothing but end")
        if checks and self._runs and not script.elevated:
            self._rehearsal.ran(script.step)
            code = await checks.run(kept, drive=self._drive, environment=script.environment, streams=streams)
            return Outcome(code, "run with pwsh", ran=True)
        streams.stdout(f"{SAID} ({script.language}, user {script.user})\r\n".encode())
        return Outcome(0, self._reason(script))

    def _reason(self, script: UserScript) -> str:
        if self._runs and script.elevated:
            return "elevated steps are recorded only"
        return "steps are recorded"

    def _refuse(self, script: UserScript, faults: list[str], streams: Streams) -> Outcome:
        for fault in faults:
            streams.stderr(f"{fault}\r\n".encode())
        step = script.step
        where = f"{step.id}: {faults[0]}" if step else faults[0]
        self._rehearsal.say(SYNTAX.at(step.path if step else (), f"PowerShell cannot read the script of {where}"))
        return Outcome(1, "syntax errors")

    def _keep(self, script: UserScript) -> Path:
        self._kept += 1
        folder = self._folder / "scripts"
        folder.mkdir(mode=0o700, exist_ok=True)
        ending = ".ps1" if script.language == "PowerShell" else ".cmd"
        label = re.sub(r"[^A-Za-z0-9.]+", "-", script.step.id if script.step else "script").strip("-.") or "script"
        path = folder / f"{self._kept:02d}-{label}{ending}"
        path.write_bytes(script.content)
        return path


def script_text(content: bytes) -> str:
    """The text of a script by its mark, as PowerShell reads it; one without a mark is taken for UTF-8."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    return content.decode(encoding, "replace")


def only_exit(text: str) -> int | None:
    """The exit code of a script that consists of `exit N`, or of an error that it raises, and comments; unsigned as
    Windows has them."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if len(lines) != 1:
        return None
    if _THROW.fullmatch(lines[0]):
        return 1
    match = _EXIT.fullmatch(lines[0])
    return int(match[1]) % 2**32 if match else None


def script_variables(text: str) -> dict[str, str]:
    """The environment in a script of Packer's that sets nothing else; a grave stands before special letters."""
    return {name: re.sub(r"`(.)", r"\1", value) for name, value in _VARIABLE.findall(text)}
