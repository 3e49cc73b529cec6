"""What real templates compile to passes the Packer at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagesmith.targets import NEWEST, emitted_options
from imagesmith.targets.options import BY_NAME
from tests.cases import TARGETS
from tests.corpus.templates import EXAMPLES, compiled, filled_example, read_rows
from tests.packers import packer_at_hand


def test_packer_takes_every_compiled_template(tmp_path: Path) -> None:
    """`packer fmt -check` and `packer validate` with the variables of plan.json; remote files are placeholders."""
    packer = packer_at_hand(tmp_path)
    compilations = [compiled(row.file, row.os_type, packer.target) for row in read_rows().values()]
    compilations += [filled_example(file, packer.target) for file in EXAMPLES]
    folders = []
    for number, compilation in enumerate(compilations):
        if compilation.ok:
            folders.append(tmp_path / f"{number:02d}")
            compilation.write(folders[-1])
    assert folders
    assert packer.refusals(folders) == []


def test_every_option_emitted_for_the_corpus_is_in_the_table() -> None:
    """Only options whose versions are known are written."""
    rows = read_rows().values()
    plans = [compiled(row.file, row.os_type, target).plan for row in rows for target in TARGETS.values()]
    emitted = {option for plan in plans if plan for option in emitted_options(plan)}
    assert emitted
    assert emitted <= set(BY_NAME)


@pytest.mark.parametrize("file", EXAMPLES, ids=str)
def test_example_of_the_rest_reference_compiles_with_its_places_filled(file: str) -> None:
    """What the verdicts have against them is only what the reader was to fill in."""
    assert [found.message for found in filled_example(file, NEWEST).diagnostics if found.is_error] == []
