"""What is remembered of program files, and what makes it be found out anew."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from imagesmith.toolchain import find
from imagesmith.toolchain.remembered import remembered
from tests.packers import CACHE

ELF = b"\x7fELF"


def program(path: Path, content: bytes = ELF) -> Path:
    """A file that looks like a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


class Asked:
    """Answers with a new number each time."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> str:
        self.count += 1
        return str(self.count)


def test_a_fact_is_found_out_once(tmp_path: Path) -> None:
    """Each fact for itself, and in a file that is its owner's alone."""
    path, asked = program(tmp_path / "packer"), Asked()
    cache = tmp_path / "new" / "cache"
    assert [remembered(path, "version", cache, asked) for _ in range(3)] == ["1", "1", "1"]
    assert remembered(path, "sha256", cache, asked) == "2"
    kept = list(cache.glob("programs/*"))
    assert [oct(one.stat().st_mode)[-3:] for one in kept] == ["600", "600"]
    assert remembered(path, "version", None, asked) == "3", "nothing is kept without a cache"


def _written_anew(path: Path) -> None:
    before = path.stat()
    program(path, ELF + b"x")
    program(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def _replaced(path: Path) -> None:
    program(path.with_name("other"), path.read_bytes()).replace(path)


def _linked(path: Path) -> None:
    path.rename(path.with_name("packer-2"))
    path.symlink_to("packer-2")


@pytest.mark.parametrize("change", [_written_anew, _replaced, _linked], ids=lambda change: change.__name__)
def test_a_file_that_is_another_is_asked_again(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Also where its size and its time of change are what they were."""
    path, asked = program(tmp_path / "packer"), Asked()
    assert remembered(path, "version", tmp_path / "cache", asked) == "1"
    change(path)
    assert remembered(path, "version", tmp_path / "cache", asked) == "2"


def test_what_may_start_another_program_tomorrow_is_asked_every_time(tmp_path: Path) -> None:
    """Scripts, and links to the program of a version manager."""
    asked = Asked()
    script = program(tmp_path / "packer", b"#!/bin/sh\n")
    manager = tmp_path / "shims" / "packer"
    manager.parent.mkdir()
    manager.symlink_to(program(tmp_path / "mise"))
    found = [remembered(path, "version", tmp_path / "cache", asked) for path in (script, script, manager, manager)]
    assert found == ["1", "2", "3", "4"]


def test_a_file_that_changes_while_it_is_asked_is_not_remembered(tmp_path: Path) -> None:
    """The answer may have been that of either."""
    path = program(tmp_path / "packer")

    def asked() -> str:
        _replaced(path)
        return "old"

    assert remembered(path, "version", tmp_path / "cache", asked) == "old"
    assert remembered(path, "version", tmp_path / "cache", lambda: "new") == "new"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"program": 1}', "[" * 5000], ids=repr)
def test_a_damaged_cache_is_no_obstacle(tmp_path: Path, text: str) -> None:
    path, asked = program(tmp_path / "packer"), Asked()
    remembered(path, "version", tmp_path / "cache", asked)
    (kept,) = (tmp_path / "cache").glob("programs/*")
    kept.write_text(text)
    assert remembered(path, "version", tmp_path / "cache", asked) == "2"


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path) -> None:
    path = program(tmp_path / "packer")
    assert remembered(path, "version", program(tmp_path / "file") / "cache", lambda: "1") == "1"


def test_a_build_does_not_start_a_packer_that_it_knows(tmp_path: Path) -> None:
    """Others do; and what is no version is asked again."""
    real = find(packer=None, environment=os.environ, cache=CACHE)
    cache = tmp_path / "cache"

    def version(*, remember: bool) -> str:
        return str(find(packer=str(real.path), environment={}, cache=cache, remember=remember).version)

    assert version(remember=True) == str(real.version)
    (kept,) = cache.glob("programs/*")
    data = json.loads(kept.read_text())
    kept.write_text(json.dumps({**data, "fact": "1.99.0"}))
    assert (version(remember=True), version(remember=False)) == ("1.99.0", str(real.version))
    kept.write_text(json.dumps({**data, "fact": "no version"}))
    assert version(remember=True) == str(real.version)
