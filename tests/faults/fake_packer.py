"""A program in the place of Packer that plays a scenario: what it prints and when, and how it ends.

`install` puts it into a folder; beside it stand `scenario.json` and `calls.ndjson`, what it was called with. The
scenario maps `version`, `validate` and `build` (or `build <stage>`) to a list of acts, or for `build` to a list of such
lists, one for each try. An act is an object with one key; the functions below say what each does.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CALLS = "calls.ndjson"
SCENARIO = "scenario.json"


def install(folder: Path, scenario: dict[str, Any]) -> Path:
    """Put the program and its scenario into a folder; the program's path."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "packer"
    text = Path(__file__).read_text(encoding="utf-8")
    program.write_text(f"#!{sys.executable} -SE\n{text}", encoding="utf-8")
    program.chmod(0o755)
    (folder / SCENARIO).write_text(json.dumps(scenario), encoding="utf-8")
    return program


def calls(folder: Path) -> list[dict[str, Any]]:
    """What the program in a folder was called with, oldest first."""
    path = folder / CALLS
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _print(text: str) -> None:
    """Print text as it is."""
    _bytes(text.encode("utf-8", "surrogateescape"))


def _bytes(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def _hex(text: str) -> None:
    """Print bytes that are no text."""
    _bytes(bytes.fromhex(text))


def _errors(text: str) -> None:
    """Print to standard error."""
    os.write(2, text.encode())


def _flood(lines: int) -> None:
    """Print so many records of a step's output."""
    block = b"".join(b"1790000010,,ui,message,    azure-arm.image: line %d\n" % number for number in range(1000))
    for _ in range(lines // 1000):
        _bytes(block)


def _line_of(size: int) -> None:
    """Print one record of so many bytes."""
    _bytes(b"1790000010,,ui,message,    azure-arm.image: ")
    for _ in range(size >> 16):
        _bytes(b"y" * (1 << 16))
    _bytes(b"\n")


def _slowly(acts: Sequence[Any]) -> None:
    """`[seconds, text]`: print line by line, with a pause after each."""
    pause_s, text = acts
    for line in text.splitlines(keepends=True):
        _print(line)
        time.sleep(pause_s)


def _manifest(text: str) -> None:
    """Write the manifest into the stage's folder."""
    Path("manifest.json").write_text(text, encoding="utf-8")


def _crash_log(text: str) -> None:
    """Leave a crash.log in the working folder, as a Go panic of Packer's does."""
    Path("crash.log").write_text(text, encoding="utf-8")


def _close(_: Any) -> None:
    """Close both outputs and live on."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def _ignore(_: Any) -> None:
    """Ignore requests to end."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _child(_: Any) -> None:
    """Leave a process in the group."""
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)


def _daemon(_: Any) -> None:
    """Leave a process in a session of its own that ignores requests to end; its number goes to `daemon.pid`."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        time.sleep(60)
        os._exit(0)
    Path(sys.argv[0]).with_name("daemon.pid").write_text(str(pid))


def _on_cancel(acts: Sequence[Any]) -> None:
    """What is done when a request to end comes."""

    def stop(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for act in acts:
            _do(act)
        os._exit(1)

    signal.signal(signal.SIGTERM, stop)


def _hang(_: Any) -> None:
    """Do nothing until somebody ends it."""
    while True:
        signal.pause()


def _die(number: int) -> None:
    """End by a signal."""
    signal.signal(number, signal.SIG_DFL) if number != signal.SIGKILL else None
    os.kill(os.getpid(), number)


ACTS: dict[str, Callable[[Any], object]] = {
    "print": _print,
    "hex": _hex,
    "errors": _errors,
    "flood": _flood,
    "line of": _line_of,
    "slowly": _slowly,
    "sleep": time.sleep,
    "manifest": _manifest,
    "crash.log": _crash_log,
    "close": _close,
    "ignore": _ignore,
    "child": _child,
    "daemon": _daemon,
    "on cancel": _on_cancel,
    "hang": _hang,
    "die": _die,
    "exit": os._exit,
}


def _do(act: dict[str, Any]) -> None:
    for name, value in act.items():
        ACTS[name](value)


def main() -> None:
    """Play what the scenario has for this call."""
    here = Path(sys.argv[0]).parent
    command = sys.argv[1]
    scenario = json.loads((here / SCENARIO).read_text(encoding="utf-8"))
    before = [call for call in calls(here) if call["arguments"][0] == command]
    with (here / CALLS).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"pid": os.getpid(), "arguments": sys.argv[1:], "folder": str(Path.cwd())}) + "\n")
    acts = scenario.get(f"{command} {Path.cwd().name}", scenario.get(command, []))
    if acts and isinstance(acts[0], list):
        acts = acts[min(len(before), len(acts) - 1)]
    for act in acts:
        _do(act)


if __name__ == "__main__":
    main()
