"""What runs leave in Azure: found by their tag, removed only on demand; the real SDKs against the sandbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagesmith.azure.clients import AzureError
from imagesmith.azure.leftovers import LeftoverKind, find_leftovers, remove_leftovers
from imagesmith.journal import open_state
from imagesmith.plan import RUN_TAG, TEMPLATE_TAG
from imagesmith.sandbox.faults import parse
from imagesmith.sandbox.options import SUBSCRIPTION_ID, SandboxOptions
from imagesmith.sandbox.session import Sandbox
from tests.records import RUN, changed, failing_run, write_run
from tests.test_sandbox_azure import DEFINITION, NEEDS, arm, version_body

OLD = "20260101T000000Z-0123ab"
NEW = "20991231T000000Z-fedcba"
GROUPS = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups"
SUFFIX = "k3x9q0wz7a"


def tags(run: str) -> dict[str, str]:
    return {RUN_TAG: run, TEMPLATE_TAG: "web"}


def make(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    answer = arm(sandbox.world, "PUT", path, json={"location": "westeurope", **body})
    assert answer.status_code in (200, 201), answer.text


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The folder of a sandbox in which two runs have left something: an old one everything that there can be, a newer
    one a group; and the user has a group and a network of their own."""
    folder = tmp_path / "sandbox"
    with Sandbox(
        SandboxOptions(state=folder, run_id="x", steps="record", keep=True), environment=os.environ
    ) as sandbox:
        sandbox.seed(NEEDS, os_type="Linux")
        make(sandbox, f"{GROUPS}/IT_old", {"tags": tags(OLD)})
        make(sandbox, f"{GROUPS}/IT_new", {"tags": tags(NEW)})
        make(sandbox, f"{GROUPS}/mine", {"tags": {"owner": "me"}})
        network = "providers/Microsoft.Network"
        make(sandbox, f"{GROUPS}/IT_old/{network}/networkSecurityGroups/inside", {"tags": tags(OLD)})
        make(sandbox, f"{GROUPS}/mine/{network}/networkSecurityGroups/pkrsg{SUFFIX}", {"tags": tags(OLD)})
        make(sandbox, f"{GROUPS}/mine/providers/Microsoft.Compute/disks/pkros{SUFFIX}", {})
        make(sandbox, f"{GROUPS}/mine/providers/Microsoft.Compute/disks/data", {})
        make(sandbox, f"{DEFINITION}/versions/1.0.0", {**version_body(), "tags": tags(OLD)})
        make(sandbox, f"{DEFINITION}/versions/2.0.0", version_body())
    return folder


@pytest.fixture
def sandbox(kept: Path) -> Iterator[Sandbox]:
    options = SandboxOptions(state=kept, run_id="y", steps="record", keep=True)
    with Sandbox(options, environment=os.environ) as started:
        yield started


def test_leftovers_are_found_by_the_tag(sandbox: Sandbox) -> None:
    found = find_leftovers(sandbox.world)
    assert [(leftover.id.name, leftover.kind, leftover.run_id) for leftover in found] == [
        ("IT_old", LeftoverKind.GROUP, OLD),
        ("IT_new", LeftoverKind.GROUP, NEW),
        ("1.0.0", LeftoverKind.RESULT, OLD),
        (f"pkros{SUFFIX}", LeftoverKind.PART, OLD),
        (f"pkrsg{SUFFIX}", LeftoverKind.PART, OLD),
    ]
    assert {leftover.template for leftover in found} == {"web"}
    assert [leftover.id.name for leftover in find_leftovers(sandbox.world, run_id=NEW)] == ["IT_new"]


def test_leftovers_are_removed_and_nothing_else(sandbox: Sandbox) -> None:
    problems = dict(remove_leftovers(find_leftovers(sandbox.world, run_id=OLD), sandbox.world))
    assert set(problems.values()) == {None}
    assert [leftover.id.name for leftover in find_leftovers(sandbox.world)] == ["IT_new"]
    for path in (f"{GROUPS}/mine/providers/Microsoft.Compute/disks/data", f"{DEFINITION}/versions/2.0.0"):
        assert arm(sandbox.world, "GET", path).status_code == 200
    # What is gone already is what was wanted.
    assert set(dict(remove_leftovers(problems, sandbox.world)).values()) == {None}


def test_one_that_cannot_be_removed_does_not_keep_the_others(kept: Path) -> None:
    rule = parse("DELETE */resourceGroups/IT_old locked")
    options = SandboxOptions(state=kept, run_id="z", steps="record", keep=True, faults=(rule,))
    with Sandbox(options, environment=os.environ) as sandbox:
        problems = dict(remove_leftovers(find_leftovers(sandbox.world), sandbox.world))
        told = {leftover.id.name: problem.message for leftover, problem in problems.items() if problem}
        assert list(told) == ["IT_old"]
        assert "ScopeLocked" in told["IT_old"]


def test_without_an_answer_nothing_is_known(kept: Path) -> None:
    rule = parse("GET */resources 403")
    options = SandboxOptions(state=kept, run_id="z", steps="record", keep=True, faults=(rule,))
    with Sandbox(options, environment=os.environ) as sandbox, pytest.raises(AzureError, match="AuthorizationFailed"):
        find_leftovers(sandbox.world)


@pytest.fixture
def sweep(kept: Path, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command in the kept sandbox."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        state = ["--sandbox-state", str(kept), "--state-dir", str(tmp_path / "state")]
        return subprocess.run(
            [sys.executable, "-m", "imagesmith", "sweep", *state, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_the_command_lists_and_removes_nothing_by_itself(sweep: Callable[..., Any]) -> None:
    for _ in range(2):
        done = sweep()
        assert done.returncode == 0
        assert [line.split("/")[-1].split(" ")[0] for line in done.stdout.splitlines()] == [
            "IT_old",
            f"pkros{SUFFIX}",
            f"pkrsg{SUFFIX}",
        ]
        assert "IT_new: its run may still go on" in done.stderr
        assert "versions/1.0.0: it is a result" in done.stderr
        assert "nothing was removed" in done.stderr


def test_the_command_removes_with_yes(sweep: Callable[..., Any]) -> None:
    done = sweep("--yes", "--results", "--output", "json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["leftovers"]
    assert [row["removed"] for row in rows] == [True] * 4
    assert {row["run"] for row in rows} == {OLD}
    done = sweep("--yes", NEW)
    assert (done.returncode, done.stdout.count("removed:")) == (0, 1)
    assert "nothing is left" in sweep().stderr


def test_a_folder_without_a_sandbox_is_told(sweep: Callable[..., Any], tmp_path: Path) -> None:
    done = sweep("--sandbox-state", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "there is no sandbox in" in done.stderr


@pytest.mark.parametrize("before", [0, 1])
def test_an_operation_is_given_up_by_the_next_wish_to_stop(kept: Path, before: int) -> None:
    """What cleans up after one wish goes on until the next one."""
    options = SandboxOptions(
        state=kept, run_id="z", steps="record", keep=True, faults=(parse("DELETE */resourceGroups/IT_old never"),)
    )
    wishes = [before, before, before]

    def count() -> int:
        return wishes.pop(0) if wishes else before + 1

    with Sandbox(options, environment=os.environ) as sandbox:
        world = replace(sandbox.world, wishes_to_stop=count)
        problems = dict(remove_leftovers(find_leftovers(sandbox.world, run_id=OLD)[:1], world))
        (problem,) = problems.values()
        assert problem is not None
        assert (problem.code, wishes) == ("IMG880", [])


def test_a_run_is_named_as_everywhere(sweep: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path) -> None:
    """By `last` and by the beginning of its id; an id without a record is one of Azure's tags."""
    runs = open_state(tmp_path / "state").runs
    (runs / NEW).mkdir(mode=0o700)
    for name in ("last", NEW[:-2], NEW):
        assert "IT_new" in sweep(name).stdout
    assert "IT_old" in sweep(OLD).stdout


def test_last_without_a_record_is_no_run(sweep: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    """Nothing would be found for it, which would read as if nothing were left."""
    done = sweep("last")
    assert done.returncode == 2
    assert "IMG809" in done.stderr
    assert "nothing is left" not in done.stdout + done.stderr


@pytest.fixture
def sweep_run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command on a recorded run, whose sandbox `sweepArguments` tell of, without a login."""

    def run(sweep_arguments: list[str] | None) -> subprocess.CompletedProcess[str]:
        write_run(open_state(tmp_path / "state"), failing_run(), details=changed(sweepArguments=sweep_arguments))
        return subprocess.run(
            [sys.executable, "-m", "imagesmith", "sweep", "last", "--state-dir", "state", "--auth", "managed-identity"],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


def test_nothing_is_left_of_a_sandbox_that_ended_with_its_run(
    sweep_run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = sweep_run(None)
    assert done.returncode == 0
    assert f"the sandbox of run {RUN} ends with the run: nothing can be left of it" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--sandbox-state", "my box"], "give --sandbox-state 'my box'"),
        ([], "give --sandbox-state DIR, if its state was kept in DIR"),
    ],
)
def test_a_sandbox_that_may_be_there_has_to_be_named(
    arguments: list[str], said: str, sweep_run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    """Azure, to which a login would lead, knows nothing of it."""
    done = sweep_run(arguments)
    assert done.returncode == 2
    assert said in done.stderr
