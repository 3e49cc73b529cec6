"""What is asked of Azure before Packer starts: read by path, with the SDK's pipeline, from the sandbox's Azure."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from imagesmith.azure.clients import AzureError, told
from imagesmith.azure.reading import exists, listed
from imagesmith.model.ids import parse_id
from imagesmith.sandbox.faults import parse
from imagesmith.sandbox.options import SUBSCRIPTION_ID, SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.world import World
from tests.test_sandbox_azure import DEFINITION, IMAGES, NEEDS, arm, version_body


@pytest.fixture
def world_with(tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Starts a sandbox with faults; its world."""
    started: list[Sandbox] = []

    def start(*faults: str) -> World:
        options = SandboxOptions(
            state=tmp_path / "state", run_id="read", steps="record", faults=tuple(map(parse, faults))
        )
        sandbox = Sandbox(options, environment={"PATH": "/usr/bin"})
        sandbox.start()
        started.append(sandbox)
        sandbox.seed(NEEDS, os_type="Linux")
        return sandbox.world

    yield start
    for sandbox in started:
        sandbox.stop()


def test_something_is_there_or_not(world_with: Callable[..., World]) -> None:
    """Resources and resource groups, whatever the case."""
    world = world_with()
    assert exists(world, IMAGES)
    assert exists(world, parse_id(DEFINITION.upper().replace("/SUBSCRIPTIONS/", "/subscriptions/")))
    assert not exists(world, parse_id(f"{DEFINITION}/versions/1.0.0"))
    assert not exists(world, f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/nobody's (own)")


def test_a_list_is_read_to_its_last_page(world_with: Callable[..., World]) -> None:
    """Galleries have hundreds of versions; the newest may stand on the last page."""
    world = world_with()
    for number in range(120):
        arm(world, "PUT", f"{DEFINITION}/versions/1.0.{number}", json=version_body())
    names = [version["name"] for version in listed(world, f"{DEFINITION}/versions")]
    assert sorted(names) == sorted(f"1.0.{number}" for number in range(120))


def test_a_list_without_pages(world_with: Callable[..., World]) -> None:
    """The versions of a marketplace image are a bare array."""
    place = f"/subscriptions/{SUBSCRIPTION_ID}/providers/Microsoft.Compute/locations/westeurope/publishers/canonical"
    found = listed(world_with(), f"{place}/artifacttypes/vmimage/offers/o/skus/s/versions")
    assert [item["name"] for item in found] == ["22.4.1"]


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ("GET */versions 403", HttpResponseError, "AuthorizationFailed"),
        ("GET */versions 404", ResourceNotFoundError, "NotFound"),
        ("* https://login.*/token 401", ClientAuthenticationError, ""),
    ],
    ids=["refused", "gone", "no login"],
)
def test_a_refusal_is_told_in_azures_words(
    world_with: Callable[..., World], fault: str, kind: type[Exception], words: str
) -> None:
    """As the SDK's own clients raise it."""
    world = world_with(fault)
    with pytest.raises(kind, match=words or None):
        list(listed(world, f"{DEFINITION}/versions"))
    with pytest.raises(AzureError) as told_of, told("cannot list"):
        list(listed(world, f"{DEFINITION}/versions"))
    assert told_of.value.diagnostic.code == "IMG811"


def test_an_answer_that_fails_by_itself_is_asked_for_again(world_with: Callable[..., World]) -> None:
    """As the SDK does it."""
    assert exists(world_with("GET */images/def 503:0 x2"), DEFINITION)


def test_reading_loads_no_models() -> None:
    """They take longer than all the rest of a run's start."""
    code = (
        "import sys\nfrom imagesmith.azure import reading, versions\nfrom imagesmith.build import preflight\n"
        "from azure.mgmt.core import ARMPipelineClient\n"
        "print([name for name in sys.modules if name.startswith('azure.mgmt.') and 'core' not in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
