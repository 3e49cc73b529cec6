"""What a build has left outside of its run's folder: processes, mounts, files, containers and images."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tests.processes import naming

_PATIENCE_S = 60
_OWN = {"state", "tmp"}
_ELSEWHERE = ("/tmp", "/var/tmp", "/dev/shm", "/run")  # noqa: S108 - looked at, not written to


def left_by(home: Path, *, is_killed: bool) -> tuple[str, ...]:
    """What is left of builds whose home and TMPDIR (`tmp`) are in this folder and whose state is in `state`.

    A build that was killed could not remove its temporary files; a later one does, when they have grown old.
    """
    runs = [entry.name for entry in (home / "state" / "runs").glob("*")]
    found = [f"process {number} is left" for number in naming(home)]
    found += [f"{entry.name} is left in the home" for entry in home.iterdir() if entry.name not in _OWN]
    if not is_killed:
        found += [f"{entry.name} is left in TMPDIR" for entry in (home / "tmp").iterdir()]
    found += [f"{entry} is left of a sandbox" for entry in (home / "state").glob("sandbox/*")]
    found += [f"{entry} is left" for run in runs for entry in _named_after(run)]
    found += [f"mount {line.split()[1]} is left" for line in _lines("/proc/mounts") if str(home) in line]
    found += [f"{kind} {name} is left" for kind, name in _of_engine(runs)]
    return tuple(found)


def wait_for_end_of_processes(folder: Path) -> None:
    """Packer ends by itself when the build that started it is gone; its clean-up takes a moment."""
    _until(lambda: not naming(folder))


def _named_after(run: str) -> Iterator[Path]:
    for folder in _ELSEWHERE:
        yield from (entry for entry in Path(folder).glob("*") if run.lower() in entry.name.lower())


def _of_engine(runs: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Containers and images, which carry the run in a label (`imagesmith.sandbox.machine.owner`)."""
    for engine in filter(shutil.which, ("podman", "docker")):
        for run in runs:
            label = ("--filter", f"label=imagesmith.sandbox={run.lower()}", "--format")
            yield from (("container", line) for line in _said(engine, "ps", "-a", *label, "{{.Names}}"))
            yield from (("image", line) for line in _said(engine, "images", *label, "{{.Repository}}:{{.Tag}} {{.ID}}"))


def _said(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S).stdout.splitlines()


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
