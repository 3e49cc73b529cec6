"""Rehearsals of Windows builds as a user starts them: exit codes, a `pwsh` at hand, images that are kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cases import FIXTURES
from tests.e2e.test_runs import Finished, environment, finished, start
from tests.processes import alive
from tests.windows_streams import write_stand_in

from imagesmith.sandbox.windows.host import DISK

WINDOWS = FIXTURES / "runs" / "windows-steps-recorded" / "template.json"
LINUX = FIXTURES / "runs" / "steps-recorded" / "template.json"
IMAGE = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/contoso-images"
    "/providers/Microsoft.Compute/images/desktop"
)


def write_template(folder: Path, *steps: dict[str, Any], **more: Any) -> Path:  # parts of a template
    """The case's template with these steps; more properties of it."""
    template = json.loads(WINDOWS.read_text(encoding="utf-8"))
    del template["properties"]["validate"]
    template["properties"] |= {"customize": list(steps), **more}
    path = folder / "template.json"
    path.write_text(json.dumps(template, indent=2), encoding="utf-8")
    return path


@pytest.fixture
def with_pwsh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executable of ours named pwsh on PATH."""
    monkeypatch.setenv("PATH", f"{write_stand_in(tmp_path).parent}:{os.environ['PATH']}")


def run(packer: Any, template: Path, folder: Path, *arguments: str) -> Finished:  # the conftest's Packer
    """A build from start to end."""
    return finished(start(packer, template, folder, *arguments))


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--sandbox-exit", "customize[1]"], "is not STEP=CODE"),
        (["--sandbox-exit", "customize[1]=4294967296"], "is not STEP=CODE"),
        (["--sandbox-exit", "customize[1]=-1"], "is not STEP=CODE"),
        (["--sandbox-exit", "customize[0]=1"], "no script runs as 'customize[0]'"),
        (["--sandbox-exit", "customize[2]=1"], "no script runs as 'customize[2]'"),
        (["--sandbox-windows-steps", "all"], "'all' is not one of"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    packer: Any, tmp_path: Path, arguments: list[str], complaint: str
) -> None:
    """A file step and a restart run no script."""
    done = run(packer, WINDOWS, tmp_path, *arguments)
    assert done.status == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_steps_in_containers_have_exit_codes_of_their_own(packer: Any, machine_image: None, tmp_path: Path) -> None:
    done = run(packer, LINUX, tmp_path, "--sandbox-steps", "run", "--sandbox-exit", "customize[0]=1")
    assert done.status == 2
    assert "--sandbox-steps record" in done.stderr


def test_a_recorded_linux_step_ends_as_asked_for(packer: Any, tmp_path: Path) -> None:
    done = run(packer, LINUX, tmp_path, "--sandbox-steps", "record", "--sandbox-exit", "customize[1]=9")
    assert (done.status, done.steps[-1]) == (5, ["customize[1]", "Failed"])
    assert "9" in done.result["message"]


def test_an_exit_code_that_the_template_does_not_allow_fails_the_step(packer: Any, tmp_path: Path) -> None:
    """Packer itself compares it with validExitCodes."""
    done = run(packer, WINDOWS, tmp_path, "--sandbox-exit", "customize[1]=1641")
    assert (done.status, done.steps[-1]) == (5, ["customize[1]", "Failed"])
    assert "1641" in done.result["message"]


def test_pwsh_that_is_not_there_is_said_before_anything_starts(packer: Any, tmp_path: Path) -> None:
    done = run(packer, WINDOWS, tmp_path, "--sandbox-windows-steps", "pwsh")
    assert done.status == 4
    assert "IMG924" in done.stderr
    assert done.steps == []


def test_plain_steps_run_and_are_told_so(packer: Any, tmp_path: Path, with_pwsh: None) -> None:
    template = write_template(
        tmp_path,
        {"type": "PowerShell", "name": "plain", "inline": ["Write-Output plain"], "validExitCodes": [42]},
        {"type": "PowerShell", "name": "elevated", "inline": ["Write-Output elevated"], "runElevated": True},
    )
    done = run(packer, template, tmp_path, "--sandbox-windows-steps", "pwsh")
    assert done.status == 0, done.stderr
    assert done.steps == [
        ["place-deprovisioning", "Recorded"],
        ["customize[0]", "Succeeded"],
        ["customize[1]", "Recorded"],
        ["deprovision", "Recorded"],
    ]
    assert "out of 01-customize-0.ps1" in done.output
    assert "not all of its steps ran" in done.result["message"]
    scripts = record(done)["machines"][0]["scripts"]
    assert [row["why"] for row in scripts[1:3]] == ["run with pwsh", "elevated steps are recorded only"]


def test_a_script_that_pwsh_cannot_read_fails_its_step(packer: Any, tmp_path: Path, with_pwsh: None) -> None:
    template = write_template(tmp_path, {"type": "PowerShell", "name": "broken", "inline": ["BROKEN 'x"]})
    done = run(packer, template, tmp_path)
    assert (done.status, done.steps[-1]) == (5, ["customize[0]", "Failed"])
    (found,) = (one for one in done.result["diagnostics"] if one["code"] == "IMG923")
    assert (found["line"], found["path"]) == (19, "properties.customize[0]")
    assert "1:5: The string is missing the terminator." in found["message"]
    assert "The string is missing" in done.output


def test_a_cancelled_run_ends_what_pwsh_has_started(packer: Any, tmp_path: Path, with_pwsh: None) -> None:
    template = write_template(tmp_path, {"type": "PowerShell", "name": "hangs", "inline": ["HANG"]})
    process = start(packer, template, tmp_path, "--sandbox-windows-steps", "pwsh")
    assert process.stdout is not None
    for line in process.stdout:
        if "waiting" in line:
            break
    (child,) = (tmp_path / "sandbox" / "machines").glob("*/child")
    number = int(child.read_text(encoding="ascii"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert not alive([number])


def test_a_kept_image_has_its_files_and_its_past(packer: Any, tmp_path: Path) -> None:
    """The validators' machine, and later one that is built from the image, start on what was captured."""
    assert run(packer, WINDOWS, tmp_path).status == 0
    source = {"type": "ManagedImage", "imageId": IMAGE}
    again = write_template(tmp_path, {"type": "PowerShell", "inline": ["whoami"]}, source=source)
    distribute = json.loads(again.read_text(encoding="utf-8"))
    distribute["properties"]["distribute"][0]["imageId"] = IMAGE + "-2"
    again.write_text(json.dumps(distribute), encoding="utf-8")
    assert run(packer, again, tmp_path).status == 0
    disks = sorted((tmp_path / "sandbox" / "machines").glob(f"*/{DISK}"), key=lambda disk: disk.stat().st_mtime)
    assert len(disks) == 3
    for disk in disks:
        assert (disk / "C" / "Program Files" / "Contoso" / "settings.json").read_bytes() == b'{"ring": 2}\n'
    boots = [(disk / "journal.ndjson").read_text(encoding="utf-8").count('"row": "boots"') for disk in disks]
    assert sorted(boots) == [2, 3, 3]


def test_a_sandbox_around_a_build_tells_what_it_has_seen(packer: Any, tmp_path: Path) -> None:
    """The build is another process, which knows only that Windows machines record."""
    template = FIXTURES / "runs" / "windows-image-in-doubt" / "template.json"
    assert run(packer, template, tmp_path, "--dry-run").status == 0  # makes the resource group
    around = ["-m", "imagesmith", "sandbox", "--steps", "record", "--state", str(tmp_path / "sandbox"), "--"]
    inside = ["-m", "imagesmith", "build", str(template), "--packer", packer.program, "--output", "ndjson"]
    if plugins := packer.environment.get("PACKER_PLUGIN_PATH"):
        inside += ["--plugin-path", plugins]
    process = subprocess.Popen(
        [sys.executable, *around, sys.executable, *inside, "--state-dir", str(tmp_path / "inner")],
        env=environment(packer, tmp_path),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done = finished(process)
    assert done.status == 0, done.stderr
    expected = json.loads((template.parent / "run.json").read_text())
    assert done.steps == expected["steps"]
    assert "IMG920" in done.stderr


def record(done: Finished) -> Any:  # JSON data
    """What the run's record has of the machines."""
    run_json = json.loads((Path(done.result["record"]) / "run.json").read_text(encoding="utf-8"))
    return run_json["imagesmith"]["worldObserved"]


def test_the_environment_has_no_pwsh_of_the_hosts(packer: Any, tmp_path: Path) -> None:
    """The tests of this file would say nothing on a host with PowerShell."""
    path = environment(packer, tmp_path)["PATH"]
    assert not [folder for folder in path.split(":") if (Path(folder) / "pwsh").exists()]


def test_a_step_that_is_passed_over_shows_in_the_result_and_in_its_record(packer: Any, tmp_path: Path) -> None:
    """With secrets and retries: the run succeeds, with a warning at the step's line."""
    (tmp_path / "token").write_text("s3cr3t-of-the-step", encoding="utf-8")
    template = write_template(
        tmp_path,
        {"type": "PowerShell", "name": "may fail", "inline": ["exit 7"], "runElevated": True},
        {"type": "PowerShell", "name": "goes on", "inline": ["whoami"]},
    )
    step = ("--continue", "customize[0]", "--step-retries", "customize[0]=1", "--step-timeout", "customize[0]=5m")
    done = run(packer, template, tmp_path, *step, "--secret", f"TOKEN=file:{tmp_path / 'token'}")
    assert (done.status, done.result["state"]) == (0, "Succeeded"), done.stderr
    assert done.steps[1:3] == [["customize[0]", "PassedOver"], ["customize[1]", "Recorded"]]
    (found,) = (one for one in done.result["diagnostics"] if one["code"] == "IMG844")
    assert (found["severity"], found["line"]) == ("warning", 19)
    scripts = record(done)["machines"][0]["scripts"]
    assert [(row["step"], row["exit_code"]) for row in scripts[1:4]] == [
        ("customize[0]", 7),
        ("customize[0]", 7),
        ("customize[1]", 0),
    ]
    shown = subprocess.run(
        [sys.executable, "-m", "imagesmith", "runs", "show", "last", "--state-dir", str(tmp_path / "state")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (line,) = (line for line in shown.stdout.splitlines() if "customize[0]" in line and "passed over" in line)
    assert "FAILED, passed over" in line
    assert "exit status 7" in shown.stdout
    assert "s3cr3t" not in shown.stdout + done.stderr + json.dumps(done.events)
