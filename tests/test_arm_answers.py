"""Values given with --resolve for what only Azure knows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imagesmith.arm import split_answer
from tests.test_arm_resolve import deployment, found, good, image, nested, resolve, root

VNET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/hub"
VARIABLES = {"vnet": "[resourceId('s', 'g', 'Microsoft.Network/virtualNetworks', 'hub')]"}
ASKED = "reference(variables('vnet'), '2024-05-01').subnets[0].id"


def answered(expression: str, *, asked: str = ASKED, **resolved: str) -> Any:  # JSON of any shape
    template = deployment(image(tags={"x": f"[{asked}]"}), variables=VARIABLES)
    return resolve(template, _resolved={expression: resolved.get("value", "given")})


@pytest.mark.parametrize(
    "expression",
    [
        ASKED,
        "Reference( variables( 'vnet' ), '2024-05-01' ).Subnets[0].id",
        f"reference('{VNET}', '2024-05-01').subnets[0].id",
        f"reference('{VNET.upper()}', '2024-05-01').subnets[0].id",
        f"reference('{VNET}').subnets[0].id",
        f"reference(concat('{VNET[:-3]}', 'hub'))['subnets'][0].id",
    ],
)
def test_an_expression_may_be_written_as_in_the_file_or_with_the_values_of_its_arguments(expression: str) -> None:
    assert good(answered(expression))["tags"] == {"x": "given"}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (f"reference('{VNET}')", '{"subnets": [{"id": "given"}]}'),
        (f"reference('{VNET}').subnets", '[{"id": "given"}]'),
        (f"reference('{VNET}').subnets[0]", '{"id": "given"}'),
    ],
)
def test_properties_are_looked_up_in_what_was_given(expression: str, value: str) -> None:
    assert good(answered(expression, value=value))["tags"] == {"x": "given"}


@pytest.mark.parametrize(
    "expression",
    [
        "reference('other').subnets[0].id",
        f"reference('{VNET}', '2020-01-01').subnets[0].id",
        f"reference('{VNET}').subnets[1].id",
        f"references('{VNET}').subnets[0].id",
        f"reference('{VNET}', '2024-05-01', 'full').subnets[0].id",
    ],
)
def test_another_expression_is_not_answered_and_told_to_be_of_no_use(expression: str) -> None:
    resolution = answered(expression)
    assert sorted(code for code, _ in found(resolution)) == ["IMG117", "IMG128"]


def test_the_whole_resource_is_another_question() -> None:
    asked = f"reference('{VNET}', '2024-05-01', 'full').location"
    assert [code for code, _ in found(answered(f"reference('{VNET}').location", asked=asked))] == ["IMG128", "IMG117"]
    assert good(answered(f"reference('{VNET}', '2024-05-01', 'Full').location", asked=asked))["tags"] == {"x": "given"}


def test_the_message_s_own_expression_is_an_answer() -> None:
    """What the hint shows can be pasted."""
    template = deployment(image(tags={"x": f"[{ASKED}]"}), variables=VARIABLES)
    (diagnostic,) = resolve(template).diagnostics
    option = diagnostic.hint.removeprefix('give it with --resolve "').removesuffix('"').replace("…", "pasted")
    expression, value = split_answer(option)
    assert good(resolve(template, _resolved={expression: value}))["tags"] == {"x": "pasted"}


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("12", 12),
        ("true", True),
        ('{"a": [1]}', {"a": [1]}),
        ('"12"', "12"),
        ("plain text", "plain text"),
        ("{x", "{x"),
    ],
)
def test_a_value_is_json_or_text(text: str, data: object) -> None:
    assert good(answered(f"reference('{VNET}').subnets[0].id", value=text))["tags"] == {"x": data}


def test_the_longest_answer_counts() -> None:
    template = deployment(image(tags={"a": "[reference('r').a]", "b": "[reference('r').b]"}))
    resolution = resolve(template, _resolved={"reference('r')": '{"a": 1, "b": 1}', "reference('r').b": "2"})
    assert good(resolution)["tags"] == {"a": 1, "b": 2}


def test_an_answer_says_where_it_came_from() -> None:
    resolution = answered(ASKED)
    assert resolution.document is not None
    value = resolution.document.at(("tags", "x"))
    assert (value.span.file, value.span.text) == ("--resolve", "given")
    assert [via.what for via in value.origin.via] == ["--resolve"]


def test_keys_and_secrets_are_secrets() -> None:
    asked = "listKeys('acct', '2023-01-01').keys[0].value"
    assert answered(asked, asked=asked, value="k3y").secrets == ("k3y",)
    assert answered(ASKED).secrets == ()


def test_facts_about_the_deployment_can_be_given() -> None:
    template = deployment(
        image(tags={"t": "[resourceGroup().tags.team]", "u": "[uri(deployment().properties.templateLink.uri, 'a.sh')]"})
    )
    given = {
        "resourceGroup().tags": '{"team": "web"}',
        "deployment().properties.templateLink.uri": "https://c.example/t/",
    }
    assert good(resolve(template, _resolved=given))["tags"] == {"t": "web", "u": "https://c.example/t/a.sh"}


def test_a_secret_that_a_nested_deployment_is_handed_can_be_given() -> None:
    module = deployment(image(tags={"k": "[parameters('key')]"}), parameters={"key": {"type": "securestring"}})
    reference = {"keyVault": {"id": "/vaults/v"}, "secretName": "s"}
    template = deployment(nested(module, inner=True, properties={"parameters": {"key": {"reference": reference}}}))
    resolution = resolve(template, _resolved={"getSecret('/vaults/v', 's')": "hush"})
    assert root(resolution)["tags"] == {"k": "hush"}
    assert "hush" in resolution.secrets


def test_a_value_that_no_branch_needs_is_not_asked_for() -> None:
    template = deployment(
        image(tags={"x": "[if(parameters('known'), 'a', reference('r').b)]"}),
        parameters={"known": {"type": "bool", "defaultValue": True}},
        outputs={"o": {"type": "string", "value": "[reference('r').c]"}},
    )
    assert good(resolve(template))["tags"] == {"x": "a"}
    assert [code for code, _ in found(resolve(template, known="false"))] == ["IMG117"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("reference('a=b').c=d=e", ("reference('a=b').c", "d=e")),
        ("reference('it''s=').c=", ("reference('it''s=').c", "")),
        (" f() = x", ("f()", " x")),
    ],
)
def test_the_first_equals_sign_outside_of_quotes_parts_expression_and_value(text: str, parts: tuple[str, str]) -> None:
    assert split_answer(text) == parts


@pytest.mark.parametrize("text", ["reference('a')", "=x", "reference('a=b')", ""])
def test_what_has_no_two_parts_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="EXPRESSION=VALUE"):
        split_answer(text)


def test_the_command_line_takes_answers(tmp_path: Path) -> None:
    template = deployment(image(location="[reference('hub').location]"))
    file, value = tmp_path / "t.json", tmp_path / "value"
    file.write_text(json.dumps(template))
    value.write_text("westeurope")
    argv = [sys.executable, "-m", "imagesmith", "validate", str(file), "--resolve"]
    without = subprocess.run(argv[:-1], capture_output=True, text=True, check=False)
    assert "IMG117" in without.stderr
    given = subprocess.run([*argv, f"reference('hub').location=@{value}"], capture_output=True, text=True, check=False)
    assert "IMG117" not in given.stderr
    wrong = subprocess.run([*argv, "reference('hub')"], capture_output=True, text=True, check=False)
    assert (wrong.returncode, "EXPRESSION=VALUE" in wrong.stderr) == (2, True)


def test_an_answer_that_nobody_asked_for_keeps_its_secret() -> None:
    assert answered("listKeys('other').k", value="k3y").secrets == ("k3y",)


def test_secrets_that_do_not_fit_are_secrets() -> None:
    """They stand in the text that a message points at."""
    declared = {"key": {"type": "securestring", "minLength": 9}, "box": {"type": "secureObject"}}
    template = deployment(image(tags={"k": "[parameters('key')]", "b": "[parameters('box')]"}), parameters=declared)
    resolution = resolve(template, key="hush", box="{hush-hush")
    assert sorted(code for code, _ in found(resolution)) == ["IMG113", "IMG114"]
    assert set(resolution.secrets) == {"hush", "{hush-hush"}


def test_secrets_are_known_where_no_template_is_found() -> None:
    declared = {"key": {"type": "securestring"}}
    two = deployment(image(name="[parameters('key')]"), image(name="b"), parameters=declared)
    resolution = resolve(two, key="hush")
    assert [code for code, _ in found(resolution)] == ["IMG101"]
    assert resolution.secrets == ("hush",)


def test_a_default_that_only_azure_knows_may_be_given_as_the_parameter() -> None:
    declared = {"a": {"type": "string", "defaultValue": "[reference('r').x]"}}
    template = deployment(image(location="[parameters('a')]"), parameters=declared)
    (diagnostic,) = resolve(template).diagnostics
    assert diagnostic.hint == "give it with -p a=…, or with --resolve \"reference('r').x=…\""
    assert good(resolve(template, a="westus"))["location"] == "westus"


def test_a_default_of_a_nested_deployment_has_no_parameter_to_give() -> None:
    declared = {"a": {"type": "string", "defaultValue": "[reference('r').x]"}}
    inner = deployment(image(location="[parameters('a')]"), parameters=declared)
    (diagnostic,) = resolve(deployment(nested(inner, inner=True))).diagnostics
    assert diagnostic.hint == "give it with --resolve \"reference('r').x=…\""
