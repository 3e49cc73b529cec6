"""The other side of every rule: the smallest change to a case that raises it, after which it is not raised any more."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from imagesmith.report.explain import rules
from tests.cases import TARGETS, Case, NearMiss, near_misses

NEAR_MISSES = list(near_misses())


@cache
def codes(case: Case) -> frozenset[str]:
    """What a case raises; a valid one, for any of its targets."""
    if case.folder.parent.name == "invalid" or "target" in case.settings:
        return frozenset(found.code for found in case.compile().diagnostics)
    return frozenset(found.code for target in TARGETS.values() for found in case.compile(target).diagnostics)


def _name(near_miss: NearMiss) -> str:
    return f"{near_miss.code}-{near_miss.case.name}"


@pytest.mark.parametrize("near_miss", NEAR_MISSES, ids=_name)
def test_a_near_miss_does_not_raise_the_code(near_miss: NearMiss, tmp_path: Path) -> None:
    """And nothing else either: a change that breaks the template elsewhere would prove nothing."""
    before = codes(near_miss.case)
    assert near_miss.code in before
    after = frozenset(found.code for found in near_miss.make(tmp_path).compile().diagnostics)
    assert near_miss.code not in after
    assert after <= before | near_miss.raises


def test_every_rule_about_a_template_has_a_near_miss() -> None:
    """A rule whose near miss nobody has written may hit everything."""
    about_templates = {rule.code for rule in rules() if int(rule.code[3:]) in range(500, 600)}
    assert about_templates <= {near_miss.code for near_miss in NEAR_MISSES}
