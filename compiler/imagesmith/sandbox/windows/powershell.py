"""A `pwsh` of the host: it checks the syntax of scripts, and runs plain ones where the user wants that.

What it runs is on this host, with the machine's `C:` as a drive: only commands of PowerShell's file system provider see
it. Programs and .NET see the host, and commands that only Windows has are missing (winrm.md §7).
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from imagesmith.sandbox.windows.host import Streams

_CHECK = """param([string]$Script)
$faults = $null
[System.Management.Automation.Language.Parser]::ParseFile($Script, [ref]$null, [ref]$faults) | Out-Null
foreach ($fault in $faults) {
  Write-Output ('{0}:{1}: {2}' -f $fault.Extent.StartLineNumber, $fault.Extent.StartColumnNumber, $fault.Message)
}
exit $(if ($faults) { 1 } else { 0 })
"""
_RUN = """param([string]$Drive, [string]$Script)
New-PSDrive -Name C -PSProvider FileSystem -Root $Drive -Scope Global | Out-Null
Set-Location C:\\
& $Script
exit $LastExitCode
"""
_PIECE = 65536
_END_S = 5.0
_LOOK_S = 0.02
_INHERITED = ("PATH", "LANG", "LC_ALL", "TZ")


class PowerShell:
    """One `pwsh` and a folder of ours for its scripts and its home."""

    def __init__(self, program: str, *, folder: Path, environment: Mapping[str, str]) -> None:
        self.program = program
        self._folder = folder
        self._environment = {key: environment[key] for key in _INHERITED if key in environment}

    async def faults(self, script: Path) -> list[str]:
        """What keeps a script from being read: `line:column: message`; nothing for one that is in order."""
        try:
            process = await self._start("check.ps1", _CHECK, str(script), environment={})
        except OSError as error:
            return [f"0:0: {self.program} cannot be started: {error.strerror}"]
        output, complaint = await _whole(process)
        text = output if process.returncode == 1 else b""
        if process.returncode not in {0, 1}:
            text = b"0:0: pwsh could not check it: " + (complaint or output)
        return [line for line in text.decode(errors="replace").splitlines() if line.strip()]

    async def run(self, script: Path, *, drive: Path, environment: Mapping[str, str], streams: Streams) -> int:
        """Run a script with `drive` as `C:`; its exit code. All of its processes end with it, or with our task."""
        process = await self._start("run.ps1", _RUN, str(drive), str(script), environment=environment)
        readers = [
            asyncio.create_task(_pump(pipe, take, streams))
            for pipe, take in ((process.stdout, streams.stdout), (process.stderr, streams.stderr))
            if pipe is not None
        ]
        try:
            # Process.wait() waits for the ends of the pipes as well, which a child in the background keeps open.
            while process.returncode is None:
                await asyncio.sleep(_LOOK_S)
        finally:
            await _end_group(process)
            await asyncio.gather(*readers)
        return (process.returncode or 0) % 2**32

    async def _start(
        self, name: str, text: str, *arguments: str, environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        launcher = self._folder / name
        launcher.write_text(text, encoding="utf-8")
        quiet = {"POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off"}
        return await asyncio.create_subprocess_exec(
            self.program,
            *("-NoLogo", "-NoProfile", "-NonInteractive", "-File", str(launcher)),
            *arguments,
            env={
                **{name: value for name, value in environment.items() if "\0" not in name + value},
                **self._environment,
                **quiet,
                "HOME": str(self._folder),
            },
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )


def find_powershell(environment: Mapping[str, str]) -> str | None:
    """The `pwsh` on the user's PATH."""
    return shutil.which("pwsh", path=environment.get("PATH", ""))


async def _whole(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    try:
        return await process.communicate()
    finally:
        await _end_group(process)


async def _pump(pipe: asyncio.StreamReader, take: Callable[[bytes], None], streams: Streams) -> None:
    while data := await pipe.read(_PIECE):
        take(data)
        await streams.drain()


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End what is left of a process's session, as Windows ends a job; there is nothing to lose in it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with suppress(TimeoutError):  # a child that left the session may keep the pipes open
        await asyncio.wait_for(process.wait(), _END_S)
