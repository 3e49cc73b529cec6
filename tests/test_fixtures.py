"""Cases as files: valid templates give exactly the expected files, invalid ones exactly the expected report."""

from __future__ import annotations

import re
import shutil
from functools import cache
from pathlib import Path

import pytest

from imagesmith.report.explain import rules
from imagesmith.report.text import render
from tests.cases import TARGETS, Case, cases, near_misses

VALID = list(cases("valid"))
INVALID = list(cases("invalid"))
COMPILE_TIME = range(600)
"""Codes below this number are found without Packer or a network; the others have tests of their own."""


_compiled = cache(Case.compile)
"""Each case once a target: some are large."""


def _name(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", VALID, ids=_name)
def test_valid_template_gives_exactly_these_files(case: Case, target: str, *, update_golden: bool) -> None:
    """Byte for byte, with the report of warnings and notes beside them."""
    compilation = _compiled(case, TARGETS[target])
    files = {**compilation.files, "report.txt": render(compilation.diagnostics, color=False).encode()}
    expected = case.folder / "expected" / target
    if update_golden:
        _write(expected, files)
    assert _read(expected) == files


@pytest.mark.parametrize("case", VALID, ids=_name)
def test_valid_template_compiles_for_the_newest_packer(case: Case) -> None:
    """A case may be beyond an old Packer, never beyond the newest."""
    assert _compiled(case, TARGETS["newest"]).ok


@pytest.mark.parametrize("case", INVALID, ids=_name)
def test_invalid_template_gives_exactly_this_report(case: Case, *, update_golden: bool) -> None:
    """Verbatim: code, place, caret, hint."""
    report = _report(case)
    expected = case.folder / "report.txt"
    if update_golden:
        expected.write_text(report, encoding="utf-8")
    assert report == expected.read_text(encoding="utf-8")


def test_every_diagnostic_has_a_fixture() -> None:
    """A code that no fixture shows is one whose message nobody has read."""
    shown = {
        code
        for case in INVALID
        for code in re.findall(r"^(?:\S.*: )?[a-z]+\[(IMG\d+)\]: ", _report(case), re.MULTILINE)
    }
    shown |= {
        found.code for case in VALID for target in TARGETS.values() for found in _compiled(case, target).diagnostics
    }
    existing = {rule.code for rule in rules() if int(rule.code[3:]) in COMPILE_TIME}
    assert shown == existing


def test_every_rule_about_a_template_has_a_near_miss() -> None:
    """A rule that nobody has seen silent may hit everything: write `near-miss.json` beside its case (`NearMiss`)."""
    about_templates = {rule.code for rule in rules() if int(rule.code[3:]) in COMPILE_TIME}
    assert {near_miss.code for near_miss in near_misses()} == about_templates


@cache
def _report(case: Case) -> str:
    if case.arguments is not None:
        return case.run()
    compilation = _compiled(case)
    return render(compilation.diagnostics, color=False, secrets=compilation.secrets)


def _read(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _write(folder: Path, files: dict[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
