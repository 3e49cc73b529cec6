"""A build that is cancelled, killed or out of time, wherever that finds it: nothing is left, or `sweep` removes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.processes import working_in

from imagesmith.azure.leftovers import find_leftovers
from imagesmith.events import RunState
from imagesmith.journal import list_runs, open_state
from imagesmith.model import OsType
from imagesmith.pipeline import CompileOptions, compile_template
from imagesmith.sandbox.faults import parse
from imagesmith.sandbox.handover import hand_over
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox

TEMPLATE = Path(__file__).resolve().parents[2] / "examples" / "web-server.json"
PATIENCE_S = 60

Strike = Callable[[dict[str, Any]], bool]


def progress(*words: str) -> Strike:
    """When Packer says one of these."""
    return lambda event: event["event"] == "progress" and event["text"].startswith(words)


def phase(name: str) -> Strike:
    """When a phase begins."""
    return lambda event: event["event"] == "phase-started" and event["phase"] == name


def step(name: str) -> Strike:
    """When a step begins."""
    return lambda event: event["event"] == "step-started" and event["step"] == name


MOMENTS: Mapping[str, Strike] = {
    "check": phase("check"),
    "resource group": progress("Creating resource group"),
    "deployment": progress("Deploying deployment template"),
    "connection": progress("Waiting for SSH"),
    "first step": step("customize[0]"),
    "last step": step("deprovision"),
    "power off": progress("Powering off"),
    "capture": progress("Capturing image", "Publishing to Shared Image Gallery"),
    "clean-up": progress("Cleanup requested", "Removing the created Deployment", "Deleting"),
    "validators": step("validate[0]"),
    "distribution": phase("distribute"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """A build in the test's sandbox, in a process of its own."""

    process: subprocess.Popen[str]
    state: Path

    def events(self) -> Iterator[dict[str, Any]]:
        """What it says, as it says it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith('{"event"'):
                yield json.loads(line)

    @property
    def programs(self) -> list[int]:
        """Processes that work in the run's folder: Packer and its plugins."""
        return working_in(self.state)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., tuple[Sandbox, Build]]]:
    """Starts a sandbox with faults, and a build in it."""
    open_: list[Any] = []

    def start(packer: Any, *arguments: str, faults: tuple[str, ...] = ()) -> tuple[Sandbox, Build]:
        options = SandboxOptions(
            state=tmp_path / "sandbox", run_id="e2e", steps="record", faults=tuple(parse(rule) for rule in faults)
        )
        sandbox = Sandbox(options, environment=os.environ)
        sandbox.start()
        open_.append(sandbox.stop)
        plan = compile_template(TEMPLATE, options=CompileOptions(os_type=OsType.LINUX)).plan
        assert plan is not None
        sandbox.seed(plan.needs, os_type="Linux", location=plan.location)
        way = hand_over(sandbox)
        build = Build(process=_child(packer, way.__enter__(), tmp_path, arguments), state=tmp_path / "state")
        open_.append(lambda: way.__exit__(None, None, None))
        open_.append(build.process.stdout.close)  # type: ignore[union-attr]
        open_.append(lambda: build.process.kill() if build.process.poll() is None else None)
        return sandbox, build

    yield start
    while open_:
        open_.pop()()


def _child(packer: Any, way: dict[str, str], folder: Path, arguments: tuple[str, ...]) -> subprocess.Popen[str]:
    home = folder / "home"
    home.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "IMAGESMITH_CACHE_DIR") if name in os.environ}
    command = ["build", str(TEMPLATE), "--packer", packer.program, "--output", "ndjson"]
    return subprocess.Popen(
        [sys.executable, "-m", "imagesmith", *command, "--state-dir", str(folder / "state"), *arguments],
        env={**kept, **packer.environment, **way, "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )


def ids(sandbox: Sandbox) -> set[str]:
    """Everything that the sandbox's Azure holds."""
    return {text.lower() for text in sandbox.resource_ids}


def until(condition: Callable[[], bool]) -> bool:
    """Wait for something that has to come."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def sweep(way: Sandbox, build: Build, run_id: str) -> None:
    """The command that a user is told, in the same sandbox."""
    with hand_over(way) as variables:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "imagesmith",
                "sweep",
                run_id,
                "--results",
                "--yes",
                "--state-dir",
                str(build.state),
            ],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("moment", MOMENTS)
def test_cancelled(moment: str, packer: Any, begin: Callable[..., tuple[Sandbox, Build]]) -> None:
    """SIGTERM: Packer cleans up, and the result names what is left all the same."""
    sandbox, build = begin(packer)
    before = ids(sandbox)
    ended = struck(build, MOMENTS[moment], signal.SIGTERM)
    assert build.process.wait(PATIENCE_S) in (143, 0)
    assert ended["exit_code"] == build.process.returncode
    assert build.programs == []
    check_leftovers(sandbox, build, ended, before)


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed(moment: str, packer: Any, begin: Callable[..., tuple[Sandbox, Build]]) -> None:
    """SIGKILL of ours: Packer is asked to stop in our place, the record says so, and the tag finds the rest."""
    sandbox, build = begin(packer)
    before = ids(sandbox)
    struck(build, MOMENTS[moment], signal.SIGKILL)
    assert build.process.wait(PATIENCE_S) == -signal.SIGKILL
    assert until(lambda: build.programs == []), "Packer outlives the build"
    (run,) = list_runs(open_state(build.state))
    assert run.interrupted
    assert run.state is RunState.FAILED
    sweep(sandbox, build, run.run_id)
    assert find_leftovers(sandbox.world, run_id=run.run_id) == ()
    assert not_results(ids(sandbox) - before) == set()


SLOW = {
    "deployment": "PUT */deployments/* slow:20s",
    "power off": "POST */deallocate slow:20s",
    "capture": "PUT */Microsoft.Compute/images/* slow:20s",
    "publishing": "PUT */versions/* slow:20s",
}


@pytest.mark.parametrize("moment", SLOW)
def test_out_of_time(moment: str, packer: Any, begin: Callable[..., tuple[Sandbox, Build]]) -> None:
    """The limit of the whole run, while Azure takes its time."""
    sandbox, build = begin(packer, "--time-limit", "4s", faults=(SLOW[moment],))
    before = ids(sandbox)
    ended = [event for event in build.events() if event["event"] == "run-finished"][-1]["result"]
    assert build.process.wait(PATIENCE_S) == ended["exit_code"] == 8
    assert "longer than its limit" in ended["message"]
    assert build.programs == []
    check_leftovers(sandbox, build, ended, before)


def struck(build: Build, strike: Strike, number: signal.Signals) -> dict[str, Any]:
    """Send a signal at a moment and read to the end; the result, if there is one."""
    result: dict[str, Any] = {}
    sent = False
    for event in build.events():
        if not sent and strike(event):
            build.process.send_signal(number)
            sent = True
        if event["event"] == "run-finished":
            result = event["result"]
    assert sent, "the moment never came"
    return result


def check_leftovers(sandbox: Sandbox, build: Build, ended: Mapping[str, Any], before: set[str]) -> None:
    """What is left is named, one by one; and `sweep` removes it, so that only results remain."""
    published = {output["artifact_id"].lower() for output in ended["outputs"]}
    found = {str(leftover.id).lower() for leftover in find_leftovers(sandbox.world, run_id=ended["run_id"])}
    named = " ".join(ended["leftovers"]).lower()
    assert {text for text in found if text not in named} == set()
    new = {text for text in ids(sandbox) - before if not any(text.startswith(above) for above in found)}
    assert new <= published, "something is left that no tag finds"
    sweep(sandbox, build, ended["run_id"])
    assert ids(sandbox) - before <= published


def not_results(found: set[str]) -> set[str]:
    """Without a version that had been published, and given its own tags, before the end."""
    return {text for text in found if "/versions/" not in text}
