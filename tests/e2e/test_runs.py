"""Whole runs through the command line, in the sandbox, with the Packer at hand: each a case in `fixtures/runs`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cases import FIXTURES, Case, cases
from tests.test_events import problems

from imagesmith.sandbox.machine.engine import Engine, start_engine_probe

RUNS = [case for case in cases("runs") if (case.folder / "run.json").exists()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A build that was run as a user would, with its events as JSON."""

    status: int
    events: list[dict[str, Any]]
    stderr: str

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [event for event in self.events if event["event"] == kind]

    @property
    def result(self) -> Mapping[str, Any]:
        """What the last event says."""
        assert self.events[-1]["event"] == "run-finished", self.stderr
        result: Mapping[str, Any] = self.events[-1]["result"]
        return result

    @property
    def steps(self) -> list[list[str]]:
        """Steps with how they ended, ours for old Packers left out."""
        return [[event["step"], event["state"]] for event in self.of("step-finished") if event["step"] != "stop"]

    @property
    def output(self) -> str:
        """What steps printed."""
        return "\n".join(event["text"] for event in self.of("output"))


def command(packer: Any, template: Path, folder: Path, *arguments: str) -> list[str]:  # the conftest's Packer
    """The command line of a build in a sandbox."""
    state = ["--state-dir", str(folder / "state"), "--sandbox-state", str(folder / "sandbox")]
    options = ["--sandbox", "--packer", packer.program, "--output", "ndjson", *state, *arguments]
    return [sys.executable, "-m", "imagesmith", "build", str(template), *options]


def environment(packer: Any, folder: Path) -> dict[str, str]:  # the conftest's Packer
    """An empty home, and nothing of the caller's but what finds programs."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "IMAGESMITH_CACHE_DIR") if name in os.environ}
    return {**kept, **packer.environment, "HOME": str(home)}


def finished(process: subprocess.Popen[str]) -> Finished:
    """Wait for a build and read what it said."""
    stdout, stderr = process.communicate(timeout=150)
    events = [json.loads(line) for line in stdout.splitlines() if line.startswith('{"event"')]
    return Finished(status=process.returncode, events=events, stderr=stderr)


def start(packer: Any, template: Path, folder: Path, *arguments: str) -> subprocess.Popen[str]:  # the conftest's Packer
    """Start a build."""
    return subprocess.Popen(
        command(packer, template, folder, *arguments),
        env=environment(packer, folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize("case", RUNS, ids=lambda case: case.name)
def test_run_ends_as_its_case_says(case: Case, packer: Any, machine_image: None, tmp_path: Path) -> None:
    """Exit code, state, steps, outputs, and what exists in Azure afterwards."""
    expected = json.loads((case.folder / "run.json").read_text())
    run = finished(start(packer, case.template, tmp_path, *expected["arguments"]))
    assert run.events, run.stderr
    assert (run.status, run.result["state"]) == (expected["exitCode"], expected["state"]), run.result
    assert run.result["exit_code"] == expected["exitCode"]
    assert [problem for event in run.events for problem in problems(event)] == []
    assert run.result["sub_state"] == expected.get("subState")
    assert expected.get("message", "") in run.result["message"]
    assert run.steps == expected["steps"]
    outputs = {item["name"]: [item["provisioning_state"], item["artifact_id"]] for item in run.result["outputs"]}
    assert outputs == expected["outputs"]
    assert expected.get("output", "") in run.output
    if "found" in expected:
        found_here = [[found["code"], found["line"], found["message"]] for found in run.result["diagnostics"]]
        assert found_here == expected["found"]
    assert len(run.result["leftovers"]) == expected.get("leftovers", 0)
    found = resources(tmp_path)
    ids = set(found)
    assert {text for text in expected.get("exists", ()) if text.lower() not in ids} == set()
    assert {text for text in expected.get("absent", ()) if text.lower() in ids} == set()
    assert intermediate_images(ids) == set()
    assert not [text for text in ids for kind in expected.get("goneTypes", ()) if f"/{kind.lower()}/" in text]
    assert not [
        text
        for text in expected.get("exists", ())
        if "imagesmith-run" in (found[text.lower()]["body"].get("tags") or {})
    ]
    record = json.loads((Path(run.result["record"]) / "run.json").read_text())
    assert record["properties"]["lastRunStatus"]["runState"] == expected["state"]
    assert record["imagesmith"]["exitCode"] == expected["exitCode"]
    assert record["imagesmith"]["sweepArguments"] == ["--sandbox-state", str(tmp_path / "sandbox")]


def resources(folder: Path) -> dict[str, dict[str, Any]]:
    """What the sandbox's Azure holds after the run, by ids in lower case."""
    kept = json.loads((folder / "sandbox" / "resources.json").read_text())
    return {item["id"].lower(): item for item in kept["resources"]}


def intermediate_images(ids: set[str]) -> set[str]:
    """Images that a run has made on the way and not removed."""
    return {text for text in ids if "/images/imagesmith-" in text}


def test_a_version_that_exists_is_told_before_the_first_machine(
    packer: Any, machine_image: None, tmp_path: Path
) -> None:
    """Published versions are not replaced, whatever the Packer would do."""
    case = next(case for case in RUNS if case.name == "validator-fails-and-publishes")
    assert finished(start(packer, case.template, tmp_path)).status == 6
    again = finished(start(packer, case.template, tmp_path))
    assert (again.status, again.steps) == (3, [])
    assert [found["code"] for found in again.result["diagnostics"]] == ["IMG816"]


SLOW = FIXTURES / "runs" / "slow-step" / "template.json"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_cancels_and_packer_cleans_up(
    packer: Any, machine_image: None, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """One signal: Packer ends its step, removes what it made, and the run says that it was cancelled."""
    process = start(packer, SLOW, tmp_path)
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if '"started"' in line:
            break
    begun = time.monotonic()
    # As a terminal does it: to all that the command has started, as far as it has no session of its own.
    os.killpg(process.pid, number)
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - begun < 45
    events = [json.loads(line) for line in [*lines, *stdout.splitlines()] if line.startswith('{"event"')]
    run = Finished(status=process.returncode, events=events, stderr=stderr)
    assert (run.status, run.result["state"]) == (status, "Canceled"), stderr
    assert run.steps[-1] == ["customize[0]", "Canceled"]
    assert not {text for text in resources(tmp_path) if "/virtualmachines/" in text}


def test_the_time_limit_cancels(packer: Any, machine_image: None, tmp_path: Path) -> None:
    """`--time-limit` and the template's buildTimeoutInMinutes end a run alike, with an exit code of their own."""
    run = finished(start(packer, SLOW, tmp_path, "--time-limit", "6s"))
    assert (run.status, run.result["state"]) == (8, "Failed"), run.stderr
    assert "limit" in run.result["message"]


def test_machines_are_gone_after_the_run(packer: Any, machine_image: None, tmp_path: Path) -> None:
    """Nothing of ours runs in the container engine when the command has ended."""
    engine = start_engine_probe(dict(os.environ))
    assert isinstance(engine, Engine)
    case = next(case for case in RUNS if case.name == "step-fails")
    run = finished(start(packer, case.template, tmp_path))
    label = f"label=imagesmith.sandbox={run.result['run_id']}"
    shown = subprocess.run(
        engine.command("ps", "-a", "--filter", label, "--format", "{{.Names}}"),
        env=dict(engine.environment),
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == ""
