"""What README and manual show is what happens: their commands and scripts run, and the output is compared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.console import Command, Script, commands, matches, scripts
from tests.packers import CACHE

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
COMMANDS = [command for page in PAGES for command in commands(page)]
SCRIPTS = [script for page in PAGES for script in scripts(page)]
BEGIN, END = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """A folder with the examples, as a reader has them."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def environment() -> dict[str, str]:
    """The user's environment with the tested program first on PATH, and without what would change its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "ARM_"))}
    kept.pop("IMAGESMITH_STATE_DIR", None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "IMAGESMITH_CACHE_DIR": str(CACHE)}


def run(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program; both of its streams come as one, as on a terminal."""
    return subprocess.run(
        list(arguments),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: f"{command.place} {command.text[:40]}")
def test_a_command_prints_what_is_shown(command: Command, scratch: Path) -> None:
    printed = run(["/bin/sh", "-c", command.text], scratch).stdout
    assert matches(command.output, printed), f"{command.place}: $ {command.text}\n{printed}"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.place)
def test_a_script_runs_and_prints_what_is_shown(script: Script, scratch: Path) -> None:
    done = run([sys.executable, "-c", script.text], scratch)
    assert done.returncode == 0, done.stdout
    assert script.output is None or matches(script.output, done.stdout), done.stdout


def test_readme_shows_five_commands_and_two_ways_in() -> None:
    shown = list(commands(PAGES[0]))
    assert len({command.text.split()[1] for command in shown}) >= 4
    assert len(shown) >= 5
    assert all(command.output for command in shown)
    text = PAGES[0].read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text


def test_readme_has_the_measured_table() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    between = text.partition(BEGIN)[2].partition(END)[0]
    assert between == (ROOT / "bench/results.md").read_text(encoding="utf-8")


def test_links_lead_to_files() -> None:
    for page in PAGES:
        for piece in page.read_text(encoding="utf-8").split("](")[1:]:
            target = piece.partition(")")[0].partition("#")[0]
            assert target.startswith("https://") or not target or (page.parent / target).exists(), f"{page}: {target}"


@pytest.mark.parametrize(
    ("expected", "printed", "equal"),
    [
        ("a\n...\nd", "a\nb\nc\nd\n", True),
        ("a\n...\nd", "a\nd\n", True),
        ("took ... s", "took 1.5 s\n", True),
        ("took ... s", "took 1.5 s\nand more\n", False),
        ("took ... s", "took 1.5\n s\n", False),
        ("", "", True),
        ("", "something\n", False),
    ],
)
def test_wildcards_stand_for_no_more_than_they_should(expected: str, printed: str, equal: bool) -> None:
    assert matches(expected, printed) is equal
