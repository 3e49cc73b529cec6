"""Tokens in angle brackets: which texts are some, and how they are filled."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imagesmith.arm import Deployment, Resolution, resolve
from imagesmith.source import plain, read_text

NOW = datetime(2024, 5, 6, tzinfo=UTC)
TYPE = "Microsoft.VirtualMachineImages/imageTemplates"


def filled(properties: object, *, location: str | None = None, file: object = None, **parameters: str) -> Resolution:
    template = {"type": TYPE, "name": "n", "properties": properties}
    files = () if file is None else (read_text(json.dumps(file), filename="p.json"),)
    deployment = Deployment(now=NOW, seed="s", parameters=parameters, parameter_files=files, location=location)
    return resolve(read_text(json.dumps(template, indent=1), filename="t.json"), deployment)


def properties(resolution: Resolution) -> Any:  # JSON of any shape
    assert resolution.document is not None
    assert resolution.document.root is not None
    return plain(resolution.document.root)["properties"]


def good(resolution: Resolution) -> Any:  # JSON of any shape
    assert resolution.diagnostics == ()
    return properties(resolution)


def script(*lines: str) -> dict[str, object]:
    return {"customize": [{"type": "Shell", "inline": list(lines)}]}


def test_whole_values_and_segments_of_paths_are_filled() -> None:
    given = {"imageId": "/subscriptions/<subscriptionID>/resourceGroups/<rgName>", "runOutputName": "<out>"}
    result = filled(given, subscriptionID="s-1", rgName="contoso-rg", out="7")
    assert good(result) == {"imageId": "/subscriptions/s-1/resourceGroups/contoso-rg", "runOutputName": "7"}


def test_a_value_for_a_token_stays_text() -> None:
    result = filled({"a": "<n>", "b": "<flag>", "c": "<json>"}, file={"n": 7, "flag": True}, json='{"a": 1}')
    assert good(result) == {"a": "7", "b": "true", "c": '{"a": 1}'}


def test_keys_are_filled() -> None:
    assert good(filled({"identities": {"<imgBuilderId>": {}}}, imgBuilderId="/ids/1")) == {"identities": {"/ids/1": {}}}


def test_the_case_of_names_does_not_matter() -> None:
    assert good(filled({"a": "<rgname>/<RGNAME>"}, rgName="x")) == {"a": "x/x"}


def test_a_part_of_a_segment_is_a_token_where_the_name_is_known() -> None:
    assert good(filled({"a": "<rgName>-x-<foo>", "b": "<foo>"}, rgName="r", foo="f")) == {"a": "r-x-f", "b": "f"}
    assert good(filled({"a": "a <b> c"})) == {"a": "a <b> c"}


def test_a_name_may_have_spaces_outside_of_scripts() -> None:
    result = filled({"uri": "<URI to script>"})
    assert [d.hint for d in result.diagnostics] == ["add -p 'URI to script=…'"]


@pytest.mark.parametrize(
    "line", ["echo '<html><body>x</body></html>' > /x", "cat <file >copy", "<region>", "a <unknown> b"]
)
def test_in_scripts_only_known_names_are_tokens(line: str) -> None:
    expected = line.replace("<region>", "westus")
    assert good(filled(script(line), location="westus"))["customize"][0]["inline"] == [expected]


def test_a_script_may_use_the_tokens_of_the_rest_of_the_file() -> None:
    given = script("echo <app> <html>") | {"name": "<app>"}
    assert good(filled(given, app="web"))["customize"][0]["inline"] == ["echo web <html>"]


def test_a_script_may_use_what_the_caller_gave() -> None:
    assert good(filled(script("echo <mine>"), mine="x"))["customize"][0]["inline"] == ["echo x"]


def test_the_region_falls_back_to_the_location() -> None:
    assert good(filled({"location": "<region>"}, location="westus")) == {"location": "westus"}
    assert good(filled({"location": "<Region>"}, location="westus", region="eastus")) == {"location": "eastus"}


def test_all_unfilled_tokens_are_in_one_diagnostic() -> None:
    result = filled({"a": "<rgName>", "b": {"<imgBuilderId>": "x/<rgName>"}, "c": "<region>"})
    (diagnostic,) = result.diagnostics
    assert (diagnostic.code, diagnostic.path) == ("IMG120", ("properties", "a"))
    assert (
        diagnostic.message
        == "3 tokens have no value: <rgName> (lines 5, 7), <imgBuilderId> (line 7), <region> (line 9)"
    )
    assert diagnostic.hint == "add -p rgName=… -p imgBuilderId=… -p region=…"
    assert diagnostic.span is not None
    assert diagnostic.span.text == '"<rgName>"'
    assert ("properties", "c") in result.unresolved
    assert properties(result)["a"] == "<rgName>"


def test_a_name_that_is_neither_token_nor_parameter_is_told() -> None:
    assert [d.hint for d in filled({"a": "<rgName>"}, rgName="x", rgNam="y").diagnostics] == ["did you mean 'rgName'?"]


def test_deployment_files_have_tokens_too_and_one_value_may_serve_both() -> None:
    template = {
        "parameters": {"region": {"type": "string"}},
        "resources": [{"type": TYPE, "name": "n", "location": "[parameters('region')]", "tags": {"r": "<region>"}}],
    }
    document = read_text(json.dumps(template), filename="t.json")
    result = resolve(document, Deployment(now=NOW, seed="s", parameters={"region": "westus"}))
    assert result.diagnostics == ()
    assert result.document is not None
    assert result.document.root is not None
    assert plain(result.document.root)["tags"] == {"r": "westus"}
