"""Options of single steps: lowered to Packer's own arguments, or refused; without them nothing changes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imagesmith.lower.tuning import PASSED_OVER, StepOptions
from imagesmith.pipeline import Compilation, CompileOptions, compile_text
from tests.cases import NOW, TARGETS
from tests.packers import packer_at_hand
from tests.test_build_run import template


def compiled(target: str = "newest", steps: dict[str, StepOptions] | None = None, **properties: Any) -> Compilation:
    """The template for a target."""
    options = CompileOptions(target=TARGETS[target], now=NOW, seed="x", step_options=steps or {})
    return compile_text(json.dumps(template(**properties)), filename="web.json", options=options)


def hcl(compilation: Compilation) -> str:
    """The build stage's HCL."""
    return compilation.files["build/image.pkr.hcl"].decode()


@pytest.mark.parametrize("target", TARGETS)
def test_retries_and_a_time_limit_are_packer_s_own_arguments(target: str) -> None:
    """Of that step alone."""
    steps = {"customize[1]": StepOptions(timeout_s=90, retries=3), "customize[2]": StepOptions(timeout_s=600.5)}
    text = hcl(compiled(target, steps))
    plain = hcl(compiled(target))
    added = [
        line.split() for line in text.splitlines() if line.split() not in [one.split() for one in plain.splitlines()]
    ]
    assert added == [["max_retries", "=", "3"], ["timeout", "=", '"90s"'], ["timeout", "=", '"600.5s"']]


def test_without_options_the_files_are_the_same_bytes() -> None:
    """And with options of one step, every other file."""
    plain, tuned = compiled(), compiled(steps={"customize[0]": StepOptions(retries=1)})
    assert compiled(steps={}).files == plain.files
    changed = {name for name in plain.files if plain.files[name] != tuned.files[name]}
    assert changed == {"build/image.pkr.hcl", "plan.json"}


def test_going_on_ends_the_command_well_and_says_so() -> None:
    """With whatever command the step had."""
    steps = {"customize[0]": StepOptions(passed_over=True)}
    text = hcl(compiled(steps=steps))
    assert f"test $status -eq 0 || echo '{PASSED_OVER}' $status" in text
    assert text.count("status=$?") == 1
    fetched = hcl(
        compiled(
            steps=steps,
            customize=[{"type": "Shell", "scriptUri": "https://fabrikam.example/a.sh"}],
        )
    )
    assert "sudo -n -E {{ .Path }}; status=$?" in fetched
    options = CompileOptions(now=NOW, seed="x", step_options=steps, secrets=("TOKEN",))
    secret = hcl(compile_text(json.dumps(template()), filename="web.json", options=options))
    assert ". {{ .EnvVarFile }} && {{ .Path }}; status=$?" in secret


@pytest.mark.parametrize(
    ("step", "properties"),
    [
        ("customize[1]", {}),
        (
            "customize[0]",
            {
                "source": {"type": "PlatformImage", "publisher": "MicrosoftWindowsServer", "offer": "o", "sku": "s"},
                "customize": [{"type": "PowerShell", "inline": ["exit 1"]}],
            },
        ),
    ],
    ids=["File", "PowerShell"],
)
def test_where_the_build_cannot_go_on_that_is_told_at_the_step(step: str, properties: dict[str, Any]) -> None:
    """With what works instead."""
    compilation = compiled(steps={step: StepOptions(passed_over=True)}, **properties)
    (found,) = [one for one in compilation.diagnostics if one.is_error]
    assert found.code == "IMG851"
    assert found.span is not None
    assert "validExitCodes" in found.hint


@pytest.mark.parametrize("step", ["customize[7]", "deprovision", "", "customize"])
def test_a_step_that_is_not_there_is_told_with_those_that_are(step: str) -> None:
    """Our own steps are nobody's to tune."""
    compilation = compiled(steps={step: StepOptions(retries=1)})
    (found,) = [one for one in compilation.diagnostics if one.is_error]
    assert found.code == "IMG850"
    assert "customize[0], customize[1], customize[2]" in found.hint


def test_the_packer_at_hand_takes_the_arguments(tmp_path: Path) -> None:
    """`fmt -check` and `validate` of the real one."""
    packer = packer_at_hand(tmp_path)
    steps = {
        "customize[0]": StepOptions(timeout_s=5, retries=2, passed_over=True),
        "customize[1]": StepOptions(timeout_s=5, retries=2),
    }
    options = CompileOptions(target=packer.target, now=NOW, seed="x", step_options=steps)
    compilation = compile_text(json.dumps(template()), filename="web.json", options=options)
    compilation.write(tmp_path / "out")
    assert packer.refusals([tmp_path / "out"]) == []


def test_a_settings_file_says_the_same_as_the_options(tmp_path: Path) -> None:
    """The option wins."""
    (tmp_path / "web.json").write_text(json.dumps(template()))
    (tmp_path / "imagesmith.toml").write_text(
        'step-timeout = { "customize[0]" = "90s", "customize[2]" = "5m" }\n'
        'step-retries = { "customize[2]" = 2 }\ncontinue = ["customize[0]"]\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "imagesmith", "compile", "web.json", "-o", "out", "--step-timeout", "customize[0]=7s"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "out" / "build" / "image.pkr.hcl").read_text()
    for line in ('timeout = "7s"', 'timeout = "300s"', "max_retries = 2", PASSED_OVER):
        assert line in " ".join(text.split()), line
