"""Settings files: where they are looked for, what they may say, and that options and environment win over them."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.cli import command
from imagesmith.diagnostics import Severity, SourceText
from imagesmith.settings import KEYS, Settings, environment_name, find, read, settings_for
from imagesmith.settings.keys import NOT_IN_A_FILE
from imagesmith.settings.places import place_of
from tests.test_policy import TEXT


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of two folders with a template in the inner one: IMG389 (warning) and IMG410 (note)."""
    (tmp_path / ".git").mkdir()
    inner = tmp_path / "infra" / "images"
    inner.mkdir(parents=True)
    (inner / "web.json").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(*arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    given = {**os.environ, **(environment or {})}
    return CliRunner().invoke(
        command, ["validate", "infra/images/web.json", *arguments], env=given, standalone_mode=False
    )


def shown(*arguments: str, environment: Mapping[str, str] | None = None) -> list[str]:
    done = validate("--format", "json", *arguments, environment=environment)
    return sorted(one["code"] for one in json.loads(done.stdout)["diagnostics"])


def values(text: str, folder: Path) -> Settings:
    file = folder / "imagesmith.toml"
    file.write_text(text)
    found = read(file)
    assert found is not None
    return found


def test_without_a_file_nothing_is_set(folder: Path) -> None:
    assert settings_for(folder) == Settings()
    assert shown() == ["IMG389", "IMG410"]


@pytest.mark.parametrize("place", ["", "infra", "infra/images"])
def test_a_file_holds_for_the_folders_below(folder: Path, place: str) -> None:
    (folder / place / "imagesmith.toml").write_text('ignore = ["IMG410"]')
    assert shown() == ["IMG389"]


def test_pyproject_does_as_well(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.imagesmith]\nignore = ["IMG410"]')
    assert shown() == ["IMG389"]


def test_the_nearest_file_counts_alone_and_a_pyproject_without_us_is_none(folder: Path) -> None:
    (folder / "imagesmith.toml").write_text('ignore = ["IMG410"]')
    (folder / "infra/images/pyproject.toml").write_text('[tool.other]\nignore = ["IMG389"]')
    assert shown() == ["IMG389"]
    (folder / "infra/images/imagesmith.toml").write_text("")
    assert shown() == ["IMG389", "IMG410"]


def test_the_search_ends_at_the_repository(folder: Path) -> None:
    (folder / "infra/.git").write_text("gitdir: elsewhere")
    (folder / "imagesmith.toml").write_text('ignore = ["IMG410"]')
    assert find(folder / "infra/images") is None


def test_an_option_wins_over_the_environment_and_that_over_the_file(folder: Path) -> None:
    (folder / "imagesmith.toml").write_text('ignore = ["IMG410"]')
    assert shown(environment={"IMAGESMITH_IGNORE": "IMG389"}) == ["IMG410"]
    assert shown("--ignore", "IMG1", environment={"IMAGESMITH_IGNORE": "IMG389"}) == ["IMG389", "IMG410"]


def test_files_can_be_named_and_left_out(folder: Path) -> None:
    (folder / "imagesmith.toml").write_text('ignore = ["IMG410"]')
    (folder / "other.toml").write_text('ignore = ["IMG389"]')
    assert shown("--config", "other.toml") == ["IMG410"]
    assert shown("--no-config") == ["IMG389", "IMG410"]


@pytest.mark.parametrize(("threshold", "status"), [("error", 0), ("warning", 1), ("note", 1), ("never", 0)], ids=str)
def test_fail_on(folder: Path, threshold: str, status: int) -> None:
    assert validate("--fail-on", threshold).return_value == status
    (folder / "imagesmith.toml").write_text(f'fail-on = "{threshold}"')
    assert validate().return_value == status


def test_never_lets_a_check_succeed_and_a_compilation_not(folder: Path) -> None:
    """There is nothing to write for a template with errors."""
    template = folder / "infra/images/web.json"
    template.write_text(TEXT.replace('"version": "latest"', '"version": 5'))
    assert validate("--fail-on", "never").return_value == 0
    arguments = ["compile", str(template), "-o", "out", "--fail-on", "never"]
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    assert done.return_value == 1
    assert not Path("out").exists()


def test_compile_keeps_to_the_threshold(folder: Path) -> None:
    arguments = ["compile", "infra/images/web.json", "-o", "out", "--fail-on", "warning"]
    assert CliRunner().invoke(command, arguments, standalone_mode=False).return_value == 1
    assert not Path("out").exists()
    assert CliRunner().invoke(command, [*arguments, "--ignore", "IMG389"], standalone_mode=False).return_value == 0
    assert Path("out/plan.json").exists()


def test_parameters_of_the_file_are_completed_by_those_given(folder: Path) -> None:
    template = TEXT.replace('"D2s_v3"', '"<size>"').replace('"name": "Install nginx"', '"name": "<step>"')
    (folder / "infra/images/web.json").write_text(template)
    (folder / "imagesmith.toml").write_text('parameters = { size = "Standard_D2s_v3", step = "one" }')
    assert shown() == ["IMG410"]
    assert shown("-p", "size=D2s_v3") == ["IMG389", "IMG410"]


def test_templates_beside_each_other_share_what_is_wrong_with_their_settings(folder: Path) -> None:
    (folder / "infra/images/app.json").write_text(TEXT)
    (folder / "imagesmith.toml").write_text("colour = 1")
    done = validate("infra/images/app.json")
    assert done.stderr.count("IMG155") == 1


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_takes_its_example_and_nothing_odd(key: Any, tmp_path: Path) -> None:
    found = values(f"{key.name} = {key.example}\n", tmp_path)
    assert (list(found.values), found.diagnostics) == ([key.parameter], ())
    [wrong] = values(f"{key.name} = [[1]]\n", tmp_path).diagnostics
    assert wrong.code == "IMG156"
    assert wrong.message.startswith(f"'{key.name}' is ")
    assert wrong.span is not None
    assert wrong.span.text == "[[1]]"


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_an_option_and_a_variable(key: Any) -> None:
    options: dict[str | None, Any] = {}
    for name in ("validate", "build"):
        found = command.get_command(command.make_context("imagesmith", [name, "x"]), name)
        assert found is not None
        options |= {option.name: option for option in found.params}
    assert key.parameter in options
    if key.name != "parameters":
        assert options[key.parameter].envvar == environment_name(key.name)


@pytest.mark.parametrize("name", NOT_IN_A_FILE)
def test_what_runs_and_who_is_trusted_is_not_for_a_file(name: str, tmp_path: Path) -> None:
    [found] = values(f'{name} = "x"\n', tmp_path).diagnostics
    assert (found.code, found.severity) == ("IMG157", Severity.ERROR)
    assert not {key.name for key in KEYS} & set(NOT_IN_A_FILE)


def test_the_baseline_is_meant_from_the_file_on(tmp_path: Path) -> None:
    assert values('baseline = "known.json"', tmp_path).values["baseline"] == str(tmp_path / "known.json")


@pytest.mark.parametrize("content", [b"\xff", b"a = ", b"\0", b"x" * (2 << 20), b"a = " + b"[" * 5000])
def test_what_is_no_toml_is_told(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "imagesmith.toml"
    file.write_bytes(content)
    found = read(file)
    assert found is not None
    assert [one.code for one in found.diagnostics] == ["IMG154"]


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("a = 1\nb = 2", ("b",), "b"),
        ('[tool.imagesmith]\n"fail-on" = 2', ("tool", "imagesmith", "fail-on"), '"fail-on"'),
        ("[ tool . imagesmith ]\nx.y = 2", ("tool", "imagesmith", "x", "y"), "x.y"),
        ("[tool]\nimagesmith = {x = 1}", ("tool", "imagesmith", "x"), "imagesmith"),
        ("[severity]\nIMG1 = 1", ("severity",), "severity"),
    ],
)
def test_places(text: str, path: tuple[str, ...], expected: str) -> None:
    tomllib.loads(text)
    assert place_of(SourceText("t", text), path).text == expected


@given(st.text(max_size=60), st.lists(st.text(max_size=5), max_size=4))
def test_a_place_is_always_in_the_text(text: str, path: list[str]) -> None:
    span = place_of(SourceText("t", text), tuple(path))
    assert 0 <= span.start <= span.end <= len(text)
