"""The measurements can be made, and say on what machine."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.processes import naming

ROOT = Path(__file__).resolve().parent.parent


def measure(budget: str) -> subprocess.CompletedProcess[str]:
    """Measure one budget; the exit code is 1 where it is not kept."""
    return subprocess.run(
        [sys.executable, "bench/run.py", "--only", budget],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_budget_is_shown_with_the_machine() -> None:
    done = measure("loaded_template")
    assert "| compile of a loaded template" in done.stdout, done.stderr
    assert f"Python {platform.python_version()}, Packer " in done.stdout


def test_memory_for_a_log_of_any_length_is_flat() -> None:
    """The benchmark itself takes a gigabyte."""
    few, many = (
        int(
            subprocess.run(
                [sys.executable, "bench/log_path.py", size],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=120,
                check=True,
            ).stdout
        )
        for size in ("2", "40")
    )
    assert many < 1.1 * few


def test_a_process_that_names_a_folder_is_found_until_it_ends(tmp_path: Path) -> None:
    """In its environment, its command line or as its working folder: what a build may leave behind."""
    idle = [sys.executable, "-c", "input()"]
    ways: list[dict[str, Any]] = [
        {"args": idle, "env": {"TMPDIR": str(tmp_path / "tmp")}},
        {"args": [*idle, str(tmp_path)]},
        {"args": idle, "cwd": tmp_path},
        {"args": idle},
    ]
    left = [subprocess.Popen(**way, stdin=subprocess.PIPE, text=True) for way in ways]
    assert sorted(naming(tmp_path)) == sorted(process.pid for process in left[:3])
    for process in left:
        process.communicate("\n", timeout=30)
    assert naming(tmp_path) == []
