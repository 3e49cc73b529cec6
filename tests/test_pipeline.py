"""The compiler as a whole: it never raises for a template, says all problems at once, and is a function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.diagnostics import Severity
from imagesmith.pipeline import Compilation, CompileOptions, compile_template, compile_text
from imagesmith.targets import NEWEST, target_for
from imagesmith.versions import Version
from tests.cases import NOW, TARGETS, cases
from tests.lowered import CHECK, MANAGED, SHARED, UBUNTU, VHD, codes, compiled

OPTIONS = CompileOptions(now=NOW, seed="pipeline")
TEMPLATE: Mapping[str, Any] = {
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "apiVersion": "2024-02-01",
    "name": "web",
    "location": "westeurope",
    "identity": {"type": "UserAssigned", "userAssignedIdentities": {}},
    "properties": {
        "source": UBUNTU,
        "customize": [
            {"type": "Shell", "name": "a", "inline": ["true"]},
            {"type": "File", "sourceUri": "a.txt", "destination": "/tmp/a"},
        ],
        "validate": CHECK,
        "vmProfile": {"vmSize": "Standard_D2s_v3", "osDiskSizeGB": 64},
        "managedResourceTags": {"a": "b"},
        "distribute": [MANAGED, SHARED, VHD],
    },
}


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # JSON data
    """Every place in JSON data."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def put(data: Any, path: tuple[str | int, ...], value: Any) -> Any:  # JSON data
    """The data with another value in a place."""
    if not path:
        return value
    copied: Any = dict(data) if isinstance(data, dict) else list(data)
    copied[path[0]] = put(copied[path[0]], path[1:], value)
    return copied


PLAIN = json.loads(json.dumps(TEMPLATE))
PLACES = places(PLAIN)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["[", "[[", "[parameters('x')]", "{{", "${a}", "<x>", "\ud800", "e\u0301", "\0", "/subscriptions/"]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def total(compilation: Compilation) -> None:
    """What holds for every compilation: a plan or an error, and every diagnostic complete."""
    errors = [found for found in compilation.diagnostics if found.severity is Severity.ERROR]
    assert compilation.ok is not bool(errors)
    assert bool(compilation.files) is compilation.ok
    assert all(found.message and found.hint for found in compilation.diagnostics)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(PLACES), value=JSON)
def test_a_template_with_anything_anywhere_is_compiled_or_told(path: tuple[str | int, ...], value: object) -> None:
    """Also half of a surrogate, text that looks like an expression, and numbers beyond all limits."""
    total(compile_text(json.dumps(put(PLAIN, path, value)), filename="t.json", options=OPTIONS))


@settings(max_examples=150, deadline=None)
@given(start=st.integers(0, 1500), length=st.integers(0, 40), text=st.text(max_size=5))
def test_a_text_with_a_piece_replaced_is_compiled_or_told(start: int, length: int, text: str) -> None:
    """Cut, overwritten, or with something in between."""
    whole = json.dumps(PLAIN, indent=1)
    total(compile_text(whole[:start] + text + whole[start + length :], filename="t.json", options=OPTIONS))


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60), name=st.sampled_from(["t.json", "t.yaml", "", ".", "a/b", "\0", "t.bicep"]))
def test_any_text_under_any_name_is_told(text: str, name: str) -> None:
    """Nothing of it is a template."""
    assert not compile_text(text, filename=name, options=OPTIONS).ok


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a\0b", "missing.json", "/dev/null", "x" * 5000])
def test_any_path_is_told(name: str) -> None:
    """A folder, nothing, or what no file can be called."""
    compilation = compile_template(name, options=OPTIONS)
    assert not compilation.ok
    assert [found.severity for found in compilation.diagnostics] == [Severity.ERROR]


def test_all_problems_are_told_in_one_run() -> None:
    """Parameters without a value beside mistakes that the schema and normalisation see."""
    deployment = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"size": {"type": "string"}, "image": {"type": "string"}},
        "resources": [
            put(
                put(PLAIN, ("properties", "vmProfile", "vmSize"), "[parameters('size')]"),
                ("properties", "customize", 0),
                {"type": "Shell", "inlined": ["true"]},
            )
        ],
    }
    compilation = compile_text(json.dumps(deployment), filename="t.json", options=OPTIONS)
    found = codes(compilation)
    assert [code for code in found if code.startswith("IMG1")]
    assert [code for code in found if code.startswith("IMG2")]
    assert not compilation.ok


def test_rules_and_lowering_are_told_together_where_they_can_be() -> None:
    """Warnings of one stage do not hide those of the next."""
    properties = {
        "customize": [{"type": "Shell", "inline": ["a\r\nb"]}, {"type": "Shell", "inline": []}],
        "optimize": {"vmBoot": {"state": "Enabled"}},
    }
    assert set(codes(compiled(properties))) >= {"IMG403", "IMG404", "IMG411"}


PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"size": {"value": "Standard_D8s_v3"}},
}


def deployment() -> dict[str, object]:
    """A deployment file with one parameter."""
    return {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"size": {"type": "string"}},
        "resources": [put(PLAIN, ("properties", "vmProfile", "vmSize"), "[parameters('size')]")],
    }


def size(compilation: Compilation) -> str:
    """The machine's size as it is written."""
    text = compilation.files["build/image.pkr.hcl"].decode()
    return next(line.split('"')[1] for line in text.splitlines() if line.strip().startswith("vm_size"))


def test_the_parameter_file_beside_is_read_by_itself(tmp_path: Path) -> None:
    """With a note; another one, or `-p`, goes first."""
    path = tmp_path / "image.json"
    path.write_text(json.dumps(deployment()))
    assert not compile_template(path, options=OPTIONS).ok
    (tmp_path / "image.parameters.json").write_text(json.dumps(PARAMETERS))
    compilation = compile_template(path, options=OPTIONS)
    assert size(compilation) == "Standard_D8s_v3"
    assert "IMG150" in codes(compilation)
    given_ = replace(OPTIONS, parameters={"size": "Standard_D4s_v3"})
    assert size(compile_template(path, options=given_)) == "Standard_D4s_v3"


def test_a_broken_parameter_file_beside_is_told_in_its_own_name(tmp_path: Path) -> None:
    """It is the file that has to be changed."""
    path = tmp_path / "image.json"
    path.write_text(json.dumps(deployment()))
    (tmp_path / "image.parameters.json").write_text('{"parameters": ')
    errors = [found for found in compile_template(path, options=OPTIONS).diagnostics if found.is_error]
    assert {Path(found.span.file).name for found in errors if found.span} == {"image.parameters.json"}


@pytest.mark.parametrize("case", list(cases("valid")), ids=lambda case: case.name)
def test_a_compilation_for_another_packer_is_that_packer_s(case: Any) -> None:  # a Case
    """As if it had been compiled for it at once."""
    at_once = case.compile(TARGETS["1.6.6"])
    later = case.compile(NEWEST).for_target(TARGETS["1.6.6"])
    assert later.files == at_once.files
    assert later.ok is at_once.ok
    assert {found.code for found in later.diagnostics} <= {found.code for found in at_once.diagnostics}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"type": 1}', json.dumps(deployment())])
def test_a_template_with_errors_stays_one_for_every_packer(text: str) -> None:
    """It says what it said before."""
    compilation = compile_text(text, filename="t.json", options=OPTIONS)
    again = compilation.for_target(target_for(Version(1, 6, 6)))
    assert not again.ok
    assert [found for found in again.diagnostics if found.is_error]


def test_a_template_that_one_packer_cannot_say_is_compiled_for_another() -> None:
    """What was wrong was the Packer."""
    shallow = {"distribute": [{**SHARED, "replicationMode": "Shallow"}]}
    compilation = compiled(shallow, target=TARGETS["1.6.6"])
    assert not compilation.ok
    assert compilation.for_target(NEWEST).files == compiled(shallow).files


def test_the_same_options_give_the_same_bytes() -> None:
    """Clock and seed are options."""
    properties = {"managedResourceTags": {"when": "[utcNow()]", "id": "[newGuid()]"}}
    resource = {**PLAIN, "properties": {**PLAIN["properties"], **properties}}
    parameters = {
        "when": {"type": "string", "defaultValue": "[utcNow()]"},
        "id": {"type": "string", "defaultValue": "[newGuid()]"},
    }
    tags = {"when": "[parameters('when')]", "id": "[parameters('id')]"}
    resource = put(resource, ("properties", "managedResourceTags"), tags)
    text = json.dumps({**deployment(), "parameters": parameters, "resources": [resource]})
    first = compile_text(text, filename="t.json", options=OPTIONS)
    assert first.ok, first.diagnostics
    assert compile_text(text, filename="t.json", options=OPTIONS).files == first.files
    other = compile_text(text, filename="t.json", options=replace(OPTIONS, seed="other"))
    assert other.files != first.files


def test_checking_alone_makes_no_files() -> None:
    """And says the same."""
    checked = compiled({"customize": [{"type": "Shell", "inline": []}]}, check_only=True)
    whole = compiled({"customize": [{"type": "Shell", "inline": []}]})
    assert checked.files == {}
    assert checked.ok
    assert codes(checked) == codes(whole)


def test_files_are_written_only_where_there_is_a_plan(tmp_path: Path) -> None:
    """A template with errors has none."""
    compiled().write(tmp_path / "out")
    assert (tmp_path / "out" / "build" / "image.pkr.hcl").exists()
    with pytest.raises(ValueError, match="a template with errors"):
        compile_text("{}", filename="t.json", options=OPTIONS).write(tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_secrets_of_parameters_are_in_no_repr() -> None:
    """They are kept for the redactor."""
    text = deployment()
    text["parameters"] = {"size": {"type": "securestring"}}
    options = replace(OPTIONS, parameters={"size": "Standard_S3cret_v1"})
    compilation = compile_text(json.dumps(text), filename="t.json", options=options)
    assert compilation.secrets == ("Standard_S3cret_v1",)
    assert "S3cret" not in repr(compilation)


def test_diagnostics_come_in_the_order_of_the_file() -> None:
    """Whatever found them."""
    properties = {
        "customize": [{"type": "Shell", "inline": []}, {"type": "Shell", "inline": ["a\r\nb"]}],
        "optimize": {"vmBoot": {"state": "Enabled"}},
    }
    spans = [found.span.start for found in compiled(properties).diagnostics if found.span]
    assert spans == sorted(spans)
    assert len(spans) >= 3
