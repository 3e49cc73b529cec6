"""Packer refuses files that it needs later, while the first stage is built: the build ends in order, at once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from imagesmith.build import BuildOptions
from imagesmith.events import CancelRequested, ExitCode, PhaseFinished, RetryScheduled, RunState
from imagesmith.packer import CancelToken
from tests.faults.stand import CLEANED, CLEANUP, IN_STEP, Stand, polite
from tests.processes import alive
from tests.tables import Tell
from tests.test_build_run import SUCCESS, UNSUPPORTED, VALIDATED, ended

pytestmark = pytest.mark.timeout(60)

STARTING = [{"sleep": 0.5}, {"print": UNSUPPORTED}, {"exit": 1}]
"""A judgement that comes when the build has begun."""
IN_ORDER = [{"print": CLEANUP}, {"print": CLEANED}, {"exit": 1}]


def test_a_later_stage_that_is_refused_ends_the_build_in_order(stand: Stand, tell: Tell) -> None:
    """Packer is asked to stop, once, and cleans up; the cause is the refusal, and not the cancel."""
    result = stand.run(properties=VALIDATED, validate=STARTING, build=polite())
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TOOLCHAIN), result.message
    assert result.message.startswith("packer validate: Error: Unsupported argument")
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]
    assert [event.count for event in stand.of(CancelRequested)] == [1]
    assert sorted(stand.commands) == ["build", "validate"]
    assert (result.leftovers, alive(stand.pids)) == ((), [])
    assert [(event.phase, event.succeeded) for event in stand.of(PhaseFinished)][2:] == [
        ("check", True), ("build", False)
    ]  # fmt: skip
    tell("the validate stage's files are refused during the build", result.message)


def test_a_refusal_ends_a_pause_before_the_next_try(stand: Stand, tell: Tell) -> None:
    """However long that pause would be."""
    throttled = [{"print": ended("Deploying deployment template", "TooManyRequests: try again")}, {"exit": 1}]
    begun = time.monotonic()
    result = stand.run(
        properties=VALIDATED,
        validate=[{"sleep": 1}, {"print": UNSUPPORTED}, {"exit": 1}],
        build=throttled,
        options=BuildOptions(retries=3, retry_delay_s=600),
    )
    assert time.monotonic() - begun < 300
    assert len(stand.of(RetryScheduled)) == 1
    assert (result.exit_code, stand.commands.count("build")) == (ExitCode.TOOLCHAIN, 1), result.message
    assert "Unsupported argument" in result.message
    tell("the validate stage's files are refused in a pause before a retry", result.message)


FIRST: Mapping[str, tuple[list[dict[str, Any]], ExitCode, str]] = {
    "a step that fails": (
        [
            {"print": IN_STEP},
            {"print": ended("01-install.sh", "Script exited with non-zero exit status: 7")},
            {"exit": 1},
        ],
        ExitCode.STEP,
        "exit status: 7",
    ),
    "files of its own": ([{"print": UNSUPPORTED}, {"exit": 1}], ExitCode.TOOLCHAIN, "packer build: Error"),
}


@pytest.mark.parametrize("name", FIRST)
def test_a_build_that_ends_first_does_not_wait_for_the_judgement(stand: Stand, name: str, tell: Tell) -> None:
    """The first cause wins, and a Packer that still looks through the later files is ended with the run."""
    acts, code, words = FIRST[name]
    result = stand.run(properties=VALIDATED, validate=[{"hang": 0}], build=acts)
    assert (result.exit_code, words in result.message) == (code, True), result.message
    assert alive(stand.pids) == []
    tell(f"the build fails for {name} while Packer looks through the validate stage", result.message)


def test_a_cancel_ends_both(stand: Stand, tell: Tell) -> None:
    """And is told as what it is."""
    token = CancelToken()

    def strike(event: object) -> None:
        if isinstance(event, PhaseFinished) and event.phase == "check":
            token.request("interrupted")

    result = stand.run(properties=VALIDATED, validate=[{"hang": 0}], build=polite(), cancel=token, on_event=strike)
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert (result.leftovers, alive(stand.pids)) == ((), [])
    tell("a cancel while Packer looks through the validate stage", result.message)


def test_an_image_that_nobody_may_validate_is_withdrawn_or_told(stand: Stand, tell: Tell) -> None:
    """A judgement that comes when the image is there already: validators never start."""
    hangs = [{"print": SUCCESS}, {"manifest": "{}"}, {"on cancel": IN_ORDER}, {"hang": 0}]
    result = stand.run(properties=VALIDATED, validate=STARTING, build=hangs)
    assert result.exit_code == ExitCode.TOOLCHAIN, result.message
    assert [output.provisioning_state for output in result.outputs] == ["Failed"]
    assert len(result.leftovers) == 1
    tell("the validate stage's files are refused when the image is made", "; ".join(result.leftovers))


def test_cancel_before_packer_builds_leaves_nothing_to_look_for(stand: Stand, tell: Tell) -> None:
    """Packer has been started, and has not begun."""
    token = CancelToken()
    looks = [{"on cancel": [{"exit": 1}]}, {"print": "1790000000,,ui,say,Packer looks\n"}, {"hang": 0}]
    result = stand.run(
        build=looks,
        cancel=token,
        on_event=lambda event: token.request("interrupted") if "looks" in str(event) else None,
    )
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert (result.leftovers, alive(stand.pids)) == ((), [])
    assert [(event.phase, event.succeeded) for event in stand.of(PhaseFinished)][-1] == ("check", False)
    tell("a cancel before Packer builds", result.message)


def test_the_time_limit_holds_while_packer_looks(stand: Stand, tell: Tell) -> None:
    """A Packer that never begins to build."""
    looks = [{"on cancel": [{"exit": 1}]}, {"hang": 0}]
    result = stand.run(build=looks, options=BuildOptions(time_limit_s=1))
    assert (result.exit_code, alive(stand.pids)) == (ExitCode.TIMEOUT, []), result.message
    tell("a Packer that never begins to build", result.message)
