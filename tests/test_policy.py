"""What is shown, at which severity, and what a template silences in itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagesmith.diagnostics import Category, Severity
from imagesmith.pipeline import Compilation, CompileOptions, compile_text
from imagesmith.policy import Policy, is_selector, selector_problem
from tests.cases import FIXTURES

SOUND = json.loads((FIXTURES / "invalid/region-with-a-dash/template.json").read_text())
SOUND["properties"]["distribute"][0]["location"] = "westeurope"
SOUND["properties"]["vmProfile"] = {"vmSize": "D2s_v3"}
"""A template with one warning (IMG389, on the line of vmSize) and one note (IMG410)."""
TEXT = json.dumps(SOUND, indent=2)
SIZE = '"vmSize": "D2s_v3"'
YAML = """\
type: Microsoft.VirtualMachineImages/imageTemplates
apiVersion: "2024-02-01"
name: web
location: westeurope
properties:
  source: {type: PlatformImage, publisher: Canonical, offer: ubuntu-24_04-lts, sku: server, version: latest}
  vmProfile:
    vmSize: D2s_v3
  customize:
    - type: Shell
      inline:
        - |
          # imagesmith: ignore IMG389 this is a line of the script
          true
  distribute:
    - type: ManagedImage
      imageId: /subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/g/providers/Microsoft.Compute/images/w
      location: westeurope
      runOutputName: web
"""


def compiled(text: str = TEXT, name: str = "t.json", **policy: Any) -> Compilation:  # the fields of Policy
    return compile_text(text, filename=name, options=CompileOptions(policy=Policy(**policy)))


def codes(compilation: Compilation) -> list[str]:
    return sorted(found.code for found in compilation.diagnostics)


def test_without_a_policy_everything_is_shown() -> None:
    assert codes(compiled()) == ["IMG389", "IMG410"]


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ({"ignore": ("IMG389",)}, ["IMG410"]),
        ({"ignore": ("IMG3",)}, ["IMG410"]),
        ({"ignore": ("translation",)}, ["IMG389"]),
        ({"ignore": ("all",)}, []),
        ({"select": ("IMG4",)}, ["IMG410"]),
        ({"select": ("semantics", "translation")}, ["IMG389", "IMG410"]),
        ({"select": ("IMG410",), "ignore": ("IMG4",)}, ["IMG410"]),  # the more exact one wins
        ({"select": ("IMG4",), "ignore": ("IMG4",)}, []),
    ],
)
def test_select_and_ignore(policy: Mapping[str, Any], left: list[str]) -> None:
    compilation = compiled(TEXT, **policy)
    assert codes(compilation) == left
    assert compilation.ok


def test_a_severity_of_ones_own_and_the_more_exact_one_wins() -> None:
    severities = {"IMG3": Severity.NOTE, "IMG389": Severity.WARNING, "translation": Severity.WARNING}
    assert [found.severity for found in compiled(severities=severities).diagnostics] == [Severity.WARNING] * 2


def test_a_warning_made_an_error_takes_the_plan_away() -> None:
    compilation = compiled(severities={"IMG389": Severity.ERROR})
    assert (compilation.ok, compilation.files) == (False, {})


@pytest.mark.parametrize("policy", [{"ignore": ("IMG380",)}, {"severities": {"IMG380": Severity.NOTE}}])
def test_an_error_stays_and_it_is_said_why(policy: Mapping[str, Any]) -> None:
    compilation = compiled(
        TEXT.replace('"location": "westeurope",\n        "run', '"location": "x-y",\n"run'), **policy
    )
    assert not compilation.ok
    errors = [found for found in compilation.diagnostics if found.is_error]
    assert [found.code for found in errors] == ["IMG380"]
    assert "IMG152" in codes(compilation)


def test_ignoring_everything_leaves_errors_without_a_word_about_it() -> None:
    compilation = compiled("{", ignore=("all",))
    assert codes(compilation) == ["IMG037"]


@pytest.mark.parametrize(
    "changed",
    [
        TEXT.replace(SIZE, f"{SIZE} // imagesmith: ignore IMG389 the group decides"),
        TEXT.replace(SIZE, f"{SIZE} /* imagesmith: ignore IMG389 */"),
        TEXT.replace(SIZE, f"// imagesmith: ignore IMG1, IMG389 two of them\n  {SIZE}"),
        TEXT.replace(SIZE, f"// imagesmith: ignore IMG3\n\n   // another comment\n {SIZE}"),
        TEXT.replace(SIZE, f"{SIZE} // imagesmith:ignore semantics"),
        TEXT.replace("{", "{ // imagesmith: ignore-file IMG389", 1),
    ],
)
def test_a_comment_in_json_silences(changed: str) -> None:
    compilation = compiled(changed, ignore=("IMG020",))
    assert codes(compilation) == ["IMG410"]
    assert [one.diagnostic.code for one in compilation.silenced] == ["IMG389"]


def test_a_comment_that_silences_is_no_comment_too_many() -> None:
    assert codes(compiled(TEXT.replace(SIZE, f"{SIZE} // imagesmith: ignore IMG389"))) == ["IMG410"]


def test_no_more_comments_are_read_than_anybody_writes() -> None:
    comments = "// imagesmith: ignore IMG389\n" * 3000
    found = compiled(TEXT.replace(SIZE, f"{comments}{SIZE}"))
    assert codes(found).count("IMG153") == 1
    assert "IMG389" not in codes(found)


def test_the_reason_is_kept() -> None:
    compilation = compiled(TEXT.replace(SIZE, f"{SIZE} /* imagesmith: ignore IMG389 the group decides */"))
    assert [one.directive.reason for one in compilation.silenced] == ["the group decides"]


@pytest.mark.parametrize(
    "changed",
    [
        YAML.replace("D2s_v3", "D2s_v3  # imagesmith: ignore IMG389 the group decides"),
        YAML.replace("    vmSize", "    # imagesmith: ignore IMG389\n    vmSize"),
        "# imagesmith: ignore-file semantics\n" + YAML,
    ],
)
def test_a_comment_in_yaml_silences(changed: str) -> None:
    assert "IMG389" not in codes(compiled(changed, "t.yaml"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (TEXT.replace("sudo apt-get update", "true # imagesmith: ignore-file IMG389"), "t.json"),
        (YAML, "t.yaml"),
        (TEXT.replace(SIZE, f"{SIZE}, // imagesmith: ignore IMG410\n").replace(",  //", " //"), "t.json"),
    ],
    ids=["text-of-a-script", "block-of-a-script", "another-code"],
)
def test_nothing_else_silences(text: str, name: str) -> None:
    assert "IMG389" in codes(compiled(text, name))


def deployment(**more: object) -> str:
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return json.dumps({"$schema": schema, "contentVersion": "1.0.0.0", **more}, indent=1)


def test_metadata_of_the_file_and_of_the_resource_silence() -> None:
    wish = {"imagesmith": {"ignore": [{"code": "IMG389", "path": "properties.vmProfile", "reason": "r"}]}}
    assert codes(compiled(deployment(metadata=wish, resources=[SOUND]))) == ["IMG410"]
    assert codes(compiled(deployment(resources=[{**SOUND, "metadata": wish}]))) == ["IMG410"]
    elsewhere = {"imagesmith": {"ignore": [{"code": "IMG389", "path": "properties.vmProf"}]}}
    assert codes(compiled(deployment(metadata=elsewhere, resources=[SOUND]))) == ["IMG151", "IMG389", "IMG410"]


def test_metadata_of_a_bare_resource_silences_too() -> None:
    wish = {"imagesmith": {"ignore": ["IMG389"]}}
    assert codes(compiled(json.dumps({**SOUND, "metadata": wish}))) == ["IMG410"]


def test_a_value_that_came_from_a_parameter_is_silenced_where_it_is_written_and_where_it_is_used() -> None:
    resource = json.loads(TEXT)
    resource["properties"]["vmProfile"]["vmSize"] = "[parameters('size')]"
    text = deployment(parameters={"size": {"type": "string", "defaultValue": "D2s_v3"}}, resources=[resource])
    comment = "// imagesmith: ignore IMG389\n"
    for place in ('"defaultValue"', '"vmSize"'):
        assert codes(compiled(text.replace(place, comment + place))) == ["IMG410"], place


def test_another_target_is_judged_alike() -> None:
    compilation = compiled(TEXT.replace(SIZE, f"{SIZE} // imagesmith: ignore IMG389"), ignore=("IMG410",))
    assert codes(compilation.for_target(compilation.options.target)) == []


@given(st.text(max_size=12))
def test_whatever_is_no_selector_is_told(text: str) -> None:
    assert is_selector(text) == (selector_problem(text) is None)


@pytest.mark.parametrize(
    ("text", "meant"), [("IMG5000", "lint"), ("img501", "mean IMG501?"), ("lnit", "mean lint?"), ("", "lint")]
)
def test_what_was_meant(text: str, meant: str) -> None:
    assert meant in (selector_problem(text) or "")


@pytest.mark.parametrize("category", list(Category))
def test_every_category_is_a_selector(category: Category) -> None:
    assert is_selector(category.value)
