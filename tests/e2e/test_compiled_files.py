"""The expected files of our own cases pass the Packer at hand, in its own words."""

from __future__ import annotations

from pathlib import Path

from tests.cases import TARGETS, cases
from tests.packers import packer_at_hand


def test_packer_takes_the_expected_files(tmp_path: Path) -> None:
    """`packer fmt -check` and `packer validate` with the variables of plan.json."""
    packer = packer_at_hand(tmp_path)
    target = "newest" if packer.target.takes_plugins else "1.6.6"
    assert target in TARGETS
    folders = [case.folder / "expected" / target for case in cases("valid")]
    compiled = [folder for folder in folders if (folder / "plan.json").exists()]
    assert compiled
    assert packer.refusals(compiled) == []
