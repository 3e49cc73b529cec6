"""Azure's bad days, each met by a real build in the sandbox: how it ends, what it says, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cloud_faults import FAULTS

TEMPLATE = Path(__file__).resolve().parents[2] / "examples" / "web-server.json"
_told: list[str] = []


@pytest.fixture(scope="module", autouse=True)
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """The list of faults in the tests' output: injected, what the user saw, what was left."""
    yield
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    assert reporter is not None
    reporter.write_line("")
    for line in _told:
        reporter.write_line(line)


@pytest.mark.parametrize("name", FAULTS)
def test_build_meets_a_bad_day(name: str, packer: Any, tmp_path: Path) -> None:
    fault = FAULTS[name]
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    sandbox = ["--sandbox", "--sandbox-steps", "record", *(f"--fault={rule}" for rule in fault.rules)]
    options = ["--packer", packer.program, "--state-dir", str(tmp_path / "state"), "--output", "json"]
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "IMAGESMITH_CACHE_DIR") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", "build", str(TEMPLATE), *sandbox, *options, *fault.arguments],
        env={**kept, **packer.environment, "HOME": str(tmp_path), "TMPDIR": str(scratch)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    document = json.loads(done.stdout)
    result = document["result"]
    _told.append(f"{name}: {done.returncode} {result['message'][:90]!r}, left: {len(result['leftovers'])}")
    assert done.returncode in fault.ends, done.stdout
    assert document["exitCode"] == done.returncode
    assert fault.says in done.stdout
    assert "no request met the fault" not in done.stderr
    assert (done.returncode == 9) <= bool(result["leftovers"])
    assert list(scratch.iterdir()) == [], "something is left outside of the run's folder"
