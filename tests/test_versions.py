"""Versions of Packer and its plugins compare as semantic versioning says."""

from itertools import pairwise

import pytest

from imagesmith.versions import Version


def test_versions_are_ordered_by_number_and_not_by_text() -> None:
    texts = ["1.16.0", "1.6.6", "1.10.1", "2.6.3", "1.9.5", "2.6.4-dev", "2.6.4"]
    assert [str(version) for version in sorted(map(Version.parse, texts))] == [
        "1.6.6",
        "1.9.5",
        "1.10.1",
        "1.16.0",
        "2.6.3",
        "2.6.4-dev",
        "2.6.4",
    ]


def test_prereleases_follow_the_order_of_the_specification() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"]
    versions = [Version.parse(text) for text in texts]
    assert all(earlier < later for earlier, later in pairwise(versions))


@pytest.mark.parametrize(
    ("text", "written"), [("v2.6.3", "2.6.3"), ("1.7", "1.7.0"), (" 1.9.5\n", "1.9.5"), ("1.16.0+ent", "1.16.0")]
)
def test_common_spellings_are_read(text: str, written: str) -> None:
    assert str(Version.parse(text)) == written


@pytest.mark.parametrize("text", ["", "packer", "1.", "1.2.3.4", "1.2.3-", "-1", "1.2.x", "9" * 5000])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        Version.parse(text)


def test_equal_versions_are_one_key() -> None:
    assert {Version.parse("1.7"), Version.parse("1.7.0")} == {Version(1, 7)}
    assert Version(1, 7) >= Version.parse("1.7.0")
