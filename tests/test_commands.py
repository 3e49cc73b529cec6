"""Names of commands: those that exist, and those that were meant."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from imagesmith.cli import command
from imagesmith.results import ExitCode

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["validat", "t.json"], "No such command 'validat'. Did you mean 'validate'?"),
        (["toolchain", "instal"], "No such command 'instal'. Did you mean 'install'?"),
        (["zzz"], "No such command 'zzz'.\n"),
    ],
    ids=["near", "below-another", "far"],
)
def test_a_command_that_does_not_exist_is_told_with_a_near_one(wrong: list[str], said: str) -> None:
    done = CliRunner().invoke(command, wrong)
    assert (done.exit_code, done.exception.__class__) == (2, SystemExit)
    assert said in done.output


@pytest.mark.parametrize("name", ["validate", "compile", "build", "convert", "lock"])
def test_the_help_of_a_large_command_has_sections_with_every_option_once(name: str) -> None:
    found = command.get_command(click.Context(command), name)
    assert found is not None
    text = CliRunner().invoke(command, [name, "--help"]).stdout
    headings = re.findall(r"^([A-Z][^:\n]+):$", text, re.MULTILINE)
    assert headings[:2] == ["Options", "Template"]
    assert len(headings) == len(set(headings)) >= 3
    for option in (one for one in found.params if isinstance(one, click.Option)):
        name_at_start = rf"^  (?:-\w, )?{re.escape(option.opts[-1])}(?= |$)"
        assert len(re.findall(name_at_start, text, re.MULTILINE)) == 1, option.opts
    assert not re.search(r"^  FILE$", text, re.MULTILINE)  # an argument is no option


@pytest.mark.parametrize(
    ("template", "code", "told"),
    [
        ("examples/broken.json", ExitCode.TEMPLATE, ["IMG335"]),
        ("examples/web-server.json", ExitCode.TOOLCHAIN, ["IMG410", "IMG701"]),
        ("no-such-file.json", ExitCode.TEMPLATE, ["IMG001"]),
    ],
    ids=["wrong", "right", "no-file"],
)
def test_a_build_without_packer_tells_what_is_wrong_with_the_template_first(
    template: str, code: ExitCode, told: list[str], tmp_path: Path
) -> None:
    nowhere = {"PATH": "/usr/bin", "IMAGESMITH_PACKER": str(tmp_path / "packer"), "IMAGESMITH_STATE_DIR": str(tmp_path)}
    done = CliRunner(env=nowhere).invoke(
        command, ["build", str(ROOT / template), "--output", "json"], standalone_mode=False
    )
    document = json.loads(done.stdout)
    assert document["exitCode"] == done.return_value == code
    codes = [found["code"] for found in document["diagnostics"]]
    assert [one for one in codes if one in told] == told, codes
    assert ("IMG701" in codes) == (code is ExitCode.TOOLCHAIN)
