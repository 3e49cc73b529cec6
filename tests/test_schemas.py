"""The checked-in schemas: made from their source, described throughout, and read alike by both validators."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagesmith.api_versions import NEWEST, VERSIONS, Standing, is_strict, load_schema, pick
from imagesmith.diagnostics import SourceText, Span, has_errors
from imagesmith.events import EVENT_FORMAT
from imagesmith.model import parse
from imagesmith.normalise import normalise
from imagesmith.schema import check
from imagesmith.schema.explain import explaining
from imagesmith.schema.gate import accepts
from imagesmith.source import Document, Origin, plain, wrap

ROOT = Path(__file__).parent.parent
TEMPLATES = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "tests" / "templates").glob("*.json"))}

# What both validators and their regular expressions read alike; a new keyword needs words in schema/explain.py.
ASSERTIONS = {"type", "required", "properties", "additionalProperties", "items", "enum", "const", "allOf", "if", "then"}
ASSERTIONS |= {"minimum", "maximum", "pattern", "$ref"}
ANNOTATIONS = {"$schema", "$defs", "title", "description", "default", "deprecated", "readOnly"}


def document(data: Any) -> Document:
    source = SourceText("t.json", "")
    return Document(source=source, root=wrap(data, Origin(Span(source, 0, 0))))


def nodes(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema, with its path; not the data of keywords such as `default`."""
    yield path, node
    for keyword in ("properties", "$defs"):
        for name, child in node.get(keyword, {}).items():
            yield from nodes(child, f"{path}/{name}")
    for keyword in ("items", "additionalProperties", "if", "then"):
        if isinstance(node.get(keyword), dict):
            yield from nodes(node[keyword], f"{path}/{keyword}")
    for index, child in enumerate(node.get("allOf", ())):
        yield from nodes(child, f"{path}/{index}")


def test_the_files_are_what_the_script_writes() -> None:
    run = subprocess.run(
        [sys.executable, "tools/make_schemas.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_there_is_a_schema_for_each_version_and_for_nothing_else() -> None:
    assert {path.stem for path in (ROOT / "schemas").glob("2*.json")} == set(VERSIONS)
    assert {path.stem for path in (ROOT / "schemas").glob("*.json")} - set(VERSIONS) == {
        f"events-{EVENT_FORMAT}",
        "lock-1",
    }
    with pytest.raises(ValueError, match="2018-02-01-preview"):
        load_schema("2018-02-01-preview")


@pytest.mark.parametrize("version", VERSIONS)
def test_each_schema_is_valid_described_closed_and_plain(version: str) -> None:
    schema = load_schema(version)
    jsonschema.Draft202012Validator.check_schema(dict(schema))
    for path, node in nodes(schema):
        assert not {key for key in node if not key.startswith("x-")} - ASSERTIONS - ANNOTATIONS, path
        assert "\\" not in node.get("pattern", ""), path
        if path.endswith("/if"):
            continue
        for name, child in node.get("properties", {}).items():
            text = child.get("description", "")
            assert len(text) > 10, f"{path}/{name} has no description"
            assert text.endswith((".", ")")), f"{path}/{name}: {text}"
        if node.get("type") == "object" and "allOf" not in node:
            assert "additionalProperties" in node, path


@pytest.mark.parametrize("version", VERSIONS)
def test_the_published_schema_insists_on_location_and_identity(version: str) -> None:
    required = load_schema(version)["required"]
    assert ("identity" in required) == (version != "2019-05-01-preview")
    assert {"location", "properties"} <= set(required)


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_published_schema_of_its_version_takes_each_template(name: str) -> None:
    template = TEMPLATES[name]
    schema = load_schema(template["apiVersion"])
    assert [error.message for error in jsonschema.Draft202012Validator(dict(schema)).iter_errors(template)] == []


# The first version that takes each template, and the last.
RANGE = {
    "linux-gallery": ("2025-10-01", "2025-10-01"),
    "windows-2020": ("2020-02-14", "2025-10-01"),
    "preview-2019": ("2019-05-01-preview", "2019-05-01-preview"),
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_other_versions_take_or_refuse_it(name: str, version: str) -> None:
    first, last = RANGE[name]
    assert accepts(version, TEMPLATES[name]) == (first <= version <= last)


def test_pick_knows_every_kind_of_version() -> None:
    assert pick(None).standing is Standing.ABSENT
    assert pick("2024-02-01").standing is Standing.KNOWN
    assert pick("2019-05-01-PREVIEW").version == "2019-05-01-preview"
    assert pick("2019-05-01-preview").standing is Standing.DEPRECATED
    assert pick("2018-02-01-preview").standing is Standing.DEAD
    assert (pick("2024-02-02").standing, pick("2024-02-02").suggestion) == (Standing.UNKNOWN, "2024-02-01")
    assert pick("x" * 1_000_000).suggestion is None
    assert VERSIONS[-1] == NEWEST
    assert [version for version in VERSIONS if is_strict(version)] == ["2024-02-01", "2025-10-01"]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**320),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    st.sampled_from(["Shell", "File", "VHD", "WindowsUpdate", "ISO", "Latest", "name\n", "a" * 65, "Enabled", "60"]),
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
KEYS = st.sampled_from(["type", "inline", "validate", "name", "subnetName", "exactVersion", "", "x", "tags"])


def places(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if path:
        yield path
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """One of our templates after one to three accidents: a value replaced, a member removed or added."""
    template = copy.deepcopy(draw(st.sampled_from(list(TEMPLATES.values()))))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(template)) or [("properties",)]))
        parent = template
        for part in path[:-1]:
            parent = parent[part]
        accident = draw(st.sampled_from(["replace", "remove", "add"]))
        if accident == "remove" and path[-1] != "properties":
            del parent[path[-1]]
        elif accident == "add" and isinstance(parent, dict):
            parent[draw(KEYS)] = draw(JSON)
        else:
            parent[path[-1]] = draw(JSON)
    return template


@settings(max_examples=300, deadline=None)
@given(template=mutated(), version=st.sampled_from(VERSIONS), strict=st.booleans())
def test_both_validators_agree_and_every_refusal_has_words(template: Any, version: str, strict: bool) -> None:
    checked = check(document(template), version, strict=strict)  # raises SchemaDisagreement if only the gate refuses
    refused = [problem for problem in checked if problem.code != "IMG229"]
    bounded = json.loads(
        json.dumps(template, default=str), parse_int=lambda text: max(min(int(text), 10**15), -(10**15))
    )
    assert accepts(version, bounded) == explaining(version).is_valid(bounded)
    assert accepts(version, bounded) == (not refused)
    for problem in checked:
        assert problem.message
        assert problem.hint
        said = problem.message.replace("UserAssigned or None", "")  # the two values that identity's type has
        assert "None" not in said or "None" in json.dumps(template, default=str)
        assert len(problem.message) < 1000


@settings(max_examples=300, deadline=None)
@given(template=mutated(), version=st.sampled_from(VERSIONS), strict=st.booleans())
def test_what_has_no_error_can_be_modelled(template: Any, version: str, strict: bool) -> None:
    result = normalise(document(template), api_version=version, strict=strict)
    found = (*result.diagnostics, *check(result.document, version, strict=strict))
    if not has_errors(found):
        assert result.document.root is not None
        modelled = parse(result.document, api_version=version)
        assert len(modelled.distribute) == len(plain(result.document.root)["properties"]["distribute"])
