"""What `explain` shows of advice: the example has the fault, the corrected one has not."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from imagesmith.diagnostics import Rule
from imagesmith.report.explain import rules
from imagesmith.toolchain.shells import shell_reader
from tests.linted import JAMMY, WINDOWS, advice, template

SHORTENED = {"IMG590"}
"""Examples that would help nobody if they were whole; a fixture shows these."""
RULES = [rule for rule in rules() if 500 <= int(rule.code[3:]) < 600 and rule.code not in SHORTENED]
SIGNATURE = "bm90IGEgcmVhbCBzaWduYXR1cmU"


def whole(text: str) -> str:
    """The piece of a template that an example shows, in a template."""
    piece = json.loads(text.replace("sig=…", f"sig={SIGNATURE}"))
    properties: dict[str, Any] = {"customize": [piece]} if "type" in piece else piece
    steps = properties.get("customize", [])
    kinds = {step["type"] for step in steps}
    windows = bool(kinds & {"PowerShell", "WindowsRestart", "WindowsUpdate"})
    given = properties.pop("source", {})
    windows |= bool(re.search(r": \"[A-Z]:", text)) or "datacenter" in given.get("sku", "").lower()
    base = WINDOWS if windows else JAMMY
    return template(*properties.pop("customize", []), source={**base, **given}, **properties)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_example_has_the_fault_and_the_corrected_one_has_not(rule: Rule) -> None:
    read = shell_reader({"PATH": "/usr/bin:/bin"})
    wrong = advice(whole(rule.example), strict=True, shell_reader=read)
    right = advice(whole(rule.corrected), strict=True, shell_reader=read)
    assert rule.code in {found.code for found in wrong}
    assert rule.code not in {found.code for found in right}
