"""What Packer makes of a WinRM connection that goes wrong; the outcomes differ between its generations (winrm.md §5.5).

All builds run at the same time, since Packer sleeps for most of it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.windows_connections import (
    Forwarder,
    Outcome,
    finish,
    lose_shell,
    machine_of,
    quiet,
    reboot_once,
    start,
    wait,
)

LOST_IN_ORDER = 16001
"""The exit code that Packer 1.6.6 makes of a connection that was closed."""


def _plain(script: Any) -> Callable[[Any, Path], Outcome]:
    def run(packer: Any, folder: Path) -> Outcome:
        with machine_of(folder, script) as machine:
            return finish(start(packer, folder, machine.port), folder, machine)

    return run


def _wrong_password(packer: Any, folder: Path) -> Outcome:
    with machine_of(folder, wait) as machine:
        process = start(packer, folder, machine.port, password="wrong", timeout="8s")  # noqa: S106 - of no machine
        return finish(process, folder, machine)


def _reset(packer: Any, folder: Path) -> Outcome:
    with machine_of(folder, wait, hold_s=30) as machine:
        forwarder = Forwarder(machine.port)
        process = start(packer, folder, forwarder.port)
        assert machine.host.running.wait(60)  # type: ignore[attr-defined]
        time.sleep(0.5)  # its first Receive is held by then
        forwarder.reset()
        outcome = finish(process, folder, machine)
        forwarder.close()
        return outcome


def _cancelled(packer: Any, folder: Path) -> Outcome:
    with machine_of(folder, wait, hold_s=30) as machine:
        process = start(packer, folder, machine.port)
        assert machine.host.running.wait(60)  # type: ignore[attr-defined]
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        outcome = finish(process, folder, machine, within_s=30)
        assert outcome.host.terminated.wait(5), "the command ends with the connection"
        return outcome


SCENES: dict[str, Callable[[Any, Path], Outcome]] = {
    "silence": _plain(quiet),
    "reboot": _plain(reboot_once),
    "unknown shell": _plain(lose_shell),
    "wrong password": _wrong_password,
    "reset": _reset,
    "cancel": _cancelled,
}


@pytest.fixture(scope="module")
def outcomes(packer: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("connections")
    with ThreadPoolExecutor(len(SCENES)) as pool:
        jobs = {name: pool.submit(scene, packer, folder / name.replace(" ", "-")) for name, scene in SCENES.items()}
        return {name: job.result() for name, job in jobs.items()}


def test_silence_of_any_length_is_waited_out(outcomes: dict[str, Outcome]) -> None:
    """Held requests end with a time-out, and Packer asks again."""
    found = outcomes["silence"]
    assert found.code == 0, found.output
    assert "after the silence" in found.output
    assert found.host.runs == 1


@pytest.mark.parametrize("scene", ["reboot", "unknown shell"])
def test_a_connection_that_is_closed_in_a_script(packer: Any, outcomes: dict[str, Outcome], scene: str) -> None:
    """The old client takes it for exit code 16001, the new one runs the script again."""
    found = outcomes[scene]
    if packer.is_new:
        assert (found.code, found.host.runs) == (0, 2), found.output
        assert "Retryable error" in found.log
        assert "the second run" in found.output
    else:
        assert (found.code, found.host.runs) == (1, 1), found.output
        assert str(LOST_IN_ORDER) in found.output


def test_a_connection_that_is_reset_in_a_script(packer: Any, outcomes: dict[str, Outcome]) -> None:
    """The old client takes it for success."""
    found = outcomes["reset"]
    assert (found.code, found.host.runs) == (0, 2 if packer.is_new else 1), found.output


def test_a_wrong_password_ends_with_the_time_limit(outcomes: dict[str, Outcome]) -> None:
    """Packer says no more than that, so the listener keeps the reason."""
    found = outcomes["wrong password"]
    assert found.code == 1
    assert "Timeout waiting for WinRM." in found.output
    assert "http response error: 401 - invalid content type" in found.log
    assert set(found.refusals) == {"the password is wrong"}
    assert found.host.runs == 0


def test_a_cancelled_build_leaves_no_command(outcomes: dict[str, Outcome]) -> None:
    found = outcomes["cancel"]
    assert found.code == 1
    assert found.host.ended[-1:] != []
    assert found.host.runs == 1


def test_no_scene_makes_packer_crash(outcomes: dict[str, Outcome]) -> None:
    """A 401 with a content type and a fault on Receive would (winrm.md §3.4)."""
    crashed = [name for name, found in outcomes.items() if "panic" in found.output.lower() + found.log.lower()]
    assert crashed == []
