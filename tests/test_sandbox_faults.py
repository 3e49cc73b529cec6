"""Faults on demand: what a rule says, and what real clients meet because of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.mgmt.compute import ComputeManagementClient

from imagesmith.sandbox.faults import EFFECTS, Ended, Faults, FaultSyntaxError, Refuse, parse
from imagesmith.sandbox.faults.effects import STATUSES, OperationFate
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from tests.test_sandbox_azure import DEFINITION, IMAGES, NEEDS, arm, version_body

BASE = f"{IMAGES}/providers/Microsoft.Compute/images/base"
VM = "/subscriptions/1/resourceGroups/G/providers/Microsoft.Compute/virtualMachines/pkrvm"


def test_a_rule_says_which_requests_and_how_many() -> None:
    rule = parse("put */virtualMachines/* 429:5 x3 after 2")
    assert rule.fits("PUT", "management.azure.com", VM)
    assert not rule.fits("GET", "management.azure.com", VM)
    assert not rule.fits("PUT", "management.azure.com", VM.replace("virtualMachines", "disks"))
    assert (rule.count, rule.after) == (3, 2)
    assert isinstance(rule.outcome, Refuse)
    assert rule.outcome.headers == (("Retry-After", "5"),)


def test_a_glob_may_begin_with_a_host() -> None:
    rule = parse("* https://login.*/token reset")
    assert rule.fits("POST", "login.microsoftonline.com", "/t/oauth2/v2.0/token")
    assert not rule.fits("POST", "management.azure.com", "/t/oauth2/v2.0/token")


def test_rules_count_for_themselves_and_the_first_whose_turn_it_is_decides() -> None:
    faults = Faults([parse("PUT * 500 x1 after 1"), parse("PUT * 503"), parse("GET * slow:0.5"), parse("GET /b 404")])
    met = [faults.meet("PUT", "h", "/a").outcome for _ in range(3)]
    assert [outcome.status for outcome in met if isinstance(outcome, Refuse)] == [503, 500, 503]
    slow = faults.meet("GET", "h", "/b")
    assert (slow.delay_s, slow.rule) == (0.5, "GET /b 404")
    assert faults.unmet == ()
    assert Faults([parse("PUT * 500 after 3")]).unmet == ("PUT * 500 after 3",)


def test_without_a_count_a_rule_holds_for_ever() -> None:
    faults = Faults([parse("GET * 500")])
    assert all(faults.meet("GET", "h", "/").outcome for _ in range(50))


@pytest.mark.parametrize("word", [row.word for row in EFFECTS] + [str(status) for status in STATUSES])
def test_every_effect_can_be_written(word: str) -> None:
    row = next((row for row in EFFECTS if row.word == word), None)
    text = f"{word}:{row.argument}" if row and row.argument else word
    assert isinstance(parse(f"PUT * {text}").outcome, object)
    if row and not row.argument:
        with pytest.raises(FaultSyntaxError, match="takes no argument"):
            parse(f"PUT * {word}:1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "write METHOD PATH EFFECT"),
        ("PUT */x", "write METHOD PATH EFFECT"),
        ("FETCH * 500", "'FETCH' is no method"),
        ("PUT * 500 3x", "'3x' in 'PUT \\* 500 3x' is not understood"),
        ("PUT * 500 x0", "'x0'"),
        ("PUT * 500 after", "'after'"),
        ("PUT * 299", "there is no effect '299'"),
        ("PUT * quotta", "did you mean 'quota'"),
        ("PUT * slow:soon", "slow takes seconds"),
        ("PUT * slow:1e9", "0 to 3600"),
        ("PUT * 429:later", "seconds of Retry-After"),
        ("POST */token aadsts:x", "aadsts takes a number"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(FaultSyntaxError, match=reason):
        parse(text)


def test_only_some_effects_make_sense_inside_of_a_deployment() -> None:
    faults = Faults([parse("PUT * reset"), parse("PUT * slow:2"), parse("PUT * fail:Boom")])
    met = faults.meet_inside(VM)
    assert met.delay_s == 2
    assert met.outcome == Ended(fate=OperationFate.FAIL, code="Boom", message="The operation failed with Boom.")


@pytest.fixture
def sandbox_with(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts a seeded sandbox with these faults."""
    started: list[Sandbox] = []

    def start(*rules: str) -> Sandbox:
        options = SandboxOptions(
            state=tmp_path / "state", run_id="faults", steps="record", faults=tuple(parse(rule) for rule in rules)
        )
        sandbox = Sandbox(options, environment={"PATH": "/usr/bin"})
        sandbox.start()
        started.append(sandbox)
        sandbox.seed(NEEDS, os_type="Linux")
        return sandbox

    yield start
    for sandbox in started:
        sandbox.stop()


def client(sandbox: Sandbox) -> Any:  # a client that takes JSON bodies as well, of which its annotations do not know
    """The real SDK, which tries again at once."""
    world = sandbox.world
    options: dict[str, Any] = {**world.sdk_options, "retry_backoff_factor": 0, "retry_backoff_max": 0}
    assert world.credential is not None
    return ComputeManagementClient(world.credential, world.subscription_id, **options)


def test_the_sdk_outlasts_throttling(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("GET */images/base 429:0 x2")
    assert client(sandbox).images.get("images", "base").name == "base"
    seen = [(request.status, request.fault) for request in sandbox.requests if request.path.endswith("/images/base")]
    assert seen == [(429, "GET */images/base 429:0 x2")] * 2 + [(200, "")]
    assert sandbox.unmet_faults == ()


def test_throttling_without_a_time_to_wait(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("GET */images/base 429:none")
    assert "Retry-After" not in arm(sandbox.world, "GET", BASE).headers


def test_a_refusal_has_azures_code(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("DELETE */images/base locked")
    with pytest.raises(HttpResponseError, match="ScopeLocked"):
        client(sandbox).images.begin_delete("images", "base").result()
    assert client(sandbox).images.get("images", "base").name == "base"


def test_an_operation_fails_and_has_done_nothing(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("DELETE */images/base fail:ImageInUse")
    with pytest.raises(HttpResponseError, match="ImageInUse"):
        client(sandbox).images.begin_delete("images", "base").result()
    assert client(sandbox).images.get("images", "base").name == "base"


def test_an_operation_fails_and_leaves_what_it_made(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("PUT */versions/* partly:ReplicationFailed")
    versions = client(sandbox).gallery_image_versions
    with pytest.raises(HttpResponseError, match="ReplicationFailed"):
        versions.begin_create_or_update("images", "gal", "def", "1.0.0", version_body()).result()
    assert versions.get("images", "gal", "def", "1.0.0").provisioning_state == "Failed"


def test_an_operation_never_ends_and_another_is_lost(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("PUT */versions/1.0.0 never", "PUT */versions/2.0.0 lost")
    begun = arm(sandbox.world, "PUT", f"{DEFINITION}/versions/1.0.0", json=version_body())
    assert begun.status_code == 201
    with pytest.raises(requests.exceptions.ReadTimeout):  # a poll is held until there is news
        arm(sandbox.world, "GET", operation_of(begun), timeout=0.5)
    versions = client(sandbox).gallery_image_versions
    with pytest.raises(HttpResponseError, match="was not found"):
        versions.begin_create_or_update("images", "gal", "def", "2.0.0", version_body()).result()


def test_nobody_waits_for_a_slow_answer_at_the_end(
    sandbox_with: Callable[..., Sandbox], caplog: pytest.LogCaptureFixture
) -> None:
    """It would take longer than any test may; and asyncio has nothing to complain of."""
    sandbox = sandbox_with("GET * slow:3000s")
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(arm, sandbox.world, "GET", BASE, timeout=200)
        time.sleep(1)  # it is under way; the test would pass without, too
        sandbox.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            answer.result()
    gc.collect()
    assert caplog.text == ""


def operation_of(answer: requests.Response) -> str:
    """The path of the operation that an answer has begun."""
    return answer.headers["Azure-AsyncOperation"].partition("management.azure.com")[2].partition("?")[0]


def test_connections_break(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("GET */images/base reset x1", "GET */images/base cut x1")
    with pytest.raises(requests.exceptions.ConnectionError):
        arm(sandbox.world, "GET", BASE)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        arm(sandbox.world, "GET", BASE)
    assert arm(sandbox.world, "GET", BASE).status_code == 200


def test_a_login_is_refused_in_the_logins_own_words(sandbox_with: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_with("POST */token aadsts:7000222")
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000222: The provided client secret keys"):
        client(sandbox).images.get("images", "base")


DEPLOYMENT = f"{IMAGES}/providers/Microsoft.Resources/deployments/d"
TEMPLATE = {
    "resources": [
        {
            "type": "Microsoft.Network/networkSecurityGroups",
            "apiVersion": "2022-01-01",
            "name": "nsg",
            "location": "westeurope",
            "properties": {},
        }
    ]
}


@pytest.mark.parametrize(
    ("effect", "code", "made"),
    [("quota", "OperationNotAllowed", 404), ("fail:Boom", "Boom", 404), ("partly:Boom", "Boom", 200)],
)
def test_a_resource_of_a_deployment_meets_its_fault(
    sandbox_with: Callable[..., Sandbox], effect: str, code: str, made: int
) -> None:
    sandbox = sandbox_with(f"PUT */networkSecurityGroups/* {effect}")
    begun = arm(sandbox.world, "PUT", DEPLOYMENT, json={"properties": {"template": TEMPLATE, "mode": "Incremental"}})
    assert begun.json()["properties"]["provisioningState"] == "Accepted"
    ended = arm(sandbox.world, "GET", operation_of(begun)).json()
    assert (ended["status"], ended["error"]["code"]) == ("Failed", "DeploymentFailed")
    assert ended["error"]["details"][0]["code"] == code
    nsg = f"{IMAGES}/providers/Microsoft.Network/networkSecurityGroups/nsg"
    assert arm(sandbox.world, "GET", nsg).status_code == made
