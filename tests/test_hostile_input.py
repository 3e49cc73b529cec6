"""No input gives a traceback or kills the process: mutated templates through the command line, judged by exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COUNT = 2000
SHOWN = 10


def test_no_mutant_of_a_template_breaks_the_program(tmp_path: Path) -> None:
    """Exit code 0 or 1, no signal, no traceback. IMAGESMITH_FUZZ_SEED repeats a run, IMAGESMITH_FUZZ_COUNT sizes it."""
    seed = os.environ.get("IMAGESMITH_FUZZ_SEED") or str(time.time_ns())
    count = os.environ.get("IMAGESMITH_FUZZ_COUNT") or str(COUNT)
    command = [sys.executable, "-m", "tests.fuzz_driver", str(tmp_path), seed, count]
    environment = {**os.environ, "IMAGESMITH_TRACEBACK": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    failures = [json.loads(line) for line in run.stdout.splitlines()]
    shown = "\n".join(f"{one['wrong']}: {one['arguments']}\n  {one['stderr']}" for one in failures[:SHOWN])
    assert not failures, f"{len(failures)} of {count} mutants; repeat with IMAGESMITH_FUZZ_SEED={seed}\n{shown}"
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    "path", ["", ".", "/", "..", "no\nsuch\x1bfile", "x" * 5000, os.devnull, "a.bicep", "~", "*.nothing"]
)
def test_no_path_breaks_the_program(path: str) -> None:
    """What is no file is told like a mistake in one."""
    command = [sys.executable, "-m", "imagesmith", "validate", path]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stderr
    assert run.stderr.endswith("1 error\n")
    assert "\x1b" not in run.stderr
