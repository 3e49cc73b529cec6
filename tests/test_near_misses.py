"""The other side of every rule: the smallest change to a case that raises it, after which it is not raised any more."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from imagesmith.diagnostics import Severity
from imagesmith.targets import Target
from tests.cases import TARGETS, Case, NearMiss, near_misses

NEAR_MISSES = list(near_misses())
_LINE = re.compile(r"^(?:\S.*: )?(?P<severity>[a-z]+)\[(?P<code>IMG\d+)\]: ", re.MULTILINE)


def raised(case: Case, target: Target | None = None) -> dict[str, bool]:
    """The codes that a case raises, and whether each is more than a note."""
    if case.arguments is not None:
        return {match["code"]: match["severity"] != "note" for match in _LINE.finditer(case.run())}
    return {found.code: found.severity is not Severity.NOTE for found in case.compile(target).diagnostics}


def before(near_miss: NearMiss) -> dict[str, bool]:
    """The same of the case before the change; a valid one is compiled for all targets."""
    case = near_miss.case
    if case.folder.parent.name == "invalid":
        return raised(case)
    return {code: bad for target in TARGETS.values() for code, bad in raised(case, target).items()}


def _name(near_miss: NearMiss) -> str:
    return f"{near_miss.code}-{near_miss.case.name}"


@pytest.mark.parametrize("near_miss", NEAR_MISSES, ids=_name)
def test_a_near_miss_does_not_raise_the_code(near_miss: NearMiss, tmp_path: Path) -> None:
    """And no other error or warning: a change that breaks the template elsewhere would prove nothing."""
    known = before(near_miss)
    assert near_miss.code in known
    after = raised(near_miss.make(tmp_path))
    assert near_miss.code not in after
    assert {code for code, bad in after.items() if bad} <= {*known, *near_miss.raises}
