"""Names of commands: those that exist, and those that were meant."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from imagesmith.cli import command


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
