"""The real Packer refuses files as it starts to build, before it asks Azure for anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from tests.packers import CACHE

from imagesmith.build import build_image, target_of
from imagesmith.events import ExitCode, RunResult
from imagesmith.model import OsType
from imagesmith.pipeline import CompileOptions, compile_template
from imagesmith.sandbox.options import SandboxOptions
from imagesmith.sandbox.session import Sandbox
from imagesmith.toolchain import Packer, find

TEMPLATE = Path(__file__).resolve().parents[2] / "examples" / "web-server.json"
MISTAKES: Mapping[str, tuple[str, str, str]] = {
    "builder": ("vm_size ", "nonsense = 1\n  vm_size ", 'named "nonsense" is not expected'),
    "builder's own rule": ('"Linux"', '"Minix"', "os_type"),
    "provisioner": ('provisioner "shell" {', 'provisioner "shell" {\n    nonsense = 1', 'named "nonsense" is not'),
    "provisioner's own rule": ("/scripts/", "/missing/", "Bad script"),
    "unknown provisioner": ('provisioner "shell" {', 'provisioner "shellx" {', 'Unknown provisioner type "shellx"'),
    "post-processor": ('post-processor "manifest" {', 'post-processor "manifest" {\n    nonsense = 1', "nonsense"),
}
"""What is written in the place of what, and what Packer says of it."""


def at_hand() -> Packer:
    """The Packer that the tests are given."""
    return find(packer=None, environment=os.environ, cache=CACHE)


def careless(packer: Packer, folder: Path, stage: str, old: str, new: str) -> Packer:
    """The real Packer behind a program that first writes a mistake into a stage's file."""
    program = folder / "packer"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nfrom pathlib import Path\n"
        f'file = Path("image.pkr.hcl")\nif Path.cwd().name == {stage!r}:\n'
        f"    text = file.read_text()\n    assert {old!r} in text\n"
        f"    file.write_text(text.replace({old!r}, {new!r}, 1))\n"
        f"os.execv({str(packer.path)!r}, [{str(packer.path)!r}, *sys.argv[1:]])\n"
    )
    program.chmod(0o755)
    return replace(packer, path=program)


def run(packer: Packer, folder: Path) -> tuple[RunResult, list[str]]:
    """A build with validators, and which changes somebody wanted in Azure."""
    made = compile_template(TEMPLATE, options=CompileOptions(target=target_of(packer), os_type=OsType.LINUX))
    options = SandboxOptions(state=folder / "sandbox", run_id="e2e", steps="record")
    with Sandbox(options, environment=os.environ) as sandbox:
        assert made.plan is not None, made.diagnostics
        sandbox.seed(made.plan.needs, os_type="Linux", location=made.plan.location)
        result = build_image(made, packer=packer, world=sandbox.world, run_directory=folder / "runs" / "r")
        asked = [f"{seen.method} {seen.path}" for seen in sandbox.requests if seen.method in {"PUT", "PATCH", "DELETE"}]
    return result, asked


@pytest.mark.parametrize("name", MISTAKES)
def test_packer_refuses_to_build_before_it_asks_for_anything(tmp_path: Path, name: str) -> None:
    old, new, words = MISTAKES[name]
    result, asked = run(careless(at_hand(), tmp_path, "build", old, new), tmp_path)
    assert (result.exit_code, asked) == (ExitCode.TOOLCHAIN, []), result.message
    assert [found.code for found in result.diagnostics if found.is_error] == ["IMG820"]
    assert result.message.startswith("packer build: Error: ")
    assert words in result.message
    assert result.leftovers == ()


def test_files_of_the_validate_stage_are_refused_while_the_first_one_is_built(tmp_path: Path) -> None:
    """And nothing of that one stays."""
    old, new, words = MISTAKES["builder"]
    result, _ = run(careless(at_hand(), tmp_path, "validate", old, new), tmp_path)
    assert result.exit_code is ExitCode.TOOLCHAIN, result.message
    assert result.message.startswith("packer validate: Error: Unsupported argument")
    assert words in result.message
    assert (result.outputs, result.leftovers) == ((), ())
