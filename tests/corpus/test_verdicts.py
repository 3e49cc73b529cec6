"""Every real template is read, and either compiles or gets the diagnostics that stand in the table of verdicts."""

from __future__ import annotations

import pytest

from tests.corpus.templates import FILES, VERDICTS, Row, judged, read_rows, written


@pytest.fixture(scope="session")
def rows(*, update_golden: bool) -> dict[str, Row]:
    """The table as it stands; with --update-golden written anew but for what people write in it."""
    known = {file: read_rows().get(file, Row(file=file)) for file in FILES}
    if update_golden:
        known = {file: judged(row) for file, row in known.items()}
        VERDICTS.write_text(written(known.values()), encoding="utf-8")
    return known


@pytest.mark.parametrize("file", FILES, ids=str)
def test_verdict_is_the_one_in_the_table(rows: dict[str, Row], file: str) -> None:
    """A change shows as a difference between two rows."""
    assert judged(rows[file]) == rows[file]


@pytest.mark.parametrize("file", FILES, ids=str)
def test_verdict_has_a_reason(rows: dict[str, Row], file: str) -> None:
    """Somebody has read the file and the report, and says whether they fit."""
    assert rows[file].reason


def test_table_has_the_files_of_the_corpus_and_no_others() -> None:
    """In order, each once."""
    assert list(read_rows()) == list(FILES)


@pytest.mark.parametrize("file", FILES, ids=str)
def test_errors_have_a_place(rows: dict[str, Row], file: str) -> None:
    """Every error points into the file."""
    errors = rows[file].codes if rows[file].verdict == "diagnostics" else ""
    assert bool(errors) == bool(rows[file].lines)
