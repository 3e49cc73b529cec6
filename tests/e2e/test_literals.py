"""HCL literals against the real evaluator: one call of Packer evaluates a whole batch."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.e2e.texts import HOSTILE, arrive, evaluate

from imagesmith import hcl

PIECES = st.sampled_from(
    [
        '"',
        "\\",
        "\n",
        "\r\n",
        "${",
        "%{",
        "$${",
        "{{",
        "}}",
        "`",
        "EOT\n",
        "<<EOT",
        "é",
        "😀",
        "\x01",
        "\x7f",
        "\u2028",
        "'",
    ]
)
TEXTS = st.lists(st.one_of(st.text(), st.lists(PIECES | st.text(max_size=3)).map("".join)), min_size=100, max_size=200)
ALL_CHARACTERS = [
    text for start in range(1, 0x3000, 64) if hcl.unfit(text := "".join(map(chr, range(start, start + 64)))) is None
]

_settings = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@_settings
@given(TEXTS)
def test_every_text_evaluates_to_itself(
    packer: Any, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """Exactly, or it is refused before it gets there."""
    fit = [text for text in texts if hcl.unfit(text) is None]
    folder = tmp_path_factory.mktemp("console")
    assert evaluate(packer, folder, [str(hcl.quote(text)) for text in fit]) == fit
    shutil.rmtree(folder)


@_settings
@given(TEXTS)
def test_every_text_survives_being_rendered(
    packer: Any, tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    """What goes to an option that a plugin renders comes out as it was."""
    fit = [text for text in texts if hcl.unfit(text) is None]
    folder = tmp_path_factory.mktemp("rendered")
    assert arrive(packer, folder, [str(hcl.literal(hcl.Rendered(text))) for text in fit]) == fit
    shutil.rmtree(folder)


def test_every_character_survives(packer: Any, tmp_path: Path) -> None:
    """Each control character, each sign, and the letters of most alphabets."""
    assert len(ALL_CHARACTERS) > 100
    texts = [*ALL_CHARACTERS, *HOSTILE, "x" + "\u0320" * 30]
    assert arrive(packer, tmp_path, [str(hcl.literal(hcl.Rendered(text))) for text in texts]) == texts


@pytest.mark.parametrize("text", ["a\0b", "e\u0301", "\ud800", "\u212b", "x" + "\u0320" * 31])
def test_what_hcl_cannot_hold_is_refused(text: str) -> None:
    """NUL, text that HCL would normalise or break up, and half a surrogate pair: with the reason."""
    assert hcl.unfit(text)
    with pytest.raises(ValueError, match=r"it (holds|is not)"):
        hcl.quote(text)
