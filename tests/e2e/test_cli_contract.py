"""What scripts may rely on: exit codes, what is on stdout and what on stderr, and terminals of any size."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cases import FIXTURES
from tests.e2e.test_runs import environment

TEMPLATE = FIXTURES / "runs" / "steps-recorded" / "template.json"
KEYS = [
    *("code", "severity", "message", "hint", "file", "line", "column", "path"),
    *("category", "endLine", "endColumn"),
]
WRONG = '{"location": "westeurope", "properties": {"source": {"type": "PlatformImage"}, "distribute": []}}'
RECORDED = ("--sandbox", "--sandbox-steps", "record")


@pytest.fixture
def cli(packer: Any, tmp_path: Path) -> Any:
    """Runs `imagesmith` in an empty folder."""
    (tmp_path / "work").mkdir()

    def run(*arguments: str, stdin: str | bytes = "", more: Mapping[str, str] | None = None) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "imagesmith", *with_packer(arguments, packer)],
            env={**environment(packer, tmp_path), **(more or {})},
            cwd=tmp_path / "work",
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return run


def with_packer(arguments: tuple[str, ...], packer: Any) -> list[str]:  # the conftest's Packer
    """Builds take the Packer at hand."""
    return [*arguments, "--packer", packer.program] if arguments[0] == "build" else list(arguments)


COMMANDS = {
    "validate": ("validate",),
    "compile": ("compile", "-o", "out"),
    "build": ("build", *RECORDED, "--dry-run"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize(("text", "status"), [(TEMPLATE.read_text(), 0), (WRONG, 1), ("{", 1), ("", 1)])
def test_json_is_one_document_on_stdout(cli: Any, name: str, text: str, status: int) -> None:
    """From standard input, too; diagnostics have exactly these keys, and the file is named `<stdin>`."""
    text = text.replace('"scriptUri": "install.sh"', '"inline": ["true"]')
    done = cli(*COMMANDS[name], "-", "--output", "json", stdin=text)
    assert done.returncode == status, done.stderr.decode()
    document = json.loads(done.stdout)
    assert done.stdout.isascii()
    assert isinstance(document["diagnostics"], list)
    assert all(list(found) == KEYS for found in document["diagnostics"])
    errors = [found for found in document["diagnostics"] if found["severity"] == "error"]
    assert bool(errors) == (status == 1)
    assert {found["file"] for found in errors} <= {"<stdin>"}
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_text_has_its_diagnostics_on_stderr(cli: Any, name: str) -> None:
    """stdout stays empty where there is no result."""
    done = cli(*COMMANDS[name], "-", stdin=WRONG)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"<stdin>:1:" in done.stderr
    assert b"error[IMG" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_missing_file_is_a_diagnostic(cli: Any, name: str) -> None:
    """Not a usage error and no traceback: the same form as for everything else that is wrong with a template."""
    done = cli(*COMMANDS[name], "no-such.json", "--output", "json")
    [found] = json.loads(done.stdout)["diagnostics"]
    assert (done.returncode, found["code"][:4], found["file"]) == (1, "IMG0", "no-such.json")
    assert "no such file" in found["message"]


def test_results_are_on_stdout(cli: Any) -> None:
    """The files of a compilation, and the outputs of a run with its record; how it went is on stderr."""
    compiled = cli("compile", str(TEMPLATE), "-o", "out")
    assert compiled.stdout.decode().splitlines()[0] == "out/plan.json"
    assert b"files for" in compiled.stderr
    built = cli("build", *RECORDED, str(TEMPLATE))
    assert built.returncode == 0, built.stderr.decode()
    lines = built.stdout.decode().splitlines()
    assert [line.split(":")[0] for line in lines] == ["image", "run record"]
    assert b"recorded, not run" in built.stderr
    assert b"Succeeded after" in built.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "stdin"),
    [
        (("build", *RECORDED, str(TEMPLATE)), 0, ""),
        (("build", *RECORDED, "-"), 1, WRONG),
        (("build", *RECORDED, "-"), 3, TEMPLATE.read_text()),
        (("build", "--packer", "/dev/null", str(TEMPLATE)), 4, ""),
    ],
    ids=["succeeds", "template-with-errors", "relative-script-on-stdin", "no-packer"],
)
def test_ndjson_ends_with_the_exit_code(
    packer: Any, cli: Any, arguments: tuple[str, ...], status: int, stdin: str
) -> None:
    """Every line is a document with an event's name; the last one is `run-finished`, whatever happened."""
    arguments = (*arguments, "--output", "ndjson")
    if "/dev/null" in arguments:
        packer_less = [sys.executable, "-m", "imagesmith", *arguments]
        done = subprocess.run(packer_less, capture_output=True, check=False, timeout=60)
    else:
        done = cli(*arguments, stdin=stdin)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert all("event" in event and "time" in event for event in events)
    assert events[-1]["event"] == "run-finished"
    assert (done.returncode, events[-1]["result"]["exit_code"]) == (status, status), done.stderr.decode()
    assert [event["event"] for event in events].count("run-finished") == 1
    if status:
        [*_, error] = [found for found in events[-1]["result"]["diagnostics"] if found["severity"] == "error"]
        assert list(error) == KEYS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage"),
        (("frobnicate",), "No such command"),
        (("validate",), "Missing argument"),
        (("compile", "x.json"), "-o"),
        (("validate", "x.json", "-p", "novalue"), "NAME=VALUE"),
        (("validate", "x.json", "-p", "name=@no-such-file"), "no-such-file"),
        (("validate", "x.json", "--output", "xml"), "text"),
        (("compile", "x.json", "-o", "out", "--packer-version", "new"), "new"),
        (("build", "x.json", "--time-limit", "soon"), "90s"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_usage_errors(cli: Any, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, and a text that says what is wanted."""
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("place", ["foreign", "file", "file/below", "/proc/imagesmith-output"])
def test_a_folder_that_cannot_be_written(cli: Any, tmp_path: Path, place: str) -> None:
    """An argument that cannot be used as it was given: exit code 2, a diagnostic, and nothing touched."""
    work = tmp_path / "work"
    (work / "foreign").mkdir()
    (work / "foreign" / "thesis.txt").write_text("mine")
    (work / "file").write_text("mine")
    done = cli("compile", str(TEMPLATE), "-o", place, "--output", "json")
    assert done.returncode == 2, done.stderr.decode()
    document = json.loads(done.stdout)
    assert [found["code"] for found in document["diagnostics"] if found["severity"] == "error"] == ["IMG640"]
    assert (document["directory"], document["files"]) == (None, [])
    assert sorted(str(path.relative_to(work)) for path in work.rglob("*")) == ["file", "foreign", "foreign/thesis.txt"]
    told = cli("compile", str(TEMPLATE), "-o", place)
    assert (told.returncode, told.stdout) == (2, b"")
    assert place.split("/", maxsplit=1)[0].encode() in told.stderr


@pytest.mark.parametrize(
    "command",
    [
        "schema",
        "explain IMG401",
        f"validate {TEMPLATE} --output json",
        f"compile {TEMPLATE} -o out",
        f"build --sandbox --sandbox-steps record --output ndjson {TEMPLATE}",
        f"build --sandbox --sandbox-steps record {TEMPLATE}",
        f"build --sandbox --sandbox-steps record --name x --output ndjson {TEMPLATE} 2>&1",
    ],
)
def test_a_reader_that_goes_away_is_no_error(packer: Any, tmp_path: Path, command: str) -> None:
    """`| head -1`: no traceback, and no bug to report."""
    more = f" --packer {packer.program}" if command.startswith("build") else ""
    done = subprocess.run(
        ["/bin/sh", "-c", f"({sys.executable} -m imagesmith {command}{more}; echo status $? >&2) | head -1"],
        env=environment(packer, tmp_path),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert "bug" not in done.stderr
    assert "Exception" not in done.stderr
    assert "status 0" in done.stderr


def on_terminal(arguments: list[str], more: Mapping[str, str], columns: int, folder: Path) -> tuple[int, str, str]:
    """Run a command whose stderr is a terminal of some width: its status, what the terminal got, and stdout."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        arguments,
        env={"TERM": "xterm-256color", **more},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # EIO: the other end is closed
            break
        if not data:
            break
        shown += data
    os.close(ours)
    assert process.stdout is not None
    stdout = process.stdout.read().decode()
    process.stdout.close()
    return process.wait(timeout=60), shown.decode(), stdout


@pytest.mark.parametrize("columns", [120, 40, 20, 1])
def test_a_terminal_of_any_width_shows_the_run(packer: Any, tmp_path: Path, columns: int) -> None:
    """Steps as they run, in place; the results stand on stdout, whole, for whoever reads it."""
    arguments = [sys.executable, "-m", "imagesmith", "build", str(TEMPLATE), *RECORDED, "--packer", packer.program]
    status, shown, stdout = on_terminal(arguments, environment(packer, tmp_path), columns, tmp_path)
    assert status == 0, shown
    assert "\x1b[" in shown, "nothing was shown live"
    assert "Traceback" not in shown
    assert re.search(r"Succeeded", shown)
    if columns == 120:
        assert "customize[1]: Not run either" in shown
    assert [line.split(":")[0] for line in stdout.splitlines()] == ["image", "run record"]
    assert "/images/web (Succeeded)" in stdout


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_plain_lines(packer: Any, tmp_path: Path, more: Mapping[str, str]) -> None:
    """NO_COLOR (no-color.org) and dumb terminals: not one escape sequence."""
    arguments = [sys.executable, "-m", "imagesmith", "build", str(TEMPLATE), *RECORDED, "--packer", packer.program]
    status, shown, _ = on_terminal(arguments, {**environment(packer, tmp_path), **more}, 80, tmp_path)
    assert status == 0, shown
    assert "\x1b" not in shown
    assert "customize[0]: Not run" in shown


def test_a_narrow_character_set_is_no_obstacle(cli: Any) -> None:
    """Hosts whose output takes ASCII only, and templates that hold more than that."""
    text = WRONG.replace("PlatformImage", "Plätförm 漢字")
    for form in ("text", "json"):
        done = cli("validate", "-", "--output", form, stdin=text, more={"PYTHONIOENCODING": "ascii"})
        assert done.returncode == 1
        assert b"Traceback" not in done.stderr
        assert b"bug" not in done.stderr


def test_compile_fetches_when_it_is_asked_to(cli: Any, tmp_path: Path) -> None:
    """Without `--fetch` a file is a placeholder that ends with 97; with it, the file itself."""
    script = "out/build/scripts/02-not-run-either.sh"
    assert cli("compile", str(TEMPLATE), "-o", "out").returncode == 0
    assert b"exit 97" in (tmp_path / "work" / script).read_bytes()
    assert cli("compile", str(TEMPLATE), "-o", "out", "--fetch").returncode == 0
    assert (tmp_path / "work" / script).read_bytes() == (TEMPLATE.parent / "install.sh").read_bytes()


def test_compile_writes_nothing_when_a_file_cannot_be_fetched(cli: Any, tmp_path: Path) -> None:
    """All files or none, and the exit code of a fetch that failed."""
    template = FIXTURES / "runs" / "file-to-fetch-is-missing" / "template.json"
    done = cli("compile", str(template), "-o", "out", "--fetch", "--output", "json")
    assert done.returncode == 3
    assert json.loads(done.stdout)["files"] == []
    assert not (tmp_path / "work" / "out").exists()
