"""Names of commands: those that exist, and those that were meant."""

from __future__ import annotations

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
