"""Mutants through the real command line, each in a fork of this process; what did not end well goes to stdout.

Run as a program of its own, since only a process with one thread may fork: `fuzz_driver.py FOLDER SEED COUNT`.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from imagesmith.cli import main
from tests.mutants import Seed, mutant, seed_of

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
LARGEST_SEED = 20_000
PROCESSES = 2
CPU_LIMIT_S = 5
HANG_LIMIT_S = 60
"""Other work on the machine may slow a process down; the limit that counts is the one of its own time."""
MEMORY_LIMIT = 1 << 30
FAILED = 99
SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
COMMANDS: Sequence[Sequence[str]] = (
    ("validate",),
    ("validate", "--location", "westeurope", "--resource-group", "contoso", "--subscription", SUBSCRIPTION),
    (
        "validate",
        "--output",
        "json",
        "--os-type",
        "Linux",
        "--vhd-container",
        "https://contoso.blob.core.windows.net/vhds",
    ),
    ("validate", "--packer-version", "1.6.6", "--strict", "--location", "eastus"),
    ("validate", "--format", "sarif", "--ignore", "IMG4", "--location", "westeurope"),
    ("validate", "--format", "junit", "--fail-on", "warning"),
    ("convert", "--to", "arm", "--location", "westeurope"),
    ("convert", "--to", "yaml", "--resource-group", "contoso", "--subscription", SUBSCRIPTION),
    ("compile", "--location", "westeurope", "-o"),
)


def seeds() -> list[Seed]:
    """Every template of `fixtures/` that is not too large."""
    files = sorted(file for kind in ("valid", "invalid") for file in (FIXTURES / kind).glob("*/template.*"))
    contents = ((file, file.read_bytes()) for file in files)
    return [
        seed_of(content, file.suffix, sound=_is_sound(file))
        for file, content in contents
        if len(content) <= LARGEST_SEED
    ]


def _is_sound(template: Path) -> bool:
    report = template.with_name("report.txt")
    return not report.exists() or ": error[" not in report.read_text("utf-8")


def run_in_child(arguments: Sequence[str], stderr: Path) -> int:
    """Start `imagesmith` with these arguments in a fork; returns its process id."""
    child = os.fork()
    if child:
        return child
    status = FAILED
    try:
        _redirect(stderr)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT_S, CPU_LIMIT_S))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(HANG_LIMIT_S)
        status = exit_code(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def exit_code(arguments: Sequence[str]) -> int:
    """Run the command line here and say how it would have ended."""
    sys.argv = ["imagesmith", *arguments]
    try:
        main()
    except SystemExit as ending:
        return int(ending.code or 0)
    return 0


def _redirect(stderr: Path) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(os.open(stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 2)


def inputs(folder: Path, seed: int, count: int) -> Iterator[tuple[Path, Sequence[str]]]:
    """Write the mutants, one at a time, and give each file with the command line that it is run with."""
    random = Random(seed)  # noqa: S311 - mutants, not keys
    made_of = seeds()
    for number in range(count):
        content, ending = mutant(made_of, random)
        file = folder / f"{number:04}{ending}"
        file.write_bytes(content)
        command = random.choice(COMMANDS)
        target = [str(_compiled(file))] if command[-1] == "-o" else []
        yield file, (*command, *target, str(file))


def _compiled(file: Path) -> Path:
    return file.with_suffix(".compiled")


def judge(status: int, stderr: str) -> str | None:
    """What is wrong with an ending, None where nothing is: validation says yes or no, and never more."""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    if os.WEXITSTATUS(status) not in (0, 1):
        return f"exit code {os.WEXITSTATUS(status)}"
    return "a traceback" if "Traceback" in stderr else None


def fuzz(folder: Path, seed: int, count: int) -> Iterator[dict[str, str]]:
    """Run all mutants, two at a time; yields those that ended badly, whose files stay."""
    running: dict[int, tuple[Path, Sequence[str]]] = {}
    for file, arguments in inputs(folder, seed, count):
        running[run_in_child(arguments, file.with_suffix(".stderr"))] = (file, arguments)
        if len(running) >= PROCESSES:
            yield from _ended(running)
    while running:
        yield from _ended(running)


def _ended(running: dict[int, tuple[Path, Sequence[str]]]) -> Iterator[dict[str, str]]:
    child, status = os.wait()
    file, arguments = running.pop(child)
    said = file.with_suffix(".stderr")
    stderr = said.read_text("utf-8", "replace")
    wrong = judge(status, stderr)
    if wrong is not None:
        yield {"file": str(file), "wrong": wrong, "arguments": " ".join(arguments), "stderr": stderr[-2000:]}
        return
    file.unlink()
    said.unlink()
    shutil.rmtree(_compiled(file), ignore_errors=True)


def warm() -> None:
    """Load all modules before the first fork: a template through every stage, one with mistakes, one in YAML."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):  # noqa: PTH123
        for case in ("valid/linux-gallery-quickstart", "invalid/schema-mistakes", "invalid/yaml-tab"):
            for file in (FIXTURES / case).glob("template.*"):
                exit_code(["validate", str(file)])
        with tempfile.TemporaryDirectory() as folder:
            exit_code(["compile", str(FIXTURES / "valid/linux-gallery-quickstart/template.json"), "-o", folder])


def program(folder: str, seed: str, count: str) -> None:
    """Print every mutant that ended badly, as a line of JSON."""
    warm()
    for failure in fuzz(Path(folder), int(seed), int(count)):
        print(json.dumps(failure))


if __name__ == "__main__":
    program(*sys.argv[1:])
