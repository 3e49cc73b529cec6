"""What Azure and the machine refuse, in the words in which Packer passes it on: each run ends with cause and remedy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from imagesmith.build import BuildOptions
from imagesmith.events import ExitCode, PhaseFinished, RetryScheduled, RunResult, RunState
from imagesmith.known_errors import KNOWN_ERRORS
from imagesmith.lower.passing import PASSED_OVER
from imagesmith.lower.tuning import StepOptions
from imagesmith.run_failure import RunFailure
from tests.faults.stand import ERROR, FAILED_STEP, GOOD, IN_STEP, LOCKED, Stand
from tests.tables import Tell
from tests.test_build_run import SUCCESS, ended, until

pytestmark = pytest.mark.timeout(60)

DEPLOYED, CAPTURED, PUBLISHED = "Deploying deployment template", "Capturing image", "Publishing to Shared"
VAGUE = (
    'Code="DeploymentFailed" Message="At least one resource deployment operation failed. Please list deployment '
    'operations for details."'
)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A refusal, how far the build got, and the row of the table that explains it."""

    name: str
    known: str
    words: str
    at: str = DEPLOYED
    code: ExitCode = ExitCode.MACHINE
    before: str = ""
    """What the builder says before its last line, which is vague then."""


REFUSALS = [
    Refusal(name="401", known="login-expired", words="unexpected status 401 with error: ExpiredAuthenticationToken"),
    Refusal(
        name="403", known="authorization-failed",
        words="unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: The client 'x' does not have"
        " authorization to perform action 'Microsoft.Resources/subscriptions/resourcegroups/write'",
    ),
    Refusal(
        name="AADSTS700024 while publishing", known="federated-token-expired", at=PUBLISHED, code=ExitCode.DISTRIBUTION,
        words="AADSTS700024: Client assertion is not within its valid time range.",
    ),
    Refusal(
        name="404 gallery", known="gallery-not-found", at="Creating Azure Resource Manager",
        words="the Shared Gallery Image to which to publish the managed image version to does not exist in the resource"
        " group images",
    ),
    Refusal(
        name="409 version exists", known="gallery-version-exists", at=PUBLISHED, code=ExitCode.DISTRIBUTION,
        words="Changing property 'galleryImageVersion.properties.publishingProfile.source' is not allowed.",
    ),
    Refusal(
        name="429 without retries", known="throttled",
        words="StatusCode=429 Code=TooManyRequests Please try again after '6' seconds.",
    ),
    Refusal(name="503", known="azure-unwell", words="unexpected status 503 (503 Service Unavailable)"),
    Refusal(
        name="an operation that never ends", known="deadline", at=CAPTURED,
        words="Future#WaitForCompletion: context has been cancelled: StatusCode=200 -- context deadline exceeded",
    ),
    Refusal(
        name="DNS failure", known="name-not-resolved", at="Running builder",
        words='Get "https://management.azure.com/": dial tcp: lookup management.azure.com: no such host',
    ),
    Refusal(
        name="TLS interception", known="tls-interception", at="Running builder",
        words='Post "https://login.microsoftonline.com/": x509: certificate signed by unknown authority',
    ),
    Refusal(
        name="reset in the middle of a body", known="connection-broken", at=CAPTURED,
        words="read tcp 10.0.0.1:1->20.0.0.1:443: read: connection reset by peer",
    ),
    Refusal(
        name="quota", known="quota", words=VAGUE,
        before="ERROR: -> OperationNotAllowed : Operation could not be completed as it results in exceeding approved"
        " Total Regional Cores quota.",
    ),
    Refusal(name="SkuNotAvailable", known="sku-not-available", words=VAGUE, before="ERROR: -> SkuNotAvailable : no"),
    Refusal(
        name="policy", known="policy", words=VAGUE,
        before="ERROR: -> RequestDisallowedByPolicy : Resource 'pkrip1' was disallowed by policy.",
    ),
    Refusal(
        name="vault soft-deleted", known="vault-soft-deleted", words=VAGUE,
        before="ERROR: -> ConflictError : A vault with the same name already exists in deleted state.",
    ),
    Refusal(
        name="resource group locked", known="scope-locked",
        words="ScopeLocked: The scope '/x' cannot perform write operation because following scope(s) are locked: '/x'.",
    ),
    Refusal(
        name="412 lease", known="blob-leased", at=CAPTURED,
        words="StatusCode=412 Code=LeaseIdMissing There is currently a lease on the blob and no lease ID was given.",
    ),
    Refusal(
        name="disk in use", known="disk-in-use", at=CAPTURED,
        words="OperationNotAllowed: Disk pkros1 is attached to VM /subscriptions/1/pkrvm1.",
    ),
    Refusal(
        name="clock skew", known="clock-wrong", at="Running builder",
        words='Post "https://login.microsoftonline.com/": x509: certificate has expired or is not yet valid',
    ),
    Refusal(
        name="machine not reached", known="machine-not-reached", at="Waiting for SSH", words="Timeout waiting for SSH.",
    ),
]  # fmt: skip


def _explained(result: RunResult, known: str) -> RunFailure:
    """The failure, which must be the one that is meant and stand in message, diagnostic and JSON alike."""
    row = next(row for row in KNOWN_ERRORS if row.id == known)
    assert result.failure is not None
    assert (result.failure.known, result.failure.cause, result.failure.remedy) == (known, row.cause, row.remedy)
    assert row.cause in result.message
    found = result.diagnostics[0]
    assert (found.code, found.hint) == ("IMG842", row.remedy)
    assert row.cause in found.message
    return result.failure


@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: case.name)
def test_a_refusal_ends_with_its_cause_and_remedy(stand: Stand, case: Refusal, tell: Tell) -> None:
    """Not with Packer's last line; what the builder said before a vague one counts."""
    text = ended(case.at, case.words)
    if case.before:
        text = text.replace("1790000042,,ui,error", ERROR.format(case.before) + "1790000042,,ui,error", 1)
    result = stand.run(build=[{"print": text}, {"exit": 1}])
    made = case.code is ExitCode.DISTRIBUTION  # the managed image was there by then
    state = RunState.PARTIALLY_SUCCEEDED if made else RunState.FAILED
    assert (result.state, result.exit_code) == (state, case.code), result.message
    failure = _explained(result, case.known)
    assert failure.step is None
    assert stand.commands == ["build"]
    tell(f"cloud: {case.name}", f"{failure.cause} -> {failure.remedy}")


def test_a_step_s_failure_names_step_line_and_last_words(stand: Stand, tell: Tell) -> None:
    """What clean-up says afterwards is a leftover, and no cause."""
    result = stand.run(build=[{"print": IN_STEP + LOCKED + FAILED_STEP}, {"exit": 1}])
    failure = _explained(result, "apt-lock")
    assert (failure.step, failure.title, failure.line, failure.exit_status) == ("customize[0]", "install", 17, 100)
    assert failure.output == ("E: Could not get lock /var/lib/dpkg/lock-frontend.",)
    assert result.exit_code is ExitCode.STEP
    assert result.message.startswith("customize[0] 'install' (")
    found = result.diagnostics[0]
    assert found.span is not None
    assert found.span.line == 17
    assert "its last lines:\n| E: Could not get lock" in found.message
    assert len(result.leftovers) == 1
    tell("apt lock in a step, group locked at clean-up", result.message, result.leftovers[0])


def test_generalization_that_never_ends_is_told_as_such(stand: Stand, tell: Tell) -> None:
    """The time limit is why it ended, and sysprep why it took so long."""
    loop = "1790000012,,ui,message,    azure-arm.image: IMAGE_STATE_UNDEPLOYABLE\n" * 30
    result = stand.run(build=[{"print": IN_STEP + loop}, {"hang": 0}], options=BuildOptions(time_limit_s=1.5))
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TIMEOUT)
    failure = _explained(result, "sysprep-hangs")
    assert "longer than its limit" in result.message
    assert failure.step == "customize[0]"
    tell("sysprep loops until the time limit", result.message)


def test_a_step_that_had_got_over_something_did_not_fail_for_it(stand: Stand) -> None:
    """The lock was waited for; what failed then is not known."""
    work = "".join(f"1790000012,,ui,message,    azure-arm.image: unpacking {number}\n" for number in range(60))
    result = stand.run(build=[{"print": IN_STEP + LOCKED + work + FAILED_STEP}, {"exit": 1}])
    assert result.failure is not None
    assert (result.failure.known, result.failure.step) == (None, "customize[0]")
    assert result.failure.output[-1] == "unpacking 59"
    assert result.diagnostics[0].code == "IMG843"


def test_a_machine_that_is_kept_is_not_kept_of_each_try(stand: Stand) -> None:
    """Nobody is asked before the last one; what cannot be removed shows."""
    asked: list[RunFailure] = []

    def ask(failure: RunFailure) -> bool:
        asked.append(failure)
        return True

    options = BuildOptions(retries=1, retry_delay_s=0.05, ask_keep=ask)
    stand.run(build=[{"print": ended(DEPLOYED, "AllocationFailed")}, {"exit": 1}], options=options)
    assert stand.commands.count("build") == 2
    assert len(asked) == 1
    assert len(stand.of(RetryScheduled)) == 1


def test_a_plugin_that_dies_of_a_cancel_is_no_cause_but_leaves_things(stand: Stand, tell: Tell) -> None:
    """The azure-arm of Packer 1.6 panics when it is cancelled in a capture."""
    dying = [{"print": "1790000042,,ui,error,Build 'azure-arm.image' errored after 38 seconds: unexpected EOF\n"}]
    acts = [{"on cancel": [*dying, {"exit": 1}]}, {"print": until(SUCCESS, CAPTURED)}, {"hang": 0}]
    result = stand.run(build=acts, options=BuildOptions(time_limit_s=1.5))
    assert (result.state, result.exit_code) == (RunState.FAILED, ExitCode.TIMEOUT)
    assert result.failure is not None
    assert (result.failure.known, result.failure.step) == (None, None)
    (left,) = result.leftovers
    assert "could not clean up" in left
    tell("the plugin panics when it is cancelled", result.message, left)


THROTTLED = ended(DEPLOYED, "StatusCode=429 TooManyRequests: try again after '1' seconds.")
UNWELL = ended(DEPLOYED, "unexpected status 503 (503 Service Unavailable)")
QUICK = BuildOptions(retries=2, retry_delay_s=0.05)


def test_what_passes_by_itself_is_tried_again(stand: Stand, tell: Tell) -> None:
    """After the pause that Azure asks for, or a longer one each time; with a part of the log for each try."""
    tries: list[Any] = [[{"print": THROTTLED}, {"exit": 1}], [{"print": UNWELL}, {"exit": 1}], GOOD]
    result = stand.run(build=tries, options=QUICK)
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.OK)
    assert stand.commands == ["build", "build", "build"]
    phases = [(event.phase, event.succeeded) for event in stand.of(PhaseFinished)]
    assert phases[2:] == [("check", True), ("build", True), ("distribute", True)], (
        "one of each, whatever was tried again"
    )
    said = stand.of(RetryScheduled)
    assert [(event.known, event.attempt) for event in said] == [("throttled", 2), ("azure-unwell", 3)]
    assert {event.attempts for event in said} == {3}
    assert [event.wait_s for event in said] == [1.0, 0.1]
    log = (stand.folder / "runs" / "r-0001" / "packer.log").read_text()
    assert re.findall(",,imagesmith,(.*)", log) == ["build,1", "build,2", "build,3"]
    tell("429 with Retry-After, then 503", f"tried again twice: {result.message}")


@pytest.mark.parametrize(
    ("acts", "tries"),
    [
        ([{"print": THROTTLED}, {"exit": 1}], 3),
        ([{"print": ended(DEPLOYED, "SkuNotAvailable")}, {"exit": 1}], 1),
        ([{"print": IN_STEP + LOCKED + FAILED_STEP}, {"exit": 1}], 1),
        ([{"print": ended(CAPTURED, "unexpected status 503 (503 Service Unavailable)")}, {"exit": 1}], 1),
        ([{"print": until(SUCCESS, DEPLOYED)}, {"exit": 1}], 1),
    ],
    ids=["no more than asked for", "what does not pass", "a step had begun", "all steps were over", "unknown"],
)
def test_nothing_else_is_tried_again(stand: Stand, acts: list[Any], tries: int) -> None:
    """What steps did outside of the machine cannot be taken back."""
    result = stand.run(build=acts, options=QUICK)
    assert result.state is RunState.FAILED
    assert stand.commands.count("build") == tries


def test_a_cancel_ends_the_wait_for_the_next_try(stand: Stand) -> None:
    """At once, and nothing more is started."""
    from imagesmith.packer import CancelToken

    cancel = CancelToken()

    def act(event: object) -> None:
        if isinstance(event, RetryScheduled):
            cancel.request("interrupted")

    slow = BuildOptions(retries=1, retry_delay_s=300)
    result = stand.run(build=[{"print": THROTTLED}, {"exit": 1}], options=slow, cancel=cancel, on_event=act)
    assert (result.state, result.exit_code) == (RunState.CANCELED, ExitCode.CANCELLED)
    assert stand.commands.count("build") == 1


def test_a_step_that_may_fail_is_told_and_passed_over(stand: Stand, tell: Tell) -> None:
    """The build is a success, with a warning at the step's line; without the option the words mean nothing."""
    line = f"1790000012,,ui,message,    azure-arm.image: {PASSED_OVER} 4\n"
    text = SUCCESS.replace(IN_STEP, IN_STEP + line, 1)
    assert text != SUCCESS
    wanted = {"customize[0]": StepOptions(passed_over=True)}
    result = stand.run(build=[{"print": text}, GOOD[1]], steps=wanted)
    assert (result.state, result.exit_code) == (RunState.SUCCEEDED, ExitCode.OK)
    assert stand.steps()["customize[0]"] == "PassedOver"
    (found,) = result.diagnostics
    assert (found.code, found.is_error) == ("IMG844", False)
    assert found.span is not None
    assert found.span.line == 17
    tell("a step fails that may fail", found.message)


def test_nothing_is_kept_where_nothing_was_made(stand: Stand, tell: Tell) -> None:
    """The login fails, or Packer misses something before it makes its group: nobody is asked, and nothing is left."""
    asked: list[RunFailure] = []

    def ask(failure: RunFailure) -> bool:
        asked.append(failure)
        return True

    text = ended("Creating Azure Resource Manager (ARM) client", "Cannot locate the managed image resource group rg.")
    kept = {"errorHandling": {"onCustomizerError": "abort"}}
    result = stand.run(properties=kept, build=[{"print": text}, {"exit": 1}], options=BuildOptions(ask_keep=ask))
    assert result.exit_code is ExitCode.MACHINE
    assert result.leftovers == ()
    assert asked == []
    tell("Packer fails before it makes anything", result.message)


@pytest.mark.parametrize("keep", [True, False])
def test_a_person_is_asked_whether_the_machine_is_kept(stand: Stand, keep: bool) -> None:
    """Packer keeps it, since it cannot ask; without a login here it cannot be removed, and shows."""
    asked: list[RunFailure] = []

    def ask(failure: RunFailure) -> bool:
        asked.append(failure)
        return keep

    options = BuildOptions(ask_keep=ask)
    result = stand.run(build=[{"print": IN_STEP + LOCKED + FAILED_STEP}, {"exit": 1}], options=options)
    assert [failure.step for failure in asked] == ["customize[0]"]
    assert result.exit_code is ExitCode.STEP
    assert any("is kept" in text for text in result.leftovers)
    notes = [getattr(event, "text", "") for event in stand.events]
    assert any("cannot remove the resource group" in text or "no login" in text for text in notes) is not keep
