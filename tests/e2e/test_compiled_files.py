"""What our own cases compile to passes the Packer at hand, in its own words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.cases import TARGETS, cases
from tests.packers import packer_at_hand

from imagesmith.targets import Target


def test_packer_takes_what_the_cases_compile_to(tmp_path: Path) -> None:
    """`packer fmt -check` and `packer validate` with the variables of plan.json."""
    packer = packer_at_hand(tmp_path)
    folders = list(_folders(packer.target, tmp_path))
    assert folders
    assert packer.refusals(folders) == []


def _folders(target: Target, place: Path) -> Iterator[Path]:
    """The expected files of each case; for a Packer that no files are kept of, what the case compiles to."""
    known = next((name for name, one in TARGETS.items() if one == target), None)
    for case in cases("valid"):
        if known:
            folder = case.folder / "expected" / known
        elif (compilation := case.compile(target)).ok:
            folder = place / case.name
            compilation.write(folder)
        else:
            continue
        if (folder / "plan.json").exists():
            yield folder
