"""podman or docker through the command line they share: found, tried, and run with time limits.

What works differs by host, so a candidate is tried as it is, then with runc, then with lowered limits, and the first
way that runs a container is kept (machine.md §2). The container that is tried holds one program of a hundred bytes,
so that neither a registry nor a base image is needed for it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import io
import os
import platform
import re
import resource
import shutil
import struct
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from imagesmith.sandbox.errors import NO_ENGINE, SandboxError, failure

PROGRAMS = ("podman", "docker")
CACHE_LABEL = "imagesmith.cache"
"""On images that serve every sandbox and are never swept: the digest of their recipe."""

_PROBE_TIMEOUT_S = 30
_VERSION = re.compile(r"[0-9]+\.[0-9]+[0-9A-Za-z.+~-]*")
_EXIT_ZERO = {
    # mov edi, 0; mov eax, 60 (exit); syscall
    "x86_64": (62, bytes.fromhex("bf00000000b83c0000000f05")),
    # mov x0, #0; mov x8, #93 (exit); svc #0
    "aarch64": (183, bytes.fromhex("000080d2a80b80d2010000d4")),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """How a call of the engine ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def reason(self) -> str:
        """The last line the engine said, for a message."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        return lines[-1] if lines else f"exit code {self.code}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoEngine:
    """Why no engine was found: one line an attempt."""

    attempts: tuple[str, ...]

    def error(self) -> SandboxError:
        """The same as an exception (IMG900)."""
        return failure(NO_ENGINE, NO_ENGINE.title + "".join(f"\n  {line}" for line in self.attempts))


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """A container engine and how it has to be called here. `environment` is the user's, whose engine it is."""

    program: str
    name: Literal["podman", "docker"]
    """What it is, whatever the program is called: some systems have a `docker` that is podman."""
    version: str = ""
    """As it says itself; empty where it says none."""
    options: tuple[str, ...] = ()
    """Before every sub-command."""
    limits: tuple[str, ...] = ()
    """After `run` and `build`."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def boot(self) -> tuple[str, ...]:
        """Options of `run` for a container whose first process is systemd."""
        if self.name == "podman":
            return ("--systemd=always",)
        # docker has no such switch: the same temporary folders, and the container's own part of the cgroup tree
        return (
            "--tmpfs=/run",
            "--tmpfs=/run/lock",
            "--tmpfs=/tmp:exec",
            "--cgroupns=private",
            "--security-opt=writable-cgroups=true",
            "--env=container=docker",
        )

    @property
    def removal(self) -> tuple[str, ...]:
        """`rm` of a container that may run, without waiting for it to shut down."""
        return ("rm", "-f", "-t", "0") if self.name == "podman" else ("rm", "-f")

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The whole command line; limits go in where the sub-command takes them."""
        limits = self.limits if arguments[0] in {"run", "build"} else ()
        return (self.program, *self.options, arguments[0], *limits, *arguments[1:])

    async def run(self, *arguments: str, stdin: bytes | None = None, timeout_s: float = 60) -> Output:
        """Call the engine and wait. A call past its time is ended, and reads as exit code 124."""
        return await run_command(
            self.command(*arguments), environment=self.environment, stdin=stdin, timeout_s=timeout_s
        )

    async def has_image(self, image: str) -> bool:
        """Whether the image is here."""
        return await self.image_id(image) is not None

    async def image_id(self, image: str) -> str | None:
        """The image's digest, None where it is not here."""
        shown = await self.run("image", "inspect", "--format", "{{.Id}}", image)
        return shown.stdout.strip() if shown.code == 0 else None


async def run_command(
    command: tuple[str, ...], *, environment: Mapping[str, str], stdin: bytes | None = None, timeout_s: float
) -> Output:
    """Run a program to the end of its output; past its time it is ended, and reads as exit code 124."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=dict(environment),
            start_new_session=True,  # Ctrl-C of a terminal is for us
        )
    except OSError as error:
        return Output(code=127, stdout="", stderr=f"{command[0]}: {error.strerror}")
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), timeout_s)
    except TimeoutError:
        await end(process)
        return Output(code=124, stdout="", stderr=f"no answer within {timeout_s:g} s: {' '.join(command[:4])}")
    except asyncio.CancelledError:
        await end(process)
        raise
    return Output(
        code=process.returncode or 0, stdout=out.decode(errors="replace"), stderr=err.decode(errors="replace")
    )


async def end(process: asyncio.subprocess.Process) -> None:
    """End a process of ours: ask, wait for five seconds, insist."""
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 5)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def start_engine_probe(environment: Mapping[str, str], *, program: str | None = None) -> Engine | NoEngine:
    """Find an engine that runs a container here; for callers without an event loop."""
    return asyncio.run(find_engine(environment, program=program))


async def find_engine(environment: Mapping[str, str], *, program: str | None = None) -> Engine | NoEngine:
    """The first engine, and the first way to call it, that runs a container (machine.md §2)."""
    attempts: list[str] = []
    for name in (program,) if program else PROGRAMS:
        path = _which(name, environment)
        if path is None:
            attempts.append(f"{name}: not found on PATH")
            continue
        found = await _try(await _identify(path, environment), attempts)
        if found is not None:
            return found
    return NoEngine(attempts=tuple(attempts))


async def _identify(program: str, environment: Mapping[str, str]) -> Engine:
    """What a program says that it is; one that says nothing is what it is called."""
    shown = await run_command((program, "--version"), environment=environment, timeout_s=_PROBE_TIMEOUT_S)
    said = shown.stdout.lower() if "version" in shown.stdout.lower() else Path(program).name
    version = _VERSION.search(shown.stdout)
    return Engine(
        program=program,
        name="docker" if "docker" in said else "podman",
        version=version[0] if version else "",
        environment=environment,
    )


async def _try(engine: Engine, attempts: list[str]) -> Engine | None:
    """Run the probe in each way; what failed is added to `attempts`."""
    content = _probe_archive()
    image = f"localhost/imagesmith/probe:{hashlib.sha256(content).hexdigest()[:12]}"
    if not await engine.has_image(image):
        label = f"LABEL {CACHE_LABEL}=probe"
        imported = await engine.run("import", "--change", label, "-", image, stdin=content, timeout_s=_PROBE_TIMEOUT_S)
        if imported.code:
            attempts.append(f"{engine.program}: {imported.reason}")
            return None
    for way in _ways(engine):
        ran = await way.run(
            "run", "--rm", "--pull=never", "--network=none", image, "/exit-zero", timeout_s=_PROBE_TIMEOUT_S
        )
        if ran.code == 0:
            return way
        attempts.append(f"{' '.join((way.program, *way.options, *way.limits))}: {ran.reason}")
    return None


def _ways(engine: Engine) -> Iterator[Engine]:
    runtimes: tuple[tuple[str, ...], ...] = ((), ("--runtime=runc",)) if engine.name == "podman" else ((),)
    for limits in ((), _lowered_limits()):
        for options in runtimes:
            yield dataclasses.replace(engine, options=options, limits=limits)


def _lowered_limits() -> tuple[str, ...]:
    """Limits that a process without privileges can set: not above our own hard ones."""
    return (
        f"--ulimit=nofile={_at_most(resource.RLIMIT_NOFILE, 4096)}",
        f"--ulimit=nproc={_at_most(resource.RLIMIT_NPROC, 4096)}",
    )


def _at_most(limit: int, wanted: int) -> str:
    hard = resource.getrlimit(limit)[1]
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    return f"{value}:{value}"


def _which(name: str, environment: Mapping[str, str]) -> str | None:
    """A program on PATH; relative folders there are passed over, since they depend on where one stands."""
    folders = [folder for folder in environment.get("PATH", "").split(os.pathsep) if Path(folder).is_absolute()]
    return shutil.which(name, path=os.pathsep.join(folders))


def _probe_archive() -> bytes:
    """A tar with one static program that exits with 0."""
    machine, code = _EXIT_ZERO.get(platform.machine(), _EXIT_ZERO["x86_64"])
    base, header = 0x400000, 64 + 56
    size = header + len(code)
    elf = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01" + bytes(9),
        2,
        machine,
        1,
        base + header,
        64,
        0,
        0,
        64,
        56,
        1,
        0,
        0,
        0,
    )
    elf += struct.pack("<IIQQQQQQ", 1, 5, 0, base, base, size, size, 0x1000) + code
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("exit-zero")
        entry.size, entry.mode = len(elf), 0o755
        archive.addfile(entry, io.BytesIO(elf))
    return buffer.getvalue()
