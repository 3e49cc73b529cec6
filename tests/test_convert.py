"""A converted template means what it meant: it compiles to the same files."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.cli import command
from imagesmith.convert import Form, convert
from imagesmith.convert.texts import json_of, yaml_of
from imagesmith.pipeline import Compilation, CompileOptions, compile_document
from imagesmith.source import plain, read_text
from tests.cases import Case, cases
from tests.test_policy import TEXT

VALID = list(cases("valid"))
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
OLD_NETWORK = {"vnetConfig": {"name": "build", "resourceGroupName": "network", "subnetName": "machines"}}
"""As the preview of 2019 has it."""
SECRET = "hunter2-hunter2"  # noqa: S105 - for a test

_compiled = cache(Case.compile)


def again(text: str, name: str, options: CompileOptions) -> Compilation:
    """Compile a converted template, with nothing filled in any more."""
    document = read_text(text, filename=name)
    return compile_document(document, options=replace(options, parameters={}, parameter_files=(), name=None))


def converted(compilation: Compilation, form: Form) -> str:
    conversion = convert(compilation, form)
    assert conversion.text is not None, conversion.diagnostics
    return conversion.text


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("case", VALID, ids=lambda case: case.name)
def test_a_converted_template_compiles_to_the_same_files(case: Case, form: Form) -> None:
    compilation = _compiled(case)
    text = converted(compilation, form)
    with chdir(case.folder):
        result = again(text, f"template.{'json' if text.startswith('{') else 'yaml'}", compilation.options)
    assert [found for found in result.diagnostics if found.is_error] == []
    assert result.files == compilation.files


@pytest.mark.parametrize("case", VALID, ids=lambda case: case.name)
def test_converting_twice_changes_nothing_more(case: Case) -> None:
    first = converted(_compiled(case), Form.JSON)
    result = again(first, "template.json", _compiled(case).options)
    assert converted(result, Form.JSON) == first
    assert [found.code for found in result.diagnostics if found.code.startswith("IMG2") and found.code != "IMG229"] in (
        [],
        ["IMG202"],  # an old API version stays one
    )


def test_a_template_that_cannot_be_built_can_be_converted_and_a_broken_one_not() -> None:
    text = TEXT.replace('"location": "westeurope",\n        "run', '"location": "west-europe",\n        "run')
    compilation = again(text, "t.json", CompileOptions())
    assert not compilation.ok
    assert json.loads(converted(compilation, Form.JSON)) == json.loads(text)
    assert convert(again('{"type": ', "t.json", CompileOptions()), Form.JSON).text is None
    unknown = again(TEXT.replace('"version": "latest"', '"version": "latest", "x": 1'), "t.json", CompileOptions())
    assert convert(unknown, Form.JSON).text is None


def test_the_resource_keeps_the_language_of_its_file() -> None:
    assert converted(again(TEXT, "t.json", CompileOptions()), Form.RESOURCE).startswith("{")
    in_yaml = yaml_of(json.loads(TEXT))
    assert converted(again(in_yaml, "t.yaml", CompileOptions()), Form.RESOURCE) == in_yaml


def test_what_an_old_version_overlooks_is_left_out() -> None:
    data = json.loads(TEXT)
    data["apiVersion"] = "2022-02-14"
    data["properties"]["colour"] = "red"
    data["$schema"] = "https://example.com/schema.json"
    data["metadata"] = {"imagesmith": {"ignore": ["IMG389"]}}
    compilation = again(json.dumps(data), "t.json", CompileOptions())
    resource = json.loads(converted(compilation, Form.JSON))
    assert "colour" not in resource["properties"]
    assert list(resource) == ["type", "apiVersion", "name", "location", "identity", "properties"]


@pytest.mark.parametrize(("network", "version"), [({}, "2025-10-01"), (OLD_NETWORK, "2023-07-01")])
def test_a_deployment_gets_a_version_that_takes_it(network: dict[str, Any], version: str) -> None:
    data = json.loads(TEXT)
    del data["apiVersion"]
    data["properties"]["vmProfile"] = network
    compilation = again(json.dumps(data), "t.json", CompileOptions())
    text = converted(compilation, Form.ARM)
    assert json.loads(text)["resources"][0]["apiVersion"] == version
    assert again(text, "t.json", CompileOptions()).template is not None
    overlooked = again(json.dumps({**data, "colour": "red"}), "t.json", CompileOptions())
    assert json.loads(converted(overlooked, Form.ARM))["resources"][0]["apiVersion"] == version


# -- ARM's escapes


@pytest.mark.parametrize(
    "text",
    [
        "[ -f /etc/motd ]",
        "[[ -f /etc/motd ]]",
        "[parameters('a')]",
        "[[x]",
        "[x",
        "x]",
        "[]",
        "[[]]",
        "[",
        "]",
        "[a] b",
    ],
)
@pytest.mark.parametrize("place", ["inline", "name"])
def test_brackets_come_through_a_deployment_file(text: str, place: str) -> None:
    data = json.loads(TEXT)
    data["properties"]["customize"][0][place] = [text] if place == "inline" else text
    compilation = again(json.dumps(data), "t.json", CompileOptions())
    result = again(converted(compilation, Form.ARM), "t.json", CompileOptions())
    assert result.files == compilation.files
    assert result.ok


def test_brackets_in_a_version_that_does_not_exist_come_through() -> None:
    compilation = again(TEXT.replace('"apiVersion": "2024-02-01"', '"apiVersion": "[]"'), "t.json", CompileOptions())
    assert again(converted(compilation, Form.ARM), "t.json", CompileOptions()).template == compilation.template


@settings(deadline=None)
@given(st.text(alphabet="[]'\\ax\n", max_size=8))
def test_any_brackets_come_through(text: str) -> None:
    data = json.loads(TEXT)
    data["properties"]["customize"][0]["inline"] = [f"x{text}", text]
    compilation = again(json.dumps(data), "t.json", CompileOptions(check_only=True))
    if compilation.template is not None:
        result = again(converted(compilation, Form.ARM), "t.json", CompileOptions(check_only=True))
        assert result.template == compilation.template


# -- secrets


def with_secret(use: str, **more: Any) -> str:
    resource = json.loads(TEXT)
    resource["properties"]["customize"][0]["inline"] = [use]
    parameters = {"password": {"type": "securestring", **more}}
    return json.dumps(
        {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "parameters": parameters, "resources": [resource]}, indent=1
    )


USES = ["[parameters('password')]", "[concat('login ''', parameters('password'), ''' now')]"]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("form", [Form.RESOURCE, Form.JSON, Form.YAML])
def test_secrets_are_not_written_in_clear(use: str, form: Form) -> None:
    compilation = compile_document(
        read_text(with_secret(use), filename="t.json"), options=CompileOptions(parameters={"password": SECRET})
    )
    conversion = convert(compilation, form)
    assert conversion.text is None
    [found] = conversion.diagnostics
    assert (found.code, found.path) == ("IMG160", ("properties", "customize", 0, "inline", 0))


@pytest.mark.parametrize("use", USES)
def test_secrets_stay_parameters_of_a_deployment_file(use: str) -> None:
    options = CompileOptions(parameters={"password": SECRET})
    compilation = compile_document(read_text(with_secret(use), filename="t.json"), options=options)
    text = converted(compilation, Form.ARM)
    assert SECRET not in text
    assert json.loads(text)["parameters"] == {"password": {"type": "securestring"}}
    result = compile_document(read_text(text, filename="t.json"), options=options)
    assert result.files == compilation.files


def test_a_secret_of_a_default_gets_a_name_and_no_value() -> None:
    text = with_secret(USES[0], defaultValue=SECRET)
    compilation = compile_document(read_text(text, filename="t.json"), options=CompileOptions())
    written = converted(compilation, Form.ARM)
    assert SECRET not in written
    assert json.loads(written)["parameters"] == {"secret1": {"type": "securestring"}}


# -- texts


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ODD = st.sampled_from(
    ["\x85", "\u2028", "a\n\n", " a\nb", "a \nb", "\ta\nb", "no", "1e3", "0o7", "2024-02-01", "- a", "#", "'"]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | ODD
    | st.from_regex(r"[-+.0-9eEoxnuylNUYL~]{1,8}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | ODD, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(TEXTS | ODD, JSON, min_size=1, max_size=6))
def test_what_is_written_reads_back(data: dict[str, Any]) -> None:
    for text, name in ((yaml_of(data), "t.yaml"), (json_of(data), "t.json")):
        document = read_text(text, filename=name)
        assert document.root is not None, (text, document.diagnostics)
        assert plain(document.root) == data


def test_scripts_stand_as_blocks() -> None:
    assert yaml_of({"inline": ["set -e\napt-get update\n"]}) == "inline:\n  - |\n    set -e\n    apt-get update\n"


# -- the command


def run(*arguments: str) -> Any:  # click's Result
    return CliRunner().invoke(command, ["convert", *arguments], standalone_mode=False)


def test_the_command_writes_to_stdout_and_talks_on_stderr(tmp_path: Path) -> None:
    template = tmp_path / "t.json"
    template.write_text(TEXT)
    done = run(str(template), "--to", "yaml")
    assert (done.return_value, done.stdout) == (0, yaml_of(json.loads(TEXT)))
    assert "IMG389" in done.stderr
    target = tmp_path / "out.json"
    done = run(str(template), "--to", "arm", "-o", str(target))
    assert (done.return_value, done.stdout) == (0, "")
    assert json.loads(target.read_text())["resources"][0]["name"] == "contoso-web"


def test_a_broken_template_leaves_the_target_alone(tmp_path: Path) -> None:
    template, target = tmp_path / "t.json", tmp_path / "out.json"
    template.write_text("{")
    target.write_text("before")
    assert run(str(template), "--to", "json", "-o", str(target)).return_value == 1
    assert target.read_text() == "before"
