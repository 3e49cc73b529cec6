"""Machines without an engine: an SSH server that keeps uploads in a folder tree and runs nothing.

It answers the commands that Packer itself gives (chmod, rm, mkdir) on that tree; every other command is recorded,
together with the uploaded files that it names, and said to be so on the step's output (machine.md §3).
"""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
import socket
from collections import Counter
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

import asyncssh

from imagesmith.lower.passing import PASSED_OVER, read_passing_shell
from imagesmith.sandbox.machine import MachineSpec
from imagesmith.sandbox.rehearsal import SAID, Itinerary, Rehearsal
from imagesmith.sandbox.state import StateFolder

_LOGIN_TIMEOUT_S = 30
_OWN = {"chmod", "mkdir", "rm"}
_EXIT_ONLY = re.compile(r"\s*exit\s+([0-9]{1,3})\s*")


class RecordingMachines:
    """Machines that keep what they are given."""

    records_steps = True

    def __init__(self, *, state: StateFolder, note: str, rehearsal: Rehearsal | None = None) -> None:
        self.state = state
        self._rehearsal = rehearsal or Rehearsal()
        self.notes = [note]
        self.facts = {"engine": "none: steps are recorded"}
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._machines: dict[str, _Recorded] = {}

    async def prepare(self, source: str) -> str:
        """Any source will do: nothing of it is used."""
        return f"recorded:{source}"

    async def start(self, spec: MachineSpec) -> None:
        """Make the tree: that of the image, if one was captured, with the user's home and a /tmp of its own."""
        root = self.state.folder("machines", spec.name, "fs")
        if not spec.image.startswith("recorded:"):
            image = self.state.folder("images") / spec.image
            await asyncio.to_thread(shutil.copytree, image, root, symlinks=True, dirs_exist_ok=True)
        # A VM's /tmp is empty after its start.
        if (root / "tmp").exists():
            await asyncio.to_thread(StateFolder(root).remove, "tmp")
        (root / "tmp").mkdir()
        (root / "home" / spec.user).mkdir(parents=True, exist_ok=True)
        self._machines[spec.name] = _Recorded(spec, root, self._rehearsal.begin())

    def open(self, name: str) -> bool:  # noqa: ARG002 - the protocol's shape
        """SSH is open from the start."""
        return False

    async def serve(self, name: str, connection: socket.socket) -> None:
        """Speak SSH on the connection until the client goes."""
        machine = self._machines.get(name)
        if machine is None:
            connection.close()
            return
        connection.setblocking(False)  # noqa: FBT003 - the library's own shape
        with suppress(asyncssh.Error):
            session = await asyncssh.run_server(
                connection,
                server_host_keys=[self._key],
                server_factory=lambda: _Login(machine.spec),
                process_factory=machine.run,
                sftp_factory=machine.files,
                allow_scp=True,
                login_timeout=_LOGIN_TIMEOUT_S,
            )
            try:
                await session.wait_closed()
            finally:
                session.close()

    async def deallocate(self, name: str) -> None:
        """Nothing runs, so nothing stops."""

    async def capture(self, name: str) -> str:
        """Keep a copy of the tree."""
        image = f"{name}.image"
        target = self.state.folder("images") / image
        await asyncio.to_thread(shutil.copytree, self._machines[name].root, target, symlinks=True)
        return image

    async def remove(self, name: str) -> None:
        """Forget the machine; what it was given stays in the state folder until the sandbox ends."""
        self._machines.pop(name, None)

    async def forget(self, image: str) -> None:
        """Remove a captured tree."""
        await asyncio.to_thread(self.state.remove, "images", image)

    async def close(self, *, keep: Collection[str]) -> None:
        """Forget all machines, and remove captured trees that nothing refers to."""
        self._machines.clear()
        for image in self.state.folder("images").iterdir():
            if image.name not in keep:
                await asyncio.to_thread(self.state.remove, "images", image.name)


class _Login(asyncssh.SSHServer):
    """Lets in the deployment's user with one of its keys, or with its password where it has one."""

    def __init__(self, spec: MachineSpec) -> None:
        self._spec = spec
        self._keys = [asyncssh.import_public_key(key) for key in spec.keys]

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        wanted = [known.public_data for known in self._keys]
        return username == self._spec.user and key.public_data in wanted

    def password_auth_supported(self) -> bool:
        return self._spec.password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return username == self._spec.user and password == self._spec.password


class _Recorded:
    """One machine: its tree, and what it was told to do."""

    def __init__(self, spec: MachineSpec, root: Path, itinerary: Itinerary) -> None:
        self.spec = spec
        self.root = root
        self._folder = root.parent
        self._itinerary = itinerary
        self._steps = 0
        self._tries: Counter[str] = Counter()

    def files(self, channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        """The file server of an SFTP or SCP session."""
        return _Files(channel, self.root, self.spec.user)

    async def run(self, process: asyncssh.SSHServerProcess[str]) -> None:
        """Answer one command."""
        command = (process.command or "").strip()  # Packer ends its commands with a line end
        words = _plain_words(command)
        if words and words[0] in _OWN:
            await asyncio.to_thread(self._do, words)
            process.exit(0)
            return
        code = await asyncio.to_thread(self._record, command, process.env)
        process.stdout.write(SAID + "\n")
        if code and self._is_passed_over(command):
            process.stdout.write(f"{PASSED_OVER} {code}\n")
            code = 0
        self._itinerary.ended(code)
        process.exit(code)

    def _is_passed_over(self, command: str) -> bool:
        """Whether this is the last try of a step that the build goes on after."""
        passing = read_passing_shell(command)
        if passing is None:
            return False
        self._tries[passing.tries] += 1
        return self._tries[passing.tries] > passing.retries

    def _do(self, words: list[str]) -> None:
        """One of Packer's own commands, on the tree."""
        paths = [self._inside(word) for word in words[1:] if not word.startswith("-")]
        match words[0]:
            case "mkdir":
                for path in paths:
                    path.mkdir(parents=True, exist_ok=True)
            case "rm":
                for path in paths:
                    if path != self.root:
                        StateFolder(self.root).remove(*path.relative_to(self.root).parts)
            case "chmod":
                for path in paths[1:]:
                    if words[1].isdigit() and path.is_file() and not path.is_symlink():
                        path.chmod(int(words[1], 8) & 0o777 | 0o600)

    def _inside(self, text: str) -> Path:
        """A path of the machine in the tree; relative ones start at the user's home, none leads out of it."""
        absolute = PurePosixPath("/home", self.spec.user, text)
        parts = [part for part in absolute.parts[1:] if part not in {"..", "."}]
        return self.root.joinpath(*parts)

    def _record(self, command: str, environment: Mapping[str, str]) -> int:
        """Write the command down, keep the files it names; its exit code is 0, or the one that is all of a script."""
        self._steps += 1
        kept = {}
        code = 0
        for word in _words(command):
            path = self._inside(word)
            if word.startswith("/") and path.is_file() and not path.is_symlink() and word not in kept:
                kept[word] = f"{self._steps:02d}-{path.name}"
                folder = self._folder / "steps"
                folder.mkdir(mode=0o700, exist_ok=True)
                shutil.copyfile(path, folder / kept[word])
                code = _exit_only(path) or code
        wanted = self._itinerary.exit_code(self._itinerary.step(command))
        code = code if wanted is None else wanted % 256
        row = {"command": command, "environment": dict(environment), "files": kept, "exit": code}
        with (self._folder / "steps.ndjson").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        return code


class _Files(asyncssh.SFTPServer):
    """Files below the machine's tree. A folder that a step would have made is made here, since steps do not run."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], root: Path, user: str) -> None:
        super().__init__(channel, chroot=str(root).encode())
        self._home = f"/home/{user}"
        words = _words(channel.get_command() or "")
        if words[:1] == ["scp"]:
            target = Path(self.map_path(words[-1].encode()).decode())
            # Packer names the folder that a file goes into, OpenSSH the file itself.
            folder = target if {"-vt", "-rvt"} & set(words) else target.parent
            if not folder.exists():
                folder.mkdir(parents=True)

    def map_path(self, path: bytes) -> bytes:
        """Relative paths start at the user's home."""
        return super().map_path(path if path.startswith(b"/") else self._home.encode() + b"/" + path)

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:  # noqa: ARG002 - the library's shape
        """Links are refused: no path may lead out of the tree."""
        raise asyncssh.SFTPPermissionDenied("the sandbox's recorded machines have no links")

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        """As `symlink`."""
        self.symlink(oldpath, newpath)


def _plain_words(command: str) -> list[str]:
    """The words of one simple command; nothing for anything a shell would have to think about."""
    return [] if re.search(r"[;&|<>$`(){}*?\n]", command) else _words(command)


def _words(command: str) -> list[str]:
    """The words of a command line, as far as they can be told without a shell."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return command.split()


def _exit_only(path: Path) -> int:
    """The exit code of a script that consists of `exit N` and comments: what it does is known without running it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    match = _EXIT_ONLY.fullmatch(lines[0]) if len(lines) == 1 else None
    return int(match[1]) % 256 if match else 0
