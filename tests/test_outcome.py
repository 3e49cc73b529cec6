"""How a Packer run ended, as a table: evidence beside the outcome that it has."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from imagesmith.packer.outcome import EXIT_CODES, GOOD, Evidence, judge
from imagesmith.run_failure import Outcome

MADE = {"image_recorded": True, "image_in_manifest": True, "builder_done": True, "publishing": True}
CASES: dict[str, tuple[dict[str, object], Outcome]] = {
    "all three agree": ({"exit_code": 0, **MADE}, Outcome.SUCCEEDED),
    "exit code 0 alone": ({"exit_code": 0}, Outcome.MACHINE_FAILED),
    "exit code 0 and a record": ({"exit_code": 0, "image_recorded": True}, Outcome.POST_PROCESSING_FAILED),
    "exit code 0 and a manifest": ({"exit_code": 0, "image_in_manifest": True}, Outcome.POST_PROCESSING_FAILED),
    "a validation makes no image": ({"exit_code": 0, "makes_image": False}, Outcome.SUCCEEDED),
    "image made, exit code 1": ({"exit_code": 1, **MADE}, Outcome.POST_PROCESSING_FAILED),
    "image made, post-processor fails": (
        {"exit_code": 1, "builder_done": True, "publishing": True},
        Outcome.POST_PROCESSING_FAILED,
    ),
    "image made, then killed": ({"exit_code": None, "signalled": 9, **MADE}, Outcome.POST_PROCESSING_FAILED),
    "finished after a cancel": ({"exit_code": 0, "cancel_requested": True}, Outcome.CANCELLED),
    "finished with an image after a cancel": ({"exit_code": 0, "cancel_requested": True, **MADE}, Outcome.CANCELLED),
    "cancelled and killed": (
        {"exit_code": None, "signalled": 9, "killed": True, "cancel_requested": True},
        Outcome.CANCELLED,
    ),
    "a step fails": ({"exit_code": 1, "failed_step": "customize[1]"}, Outcome.STEP_FAILED),
    "a step had failed before the cancel": (
        {"exit_code": 1, "failed_step": "customize[1]", "cancel_requested": True, "failed_before_cancel": True},
        Outcome.STEP_FAILED,
    ),
    "a validator fails": (
        {"exit_code": 1, "failed_step": "validate[0]", "validates": True, "makes_image": False},
        Outcome.VALIDATION_FAILED,
    ),
    "the agreed stop": (
        {"exit_code": 1, "failed_step": "stop", "stopped_on_purpose": True, "makes_image": False},
        Outcome.STOPPED,
    ),
    "the agreed stop, but cancelled": (
        {"exit_code": 1, "stopped_on_purpose": True, "cancel_requested": True, "makes_image": False},
        Outcome.CANCELLED,
    ),
    "no machine": ({"exit_code": 1}, Outcome.MACHINE_FAILED),
    "captured, not published": ({"exit_code": 1, "publishing": True}, Outcome.PUBLISHING_FAILED),
    "a panic": ({"exit_code": 2}, Outcome.CRASHED),
    "a panic in a step": ({"exit_code": 2, "failed_step": "customize[0]"}, Outcome.CRASHED),
    "ended by a signal": ({"exit_code": None, "signalled": 11}, Outcome.CRASHED),
    "a plugin that went away": ({"exit_code": 1, "plugin_lost": True}, Outcome.CRASHED),
    "a plugin that went away in a step": (
        {"exit_code": 1, "plugin_lost": True, "failed_step": "customize[0]"},
        Outcome.CRASHED,
    ),
    "a crash of a validation": ({"exit_code": 2, "makes_image": False}, Outcome.CRASHED),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_evidence_has_this_outcome(name: str) -> None:
    """One row, one case."""
    given, outcome = CASES[name]
    assert judge(Evidence(**given)) is outcome  # type: ignore[arg-type] # fields of the evidence


def test_nothing_but_proof_is_a_success() -> None:
    """Over all evidence that there can be: never without an exit code 0 or the agreed stop, never after a cancel."""
    flags = [field.name for field in dataclasses.fields(Evidence) if field.type == "bool"]
    seen = set()
    codes: tuple[int | None, ...] = (0, 1, 2, None)
    steps: tuple[str | None, ...] = (None, "x")
    for code, step, values in itertools.product(codes, steps, itertools.product((True, False), repeat=len(flags))):
        given = dict(zip(flags, values, strict=True))
        evidence = Evidence(exit_code=code, signalled=9 if code is None else None, failed_step=step, **given)
        outcome = judge(evidence)
        seen.add(outcome)
        if outcome in GOOD:
            assert evidence.stopped_on_purpose or code == 0
            assert not evidence.cancel_requested or evidence.failed_before_cancel
            if outcome is Outcome.SUCCEEDED and evidence.makes_image:
                assert evidence.image_recorded
                assert evidence.image_in_manifest
    assert seen == set(Outcome) - {Outcome.TIMED_OUT, Outcome.SILENT}
    assert set(EXIT_CODES) == set(Outcome)
