"""The table of Packer's options against what the sources of all versions say."""

from __future__ import annotations

import csv

import pytest

from imagesmith.targets.options import OPTIONS, Option
from imagesmith.versions import Version
from tests.corpus.templates import REFERENCE

AZURE = [option for option in OPTIONS if option.component == "azure-arm"]
OF_PACKER = [option for option in OPTIONS if option.component not in {"azure-arm", "windows-update"}]
"""The windows-update plugin is somebody else's and has had the same options in every version."""


def _name(option: Option) -> str:
    return f"{option.component}.{option.name}"


@pytest.fixture(scope="module")
def azure() -> dict[str, dict[str, str]]:
    """The options of azure-arm by name."""
    with (REFERENCE / "azure-arm-options.csv").open(encoding="utf-8", newline="") as file:
        return {row["option"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def packer() -> dict[tuple[str, str], dict[str, str]]:
    """The options of Packer's own components by component and name."""
    with (REFERENCE / "packer-options.csv").open(encoding="utf-8", newline="") as file:
        return {(row["component"].split()[-1], row["option"]): row for row in csv.DictReader(file)}


@pytest.mark.parametrize("option", AZURE, ids=_name)
def test_azure_option_has_its_first_version(azure: dict[str, dict[str, str]], option: Option) -> None:
    """In the plugin, and in the azure-arm that is built into Packer 1.6.6; none of them was removed."""
    row = azure[option.name]
    found = (Version.parse(row["first_plugin_version"]), row["in_packer_1_6_6"], row["last_plugin_version_if_removed"])
    assert (option.azure, "yes" if option.old else "no", "") == found


@pytest.mark.parametrize("option", OF_PACKER, ids=_name)
def test_option_of_packer_has_its_first_version(packer: dict[tuple[str, str], dict[str, str]], option: Option) -> None:
    """Known from the named version on, to this day."""
    row = packer[(option.component, option.name)]
    known = [Version.parse(name) for name, answer in row.items() if name[0].isdigit() and answer == "yes"]
    asked = [Version.parse(name) for name in row if name[0].isdigit()]
    assert known == [version for version in asked if version >= option.packer]


def test_each_option_stands_once() -> None:
    """One option, one row."""
    names = [_name(option) for option in OPTIONS]
    assert sorted(set(names)) == sorted(names)
