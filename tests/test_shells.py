"""Real shells read scripts without running them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imagesmith.toolchain.shells import shell_reader

READ = shell_reader({"PATH": "/usr/bin:/bin"})
GOOD = "if true; then\n  echo $((1 + 2))\nfi\n"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_scripts_at_fault_are_found_among_many(shell: str) -> None:
    scripts = [(shell, GOOD)] * 9 + [(shell, "echo a\nfi\necho b")] + [(shell, GOOD)] * 5 + [(shell, "if true; then\n")]
    found = READ(scripts)
    assert [index for index, fault in enumerate(found) if fault] == [9, 15]
    assert found[9] is not None
    assert found[9].line == 2


def test_an_open_end_does_not_lean_on_the_next_script() -> None:
    found = READ([("sh", "if true; then"), ("sh", "fi"), ("sh", GOOD)])
    assert [fault is not None for fault in found] == [True, True, False]


def test_nothing_is_run(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    assert READ([("sh", f"touch {trace}"), ("bash", f"touch {trace}; $(touch {trace})")]) == [None, None]
    assert not trace.exists()


def test_each_shell_reads_its_own() -> None:
    words = "names=(one two)\necho ${names[0]}"
    assert READ([("bash", words), ("bash", "f() { :; }\nf <<< x")]) == [None, None]


def test_without_a_shell_nothing_is_said() -> None:
    assert shell_reader({"PATH": ""})([("sh", "fi")]) == [None]
    assert shell_reader({})([]) == []


def test_a_shell_in_a_folder_that_everybody_may_write_to_is_not_asked(tmp_path: Path) -> None:
    program = tmp_path / "sh"
    program.write_text("#!/bin/sh\necho 'sh: 1: planted'\nexit 2\n", encoding="utf-8")
    program.chmod(0o755)
    assert shell_reader({"PATH": str(tmp_path)})([("sh", "true")]) != [None]
    os.chmod(tmp_path, 0o777)  # noqa: PTH101, S103 - the very thing that is tested
    assert shell_reader({"PATH": str(tmp_path)})([("sh", "true")]) == [None]


def test_a_shell_that_hangs_is_ended_and_says_nothing(tmp_path: Path) -> None:
    program = tmp_path / "sh"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    assert shell_reader({"PATH": f"{tmp_path}:/usr/bin:/bin"}, time_limit_s=0.2)([("sh", "fi")] * 3) == [None] * 3
