"""A Windows machine without Windows: Packer's own commands have their meaning on a tree, users' scripts are recorded.

Every command line is told apart by `understand`; what it then does is one case of `WindowsMachine` (winrm.md §7).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import assert_never

from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.rehearsal import Rehearsal
from imagesmith.sandbox.windows.commands import understand
from imagesmith.sandbox.windows.files import FAILED, Files
from imagesmith.sandbox.windows.findings import NOT_GENERALIZED
from imagesmith.sandbox.windows.guest import Guest
from imagesmith.sandbox.windows.host import Command, Restart, Streams
from imagesmith.sandbox.windows.journal import Boot
from imagesmith.sandbox.windows.meanings import (
    AbortShutdown,
    AppendChunk,
    BrokenUpload,
    Cleanup,
    EchoTo,
    Meaning,
    PassOver,
    ReadFile,
    RegistryTest,
    RemoveFile,
    RestoreUpload,
    RunBatch,
    RunScript,
    RunTask,
    Say,
    SayRestarted,
    Shutdown,
    UserText,
    WindowsUpdate,
)
from imagesmith.sandbox.windows.passing import pass_over
from imagesmith.sandbox.windows.paths import PathError
from imagesmith.sandbox.windows.powershell import PowerShell
from imagesmith.sandbox.windows.restarts import Restarts
from imagesmith.sandbox.windows.scripts import Scripts
from imagesmith.sandbox.windows.steps import Steps

_SHUTDOWN_SAYS = {
    1115: "A system shutdown is in progress.(1115)",
    1116: "Unable to abort the system shutdown because no shutdown was in progress.(1116)",
    1190: "A system shutdown has already been scheduled.(1190)",
}


class WindowsMachine:
    """A `Host` (sandbox.windows.host).

    `powershell` is a `pwsh` of the host: it checks every script, and runs plain ones where `runs` says so, in what
    `environment` (the user's) has of PATH and language.
    """

    def __init__(
        self,
        spec: MachineSpec,
        folder: Path,
        *,
        rehearsal: Rehearsal,
        powershell: str | None = None,
        runs: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.guest = Guest.make(spec, folder)
        self._rehearsal = rehearsal
        self._restarts = Restarts()
        self._boots = 0
        self._itinerary = rehearsal.begin()
        scripts = Scripts(
            folder,
            drive=self.guest.tree.host_folder("C"),
            rehearsal=rehearsal,
            itinerary=self._itinerary,
            powershell=PowerShell(powershell, folder=folder, environment=environment or {}) if powershell else None,
            runs=runs,
        )
        self._steps = Steps(self.guest, scripts=scripts, rehearsal=rehearsal, itinerary=self._itinerary)
        rehearsal.join(self)
        self._count_boot()

    @property
    def computer(self) -> str:
        """Its NetBIOS name."""
        return self.guest.computer

    @property
    def users(self) -> Mapping[str, str]:
        """The build user and its password; without one nobody can log in."""
        accounts = self.guest.accounts
        return {accounts.user: accounts.password} if accounts.password else {}

    def attach(self, restart: Restart) -> None:
        """Take what restarts the machine."""
        self._restarts.attach(restart)

    async def run(self, command: Command, streams: Streams) -> int:
        """Carry a command out; what Windows would refuse is said on the error output."""
        files = self.guest.files(command.user, working_directory=command.working_directory, more=command.environment)
        line = " ".join((command.line, *command.arguments))
        try:
            code = await self._carry_out(understand(line), command.user, files, streams)
        except PathError as error:
            streams.stderr(f"{error}\r\n".encode(errors="replace"))
            code = FAILED
        self._itinerary.ended(code)
        return code

    def booted(self) -> None:
        """The machine has restarted."""
        self._restarts.booted()
        self._steps.booted()
        self._count_boot()

    async def close(self) -> None:
        """The machine is off."""
        self._restarts.close()

    def captured(self) -> None:
        """The machine's disk has become an image."""
        if not self._steps.condition.generalized:
            self._rehearsal.say(NOT_GENERALIZED.at(()))

    def report(self) -> Mapping[str, object]:
        """What happened on the machine, for the run record."""
        known = {"name": self.computer, "generalized": self._steps.condition.generalized}
        return {**known, **self.guest.journal.summary()}

    async def _carry_out(self, meaning: Meaning, user: str, files: Files, streams: Streams) -> int:  # noqa: C901, PLR0911, PLR0912 - one case a command
        match meaning:
            case Say(text):
                return _say(text, streams)
            case SayRestarted():
                return _say(f"{self.computer} restarted.", streams)
            case RegistryTest():
                return _say("False", streams)
            case AppendChunk(file, content):
                return files.append(file, content)
            case RestoreUpload(file, destination):
                self.guest.journal.add(files.restore(file, destination))
                return 0
            case BrokenUpload():
                raise PathError("imagesmith: this Packer cannot upload to a path with letters beyond ASCII.")
            case RemoveFile(file):
                return files.forget(file)
            case ReadFile(path):
                return await files.download(path, streams)
            case EchoTo():
                return files.echo(meaning, streams)
            case Cleanup(script):
                if files.clean_up(script):
                    return 0
                return await self._steps.script(RunScript(program="powershell", script=script), user, streams)
            case RunScript():
                return await self._steps.script(meaning, user, streams)
            case PassOver():
                run = partial(self._carry_out, meaning.run, user, files, streams)
                return await pass_over(meaning, files, streams, run)
            case RunTask(wrapper):
                return await self._steps.task(wrapper, user, streams)
            case RunBatch():
                return await self._steps.batch(meaning, user, streams)
            case WindowsUpdate(wrapper):
                return self._steps.update(wrapper, user, streams)
            case Shutdown(after_s):
                return _shutdown(self._restarts.plan(after_s), streams)
            case AbortShutdown():
                return _shutdown(self._restarts.call_off(), streams)
            case UserText(line):
                return self._steps.user_text(line, user, streams)
            case _:
                assert_never(meaning)

    def _count_boot(self) -> None:
        self._boots += 1
        self.guest.journal.add(Boot(number=self._boots))


def _say(text: str, streams: Streams) -> int:
    streams.stdout(f"{text}\r\n".encode())
    return 0


def _shutdown(code: int, streams: Streams) -> int:
    if code in _SHUTDOWN_SAYS:
        streams.stderr(f"{_SHUTDOWN_SAYS[code]}\r\n".encode())
    return code
