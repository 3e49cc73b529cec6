"""Azure's bad days, each met by a real build in the sandbox: how it ends, what it says, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cloud_faults import FAULTS
from tests.tables import Tell

TEMPLATE = Path(__file__).resolve().parents[2] / "examples" / "web-server.json"


@pytest.mark.parametrize("name", FAULTS)
def test_build_meets_a_bad_day(name: str, packer: Any, tmp_path: Path, tell: Tell) -> None:
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
    assert done.returncode in fault.ends, done.stdout
    assert document["exitCode"] == done.returncode
    assert fault.says in done.stdout
    assert "no request met the fault" not in done.stderr
    assert (done.returncode == 9) <= bool(result["leftovers"])
    assert list(scratch.iterdir()) == [], "something is left outside of the run's folder"
    rules = ", ".join(fault.rules) or "no fault"
    tell(f"{name}: {rules}", f"{done.returncode}: {result['message']}", f"{len(result['leftovers'])} named")
