"""HCL literals against the real evaluator: one `packer console` evaluates a whole batch."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith import hcl

HOSTILE = st.sampled_from(
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
TEXTS = st.lists(st.one_of(st.text(), st.lists(HOSTILE | st.text(max_size=3)).map("".join)), min_size=100, max_size=200)


def evaluate(packer: str, folder: Path, literals: list[str]) -> list[str]:
    """What Packer makes of literals."""
    (folder / "empty.pkr.hcl").write_text("")
    done = subprocess.run(
        [packer, "console", "--config-type=hcl2", str(folder)],
        input=f"jsonencode([{', '.join(literals)}])\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "CHECKPOINT_DISABLE": "1", "TMPDIR": str(folder)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    values: list[str] = json.loads(done.stdout)
    return values


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(TEXTS)
def test_every_text_evaluates_to_itself(packer: str, tmp_path_factory: object, texts: list[str]) -> None:
    """Exactly, or it is refused before it gets there."""
    fit = [text for text in texts if hcl.unfit(text) is None]
    folder = tmp_path_factory.mktemp("console")  # type: ignore[attr-defined]
    assert evaluate(packer, folder, [str(hcl.quote(text)) for text in fit]) == fit
