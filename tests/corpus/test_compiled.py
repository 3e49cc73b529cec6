"""What real templates compile to passes the Packer at hand."""

from __future__ import annotations

from pathlib import Path

from imagesmith.targets import emitted_options
from imagesmith.targets.options import BY_NAME
from tests.cases import TARGETS
from tests.corpus.templates import compiled, read_rows
from tests.packers import packer_at_hand


def test_packer_takes_every_compiled_template(tmp_path: Path) -> None:
    """`packer fmt -check` and `packer validate` with the variables of plan.json; remote files are placeholders."""
    packer = packer_at_hand(tmp_path)
    folders = []
    for number, row in enumerate(read_rows().values()):
        compilation = compiled(row.file, row.os_type, packer.target)
        if compilation.ok:
            folder = tmp_path / f"{number:02d}"
            compilation.write(folder)
            folders.append(folder)
    assert folders
    assert packer.refusals(folders) == []


def test_every_option_emitted_for_the_corpus_is_in_the_table() -> None:
    """Only options whose versions are known are written."""
    rows = read_rows().values()
    plans = [compiled(row.file, row.os_type, target).plan for row in rows for target in TARGETS.values()]
    emitted = {option for plan in plans if plan for option in emitted_options(plan)}
    assert emitted
    assert emitted <= set(BY_NAME)
