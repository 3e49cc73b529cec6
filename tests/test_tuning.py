"""Options of single steps: lowered to Packer's own arguments, or refused; without them nothing changes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagesmith.lower.passing import (
    PASSED_OVER,
    Passing,
    passing_shell,
    read_passing_powershell,
    read_passing_shell,
)
from imagesmith.lower.tuning import StepOptions
from imagesmith.pipeline import Compilation, CompileOptions, compile_text
from imagesmith.targets import emitted_options
from imagesmith.targets.options import BY_NAME, OF_ANY_PROVISIONER
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


@pytest.mark.parametrize("target", TARGETS)
def test_what_serves_a_step_has_its_options_too(target: str) -> None:
    """A folder comes as an archive, which a step of ours unpacks; a file's folder is made by one."""
    steps = {f"customize[{index}]": StepOptions(timeout_s=90, retries=3) for index in (0, 1)}
    files = [{"type": "File", "sourceUri": source, "destination": "/srv/site/a"} for source in ("a/", "a", "b/")]
    plan = compiled(target, steps, customize=files).plan
    assert plan
    blocks = {step.id: step.blocks[0] for step in plan.stages[0].steps if step.id.startswith("customize")}
    given = {id_: (block.get("timeout"), block.get("max_retries")) for id_, block in blocks.items()}
    assert given == {
        "customize[0]": ("90s", 3),
        "customize[0].unpack": ("90s", 3),
        "customize[1].folder": ("90s", 3),
        "customize[1]": ("90s", 3),
        "customize[2]": (None, None),
        "customize[2].unpack": (None, None),
    }


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


WINDOWS: dict[str, Any] = {  # parts of a template
    "source": {"type": "PlatformImage", "publisher": "MicrosoftWindowsServer", "offer": "o", "sku": "s"},
    "customize": [
        {"type": "PowerShell", "inline": ["exit 1"]},
        {"type": "PowerShell", "inline": ["exit 1"], "runElevated": True, "validExitCodes": [0, 3010, -1]},
        {"type": "PowerShell", "scriptUri": "https://fabrikam.example/a.ps1", "runElevated": True, "runAsSystem": True},
        {"type": "WindowsRestart"},
        {"type": "WindowsUpdate"},
        {"type": "File", "sourceUri": "site/", "destination": "C:\\site"},
    ],
}


POWERSHELL = {**WINDOWS, "customize": WINDOWS["customize"][:3]}


@pytest.mark.parametrize("target", TARGETS)
def test_going_on_after_powershell_runs_it_in_a_process_of_its_own(target: str) -> None:
    """By the option that Packer reads for it; its own clean-up keeps its own command."""
    steps = {f"customize[{index}]": StepOptions(passed_over=True, retries=2 * index) for index in range(3)}
    compilation = compiled(target, steps, **POWERSHELL)
    assert compilation.plan, compilation.diagnostics
    blocks = [dict(step.blocks[0].attributes) for step in compilation.plan.stages[0].steps[1:4]]
    for block, option, valid, retries in zip(
        blocks,
        ("execute_command", "elevated_execute_command", "elevated_execute_command"),
        ({0}, {0, 3010}, {0}),
        (0, 2, 4),
        strict=True,
    ):
        assert [name for name in block if name.endswith("execute_command")] == [option]
        line = str(block[option]).replace("{{ .Path }}", "c:/script.ps1").replace("{{ .Vars }}", "c:/vars.ps1")
        assert read_passing_powershell(line) == Passing(
            script="c:/script.ps1",
            variables="c:/vars.ps1",
            valid=frozenset(valid),
            retries=retries,
            tries=f"c:/Windows/Temp/imagesmith-tries-customize-{retries // 2}" if retries else "",
        )
        assert line.count('"') == 2  # one argument, for cmd.exe and for PowerShell
        assert "%" not in line
        assert len(line) < 2000


def test_going_on_keeps_the_secrets_of_a_powershell_step() -> None:
    """They come in the file of variables, in a form of their own."""
    options = CompileOptions(
        now=NOW, seed="x", step_options={"customize[0]": StepOptions(passed_over=True)}, secrets=("TOKEN",)
    )
    compilation = compile_text(json.dumps(template(**POWERSHELL)), filename="web.json", options=options)
    assert compilation.plan, compilation.diagnostics
    block = dict(compilation.plan.stages[0].steps[1].blocks[0].attributes)
    assert {"environment_vars", "env_var_format", "execute_command"} <= set(block)
    assert ". {{ .Vars }}; &'{{ .Path }}'" in str(block["execute_command"])


def with_everything(**properties: Any) -> Compilation:
    """A template compiled with all that a caller can want of its steps."""
    every = StepOptions(timeout_s=90, retries=1, passed_over=True)
    steps = {"customize[0]": every, "customize[2]": every}
    options = CompileOptions(now=NOW, seed="x", step_options=steps, secrets=("TOKEN",))
    return compile_text(json.dumps(template(**properties)), filename="web.json", options=options)


@pytest.mark.parametrize("properties", [{}, POWERSHELL], ids=["Linux", "Windows"])
def test_what_stands_in_no_table_of_options_is_of_packer_s_core(properties: dict[str, Any]) -> None:
    """Only options whose versions are known are written."""
    compilation = with_everything(**properties)
    assert compilation.plan, compilation.diagnostics
    unknown = {name for component, name in set(emitted_options(compilation.plan)) - set(BY_NAME)}
    assert unknown == OF_ANY_PROVISIONER


@pytest.mark.parametrize(
    ("step", "properties", "said", "hint"),
    [
        ("customize[1]", {}, "the upload is Packer's own", "told before the build"),
        ("customize[3]", WINDOWS, "Packer itself waits for the machine", "restartTimeout"),
        ("customize[4]", WINDOWS, "the plugin itself searches", "in a PowerShell step"),
        ("customize[5]", WINDOWS, "the upload is Packer's own", "told before the build"),
    ],
    ids=["File", "WindowsRestart", "WindowsUpdate", "folder"],
)
def test_where_the_build_cannot_go_on_that_is_told_at_the_step(
    step: str, properties: dict[str, Any], said: str, hint: str
) -> None:
    """With the reason, and what works instead."""
    compilation = compiled(steps={step: StepOptions(passed_over=True)}, **properties)
    (found,) = [one for one in compilation.diagnostics if one.is_error]
    assert found.code == "IMG851"
    assert found.span is not None
    assert said in found.message
    assert hint in found.hint


@pytest.mark.parametrize(
    ("script", "retries", "codes", "said"),
    [
        ("exit 0", 0, [0], None),
        ("exit 4", 0, [0], "4"),
        ("exit 0", 2, [0], None),
        ("exit 4", 2, [4, 4, 0], "4"),
        ("echo x >> ran; test $(wc -l < ran) -eq 2", 2, [1, 0], None),
        ("kill -9 $$", 1, [137, 0], "137"),
    ],
)
def test_a_shell_step_is_tried_again_before_it_is_passed_over(
    tmp_path: Path, script: str, retries: int, codes: list[int], said: str | None
) -> None:
    """By the command itself, in a real sh; Packer tries again what fails. What counts the tries is gone at the end."""
    file = tmp_path / "script.sh"
    file.write_text(f"#!/bin/sh\n{script}\n")
    line = passing_shell("chmod +x {{ .Path }}; {{ .Path }}", "customize[0]", retries=retries)
    line = line.replace("{{ .Path }}", str(file)).replace("/tmp/imagesmith", str(tmp_path / "imagesmith"))
    runs = [
        subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
        for _ in codes
    ]
    assert [run.returncode for run in runs] == codes
    assert [run.stdout for run in runs if run.stdout] == ([f"{PASSED_OVER} {said}\n"] if said else [])
    assert not list(tmp_path.glob("imagesmith*"))
    passing = read_passing_shell(line)
    assert passing
    assert passing.retries == retries
    assert read_passing_shell(f"{line}; true") is None


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
    linux = compile_text(json.dumps(template()), filename="web.json", options=options)
    steps = {f"customize[{index}]": StepOptions(retries=index, passed_over=True) for index in range(3)}
    text = json.dumps(template(**POWERSHELL))
    windows = compile_text(text, filename="web.json", options=replace(options, step_options=steps))
    for name, compilation in (("linux", linux), ("windows", windows)):
        compilation.write(tmp_path / name)
    assert packer.refusals([tmp_path / "linux", tmp_path / "windows"]) == []


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
