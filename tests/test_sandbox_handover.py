"""A file that leads to a sandbox of another process, and files that do not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from imagesmith.events import ExitCode
from imagesmith.model import OsType
from imagesmith.sandbox.errors import SandboxError
from imagesmith.sandbox.handover import VARIABLE, hand_over, take_over, way_outside
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox

HINT = "unset it, or run the build by `imagesmith sandbox -- imagesmith build FILE`"


@pytest.fixture
def handed(tmp_path: Path) -> Iterator[Path]:
    """The file of a sandbox that is still there."""
    options = SandboxOptions(state=tmp_path / "sandbox", run_id="handed", steps="record")
    with Sandbox(options, environment=os.environ) as sandbox, hand_over(sandbox) as way:
        yield Path(way[VARIABLE])


def refusal(path: Path) -> str:
    """Why no world is taken from a file."""
    with pytest.raises(SandboxError) as caught:
        take_over(path, OsType.LINUX)
    assert (caught.value.diagnostic.code, caught.value.diagnostic.hint) == ("IMG930", HINT)
    return caught.value.diagnostic.message


def test_a_file_leads_to_a_sandbox_as_long_as_there_is_one(handed: Path, tmp_path: Path) -> None:
    assert take_over(handed, OsType.LINUX).records_steps
    assert way_outside(handed).proxies == {}
    kept = Path(shutil.copy(handed, tmp_path))
    assert take_over(kept, OsType.LINUX).subscription_id == take_over(handed, OsType.LINUX).subscription_id


def test_a_sandbox_that_has_ended_is_told(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "sandbox", run_id="ended", steps="record")
    with Sandbox(options, environment=os.environ) as sandbox, hand_over(sandbox) as way:
        kept = Path(shutil.copy(way[VARIABLE], tmp_path))
    assert refusal(kept) == f"the sandbox that {kept} leads to has ended"
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", "sweep"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), VARIABLE: str(kept)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (ExitCode.TOOLCHAIN, "")
    assert done.stderr.startswith(f"error[IMG930]: the sandbox that {kept} leads to has ended\n  hint: {HINT}\n")


@pytest.mark.parametrize("missing", ["environment", "subscription", "tenant", "variables", "recordsSteps"])
def test_a_part_of_a_file_leads_nowhere(handed: Path, tmp_path: Path, missing: str) -> None:
    data = json.loads(handed.read_text(encoding="utf-8"))
    path = tmp_path / "part.json"
    path.write_text(json.dumps({name: part for name, part in data.items() if name != missing}), encoding="utf-8")
    assert refusal(path) == f"{path} is no file of a sandbox"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b'"text"', b"[]", b'{"environment": {"HTTPS_PROXY": "http://"}}']
)
def test_what_is_no_file_of_a_sandbox_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "world.json"
    path.write_bytes(content)
    assert refusal(path) == f"{path} is no file of a sandbox"
    with pytest.raises(SandboxError):
        way_outside(path)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.json") == f"{tmp_path / 'gone.json'} cannot be read: No such file or directory"
    assert refusal(tmp_path) == f"{tmp_path} cannot be read: Is a directory"
