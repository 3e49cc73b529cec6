"""The table of known errors: every row is shown by a real line, and no line is taken for another row."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from imagesmith.azure.clients import AzureError, told
from imagesmith.known_errors import KNOWN_ERRORS, Where, find_known, retry_after_s
from tests.cases import FIXTURES

LINES: list[dict[str, Any]] = json.loads((FIXTURES / "known-errors" / "lines.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", LINES, ids=lambda case: f"{case['id']}: {case['line'][:30]}")
def test_line_is_explained_by_its_row(case: dict[str, Any]) -> None:
    """Also where it stands among other lines of the same output."""
    text = f"Reading package lists...\n{case['line']}\nFetched 12 kB in 3 s"
    found = find_known(text, Where(case["where"]))
    assert found is not None
    assert (found.id, found.transient) == (case["id"], case.get("transient", False))
    assert retry_after_s(text) == case.get("retryAfter")


def test_every_row_is_shown_by_a_line_and_says_what_to_do() -> None:
    """In plain sentences that can stand in a message."""
    assert {row.id for row in KNOWN_ERRORS} == {case["id"] for case in LINES}
    assert len({row.id for row in KNOWN_ERRORS}) == len(KNOWN_ERRORS)
    for row in KNOWN_ERRORS:
        assert row.source, row.id
        for text in (row.cause, row.remedy):
            assert text.strip() == text, row.id
            assert not text.endswith("."), row.id
            assert "  " not in text, row.id


@pytest.mark.parametrize(
    "text",
    [
        "Script exited with non-zero exit status: 7. Allowed exit codes are: [0]",
        "1 error(s): everything is different",
        "Setting up nginx (1.18.0-6ubuntu14.4) ...",
        "",
    ],
)
def test_a_text_that_says_nothing_known_has_no_row(text: str) -> None:
    """A wrong cause is worse than none."""
    assert [find_known(text, where) for where in Where] == [None, None]


def test_a_step_that_got_over_its_first_trouble_failed_for_the_last() -> None:
    """A script may wait for apt's lock, and then fill the disk."""
    lock, full = "E: Could not get lock /var/lib/dpkg/lock-frontend", "tar: x: Cannot write: No space left on device"
    for text, id_ in ((f"{lock}\n{full}", "machine-disk-full"), (f"{full}\n{lock}", "apt-lock")):
        found = find_known(text, Where.STEP)
        assert found is not None
        assert found.id == id_


def test_what_a_script_prints_is_not_taken_for_azure_s_words() -> None:
    """A customizer may call Azure for its own ends."""
    assert find_known("Timeout waiting for SSH.", Where.STEP) is None
    assert find_known("IMAGE_STATE_COMPLETE", Where.PACKER) is None


def test_the_longest_wait_that_is_asked_for_counts() -> None:
    """Several requests may be throttled at once."""
    assert retry_after_s("Please try again after '6' seconds. Please retry after 1235 seconds.") == 1235
    assert retry_after_s("try again later") is None


def test_what_azure_answers_to_our_own_requests_is_explained_too() -> None:
    """The words stay, and the hint says what to do."""
    words = "(AuthorizationFailed) The client 'x' does not have authorization to perform action 'y'"
    with pytest.raises(AzureError) as caught, told("cannot look for the image"):
        raise HttpResponseError(words)
    found = caught.value.diagnostic
    assert found.message == f"cannot look for the image: {words}"
    assert found.hint.startswith("the login has no right to do this: give it a role")
    with pytest.raises(AzureError) as caught, told("cannot look for the image"):
        raise HttpResponseError("(Odd) never seen")
    assert "AuthorizationFailed" in caught.value.diagnostic.hint
