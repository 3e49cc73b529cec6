"""Scripts, tasks and updates of a machine's steps, and what can be told of the image from them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from textwrap import shorten
from typing import Literal

from imagesmith.diagnostics import Path
from imagesmith.lower.unpacking import Unpacking, read_windows_script
from imagesmith.sandbox.rehearsal import SAID, Itinerary, Planned, Rehearsal
from imagesmith.sandbox.windows.commands import understand
from imagesmith.sandbox.windows.deprovisioning import (
    SCRIPT,
    Own,
    default_script,
    generalizes,
    names_script,
    own_script,
)
from imagesmith.sandbox.windows.files import FAILED, Files
from imagesmith.sandbox.windows.findings import COMMAND_NOT_RUN, EDIT_NOT_APPLIED, RESTART_PENDING
from imagesmith.sandbox.windows.guest import Guest
from imagesmith.sandbox.windows.host import Streams
from imagesmith.sandbox.windows.journal import Script, Unknown, Update
from imagesmith.sandbox.windows.meanings import PassOver, RunBatch, RunScript
from imagesmith.sandbox.windows.passing import pass_over
from imagesmith.sandbox.windows.paths import PathError
from imagesmith.sandbox.windows.scripts import Outcome, Scripts, UserScript, script_text, script_variables
from imagesmith.sandbox.windows.tasks import Task, parse_task
from imagesmith.sandbox.windows.unpacking import unpack
from imagesmith.sandbox.windows.update import RESTART_NEEDED, answer, parse_call

_RESTART_CODES = frozenset({3010, 1641})
"""What installers end with where a restart is to come, or has been begun (Microsoft, "MsiExec.exe error codes")."""
_SHOWN = 100
"""Letters of a command that a finding shows."""
_WRONG_LOGIN = b"The user name or password is incorrect. (Exception from HRESULT: 0x8007052E)\r\n"


@dataclass(slots=True)
class Condition:
    """What is known of the image that the machine would make."""

    generalized: bool = False
    up_to_date: bool = False
    restart_wanted_by: tuple[str, Path] | None = None
    """Who asked for a restart that has not come, and where that stands in the template."""


class Steps:
    """Carries out what steps ask for; each gives an exit code. Raises PathError."""

    def __init__(self, guest: Guest, *, scripts: Scripts, rehearsal: Rehearsal, itinerary: Itinerary) -> None:
        self.condition = Condition()
        self._guest = guest
        self._scripts = scripts
        self._rehearsal = rehearsal
        self._itinerary = itinerary

    async def script(self, command: RunScript, user: str, streams: Streams, *, elevated: bool = False) -> int:
        """A PowerShell script with the variables that are read before it."""
        files = self._guest.files(user)
        variables = files.tree.read(files.path(command.variables)) if command.variables else b""
        added = script_variables(script_text(variables))
        return await self._run("PowerShell", command.script, user, streams, elevated=elevated, added=added)

    async def batch(self, command: RunBatch, user: str, streams: Streams) -> int:
        """A batch file."""
        return await self._run("batch", command.script, user, streams, elevated=False, added=dict(command.environment))

    async def task(self, wrapper: str, user: str, streams: Streams) -> int:
        """An elevated step. The wrapper removes itself, as its text says; all output is on stdout."""
        files = self._guest.files(user)
        task = parse_task(script_text(files.tree.read(files.path(wrapper))))
        if task is None:  # only its name is that of a wrapper
            return await self.script(RunScript(program="powershell", script=wrapper), user, streams)
        if not self._guest.accounts.admits(task.user, task.password):
            streams.stderr(_WRONG_LOGIN)
            return FAILED
        code = await self._in_task(task, _OnStdout(streams))
        files.tree.remove(files.path(wrapper))
        return code

    async def _in_task(self, task: Task, streams: Streams) -> int:
        match understand(task.command):
            case RunScript() as command:
                return await self.script(command, task.user, streams, elevated=True)
            case PassOver(run=RunScript() as command) as passing:
                run = partial(self.script, command, task.user, streams, elevated=True)
                return await pass_over(passing, self._guest.files(task.user), streams, run)
            case _:
                return self.user_text(task.command, task.user, streams)

    def update(self, wrapper: str, user: str, streams: Streams) -> int:
        """The update plugin's search."""
        files = self._guest.files(user)
        task = parse_task(script_text(files.tree.read(files.path(wrapper))))
        call = parse_call(task.command) if task else None
        if task is None or call is None:
            return self.user_text(wrapper, user, streams)
        if not self._guest.accounts.admits(task.user, task.password):
            streams.stderr(_WRONG_LOGIN)
            return FAILED
        lines, code = answer(call, up_to_date=self.condition.up_to_date, computer=self._guest.computer)
        streams.stdout("".join(f"{line}\r\n" for line in lines).encode())
        self.condition.up_to_date |= code == RESTART_NEEDED
        if code == RESTART_NEEDED:
            self.condition.restart_wanted_by = ("the updates", ())
        self._guest.journal.add(
            Update(
                criteria=call.criteria,
                filters=call.filters,
                limit=call.limit,
                only_check=call.only_check,
                exit_code=code,
            )
        )
        return code

    def user_text(self, line: str, user: str, streams: Streams) -> int:
        """A command that is none of Packer's."""
        self._guest.journal.add(Unknown(line=line, user=user))
        self._rehearsal.say(COMMAND_NOT_RUN.at((), f"'{shorten(line, _SHOWN)}' was recorded and not run"))
        streams.stdout(f"{SAID}: {line}\r\n".encode(errors="replace"))
        return 0

    def booted(self) -> None:
        """The machine has restarted: what waited for that is done."""
        self.condition.restart_wanted_by = None

    async def _run(
        self,
        language: Literal["PowerShell", "batch"],
        name: str,
        user: str,
        streams: Streams,
        *,
        elevated: bool,
        added: Mapping[str, str],
    ) -> int:
        files = self._guest.files(user, more=added)
        path = files.path(name)
        content = files.tree.read(path)
        script = UserScript(
            name=str(path),
            content=content,
            language=language,
            user=user,
            elevated=elevated,
            environment=self._guest.environment(user, added),
            step=self._itinerary.step(str(path)),
        )
        outcome = await self._own(script, files, streams)
        if outcome is None:
            outcome = await self._scripts.carry_out(script, streams)
            self._notice(script, outcome)
        self._guest.journal.add(
            Script(
                step=script.step.id if script.step else None,
                path=script.name,
                user=user,
                elevated=elevated,
                sha256=script.sha256,
                ran=outcome.ran,
                why=outcome.why,
                exit_code=outcome.exit_code,
            )
        )
        return outcome.exit_code

    async def _own(self, script: UserScript, files: Files, streams: Streams) -> Outcome | None:
        """Do what a script of ours means; None for a user's, and where the rehearsal wants another end of it."""
        if self._itinerary.exit_code(script.step) is not None:
            return None
        if unpacking := read_windows_script(script_text(script.content)):
            return await self._unpack(unpacking, script, files, streams)
        match own_script(script.content):
            case Own.PLACE:
                self._guest.tree.write(SCRIPT, default_script())
                return Outcome(0, "the default deprovisioning script is in place")
            case Own.DEPROVISION:
                return self._deprovision(streams)
            case None:
                return None

    async def _unpack(self, unpacking: Unpacking, script: UserScript, files: Files, streams: Streams) -> Outcome:
        """What the script of a folder does; a folder can be large, and other machines go on meanwhile."""
        self._rehearsal.ran(script.step)
        try:
            folder = await asyncio.to_thread(unpack, unpacking, files)
        except PathError as error:
            text = f"imagesmith: the folder cannot be unpacked to {unpacking.folder}: {error}\r\n"
            streams.stdout(text.encode(errors="replace"))
            return Outcome(FAILED, "the folder cannot be unpacked", ran=True)
        self._guest.journal.add(folder)
        return Outcome(0, f"{folder.files} files are in {folder.path}", ran=True)

    def _deprovision(self, streams: Streams) -> Outcome:
        """What `deprovision.ps1` does: show the script that is there, or the default one, and run it."""
        tree = self._guest.tree
        if not tree.is_file(SCRIPT):
            streams.stdout(f"imagesmith: warning: {SCRIPT} is gone; the default one runs instead\r\n".encode())
            tree.write(SCRIPT, default_script())
        content = tree.read(SCRIPT)
        text = script_text(content)
        streams.stdout("".join(f"{line}\r\n" for line in text.splitlines()).encode(errors="replace"))
        streams.stdout(f"{SAID}: {SCRIPT}\r\n".encode())
        self.condition.generalized |= generalizes(text)
        if wanted := self.condition.restart_wanted_by:
            cause, place = wanted
            self._rehearsal.say(RESTART_PENDING.at(place, f"{RESTART_PENDING.title}: {cause} asked for it"))
        return Outcome(0, f"{SCRIPT} is recorded")

    def _notice(self, script: UserScript, outcome: Outcome) -> None:
        """What a user's script tells without being run."""
        text = script_text(script.content)
        name, place = _called(script.step, script.name)
        if names_script(text) and not outcome.ran:
            self._rehearsal.say(EDIT_NOT_APPLIED.at(place, f"{name} changes {SCRIPT}; the change was not made here"))
        self.condition.generalized |= generalizes(text) and not names_script(text)
        if outcome.exit_code in _RESTART_CODES:
            self.condition.restart_wanted_by = (f"{name} (exit code {outcome.exit_code})", place)


def _called(step: Planned | None, name: str) -> tuple[str, Path]:
    return (step.id, step.path) if step else (name, ())


class _OnStdout:
    """The streams of a task's command: its wrapper reads one file for both of them."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.stdout = streams.stdout
        self.stderr = streams.stdout
        self.drain = streams.drain
        self.stdin = streams.stdin
        self.terminated = streams.terminated
