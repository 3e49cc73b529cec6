"""The streams of a command, kept; and a machine that is talked to without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.rehearsal import Rehearsal
from imagesmith.sandbox.windows.host import DISK, Command
from imagesmith.sandbox.windows.machine import WindowsMachine
from tests import windows_lines as lines

PASSWORD = "Pa$$w`o\"r'd"  # noqa: S105 - opens a recorder for a moment
USER = "packer"


class Kept:
    """Streams that keep what comes."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.err = bytearray()
        self.terminated = asyncio.Event()

    def stdout(self, data: bytes) -> None:
        self.out += data

    def stderr(self, data: bytes) -> None:
        self.err += data

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def stdin(self) -> bytes:
        return b""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


@dataclass(kw_only=True, slots=True)
class Talk:
    """A machine, and what it was told to do."""

    machine: WindowsMachine
    folder: Path
    rehearsal: Rehearsal
    restarts: list[float]

    async def say(self, line: str, *, environment: Mapping[str, str] | None = None) -> Answer:
        """One command line."""
        streams = Kept()
        command = Command(line=line, user=USER, environment=environment or {})
        code = await self.machine.run(command, streams)
        return Answer(code, streams.out.decode(), streams.err.decode())

    async def upload(self, content: bytes, destination: str, *, new: bool = True) -> None:
        """A file, as Packer uploads it; each command must end well."""
        for line in lines.upload(content, destination, new=new):
            answer = await self.say(line)
            assert (answer.code, answer.err) == (0, "")

    async def step(
        self,
        text: str | bytes,
        *,
        variables: str = "",
        user: str | None = None,
        password: str = "",
        command: Callable[[str, str], str] = lines.run_script,
        tries: int = 1,
    ) -> Answer:
        """A PowerShell step, elevated where a user is named, and its clean-up; `command` makes its line. It is tried
        again as Packer does, and the last answer counts."""
        script, added = (
            f"c:/Windows/Temp/script-{lines.name()}.ps1",
            f"c:/Windows/Temp/packer-ps-env-vars-{lines.name()}.ps1",
        )
        line = command(script, added)
        if user is not None:
            wrapper = f"C:/Windows/Temp/packer-elevated-shell-{lines.name()}.ps1"
            await self.upload(lines.wrapper(line, user=user, password=password).encode(), wrapper)
            line = lines.run_file(wrapper)
        await self.upload(variables.encode(), added)
        answer = Answer(-1, "", "")
        for _ in range(tries):
            await self.upload(text if isinstance(text, bytes) else text.encode(), script)
            answer = await self.say(line)
        await self.clean_up([added, script], added, command=lines.run_script if user else command)
        return answer

    async def clean_up(
        self, files: Iterable[str], variables: str, *, command: Callable[[str, str], str] = lines.run_script
    ) -> None:
        """What a step does at its end."""
        cleanup = f"c:/Windows/Temp/packer-cleanup-{lines.name()}.ps1"
        text = "".join(f"if (Test-Path {file}) {{Remove-Item {file}}}\n" for file in (*files, cleanup))
        await self.upload(text.encode(), cleanup)
        answer = await self.say(command(cleanup, variables))
        assert (answer.code, answer.out) == (0, "")

    def files(self) -> dict[str, bytes]:
        """All files of C:."""
        drive = self.folder / DISK / "C"
        return {
            found.relative_to(drive).as_posix(): found.read_bytes() for found in drive.rglob("*") if found.is_file()
        }


def talk(
    folder: Path,
    *,
    rehearsal: Rehearsal | None = None,
    hostname: str = "pkrvmabc",
    powershell: str | None = None,
    runs: bool = False,
) -> Talk:
    """A machine in a folder; its restarts are noted and take place at once."""
    (folder / DISK).mkdir(parents=True, exist_ok=True)
    known = rehearsal or Rehearsal()
    spec = MachineSpec(name="m", hostname=hostname, user=USER, keys=(), image="", password=PASSWORD)
    machine = WindowsMachine(
        spec, folder, rehearsal=known, powershell=powershell, runs=runs, environment={"PATH": "/usr/bin:/bin"}
    )
    restarts: list[float] = []
    machine.attach(restarts.append)
    return Talk(machine=machine, folder=folder, rehearsal=known, restarts=restarts)


STAND_IN = """#!/bin/sh
# Stands for pwsh: the launcher is the fifth argument, as `-File` wants it.
test "$1 $2 $3 $4" = "-NoLogo -NoProfile -NonInteractive -File" || exit 64
case "$5" in
*/check.ps1)
  grep -q 'ParseFile' "$5" || exit 65
  if grep -q 'BROKEN' "$6"; then echo "1:5: The string is missing the terminator."; exit 1; fi
  if grep -q 'CRASH' "$6"; then echo "no such thing" >&2; exit 134; fi
  ;;
*/run.ps1)
  grep -q 'New-PSDrive -Name C' "$5" || exit 66
  echo "out of $(basename "$7") with $GREETING on $COMPUTERNAME"
  echo "err" >&2
  echo made > "$6/made-by-the-script"
  if grep -q 'HANG' "$7"; then sleep 600 & echo $! > "$HOME/child"; echo waiting; wait; fi
  if grep -q 'BACKGROUND' "$7"; then sleep 600 & echo $! > "$HOME/child"; fi
  exit 42
  ;;
esac
"""


def write_stand_in(folder: Path) -> Path:
    """Write the executable; nobody has PowerShell for certain."""
    program = folder / "bin" / "pwsh"
    program.parent.mkdir()
    program.write_text(STAND_IN, encoding="utf-8")
    program.chmod(0o755)
    return program
