"""Whatever stands in a file or is given, resolving it ends with diagnostics and never with an exception."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagesmith.arm import Deployment, Surroundings, rehearse, resolve
from imagesmith.source import read_text, walk

NOW = datetime(2024, 5, 6, tzinfo=UTC)

BASE = {
    "languageVersion": "2.0",
    "definitions": {"d": {"type": "string", "nullable": True}},
    "functions": [
        {"namespace": "f", "members": {"g": {"parameters": [{"name": "x"}], "output": {"value": "[parameters('x')]"}}}}
    ],
    "parameters": {
        "a": {"$ref": "#/definitions/d"},
        "b": {"type": "int", "defaultValue": 2, "allowedValues": [2], "minValue": 1},
    },
    "variables": {
        "copy": [{"name": "l", "count": 2, "input": "[copyIndex('l')]"}],
        "v": {"x": "[f.g(parameters('a'))]"},
    },
    "resources": [
        {
            "type": "Microsoft.Resources/deployments",
            "name": "nested",
            "condition": "[equals(parameters('b'), 2)]",
            "copy": {"name": "n", "count": 1},
            "properties": {
                "expressionEvaluationOptions": {"scope": "inner"},
                "parameters": {"p": {"value": "[variables('v')]"}},
                "template": {
                    "parameters": {"p": {"type": "object"}},
                    "resources": [
                        {
                            "type": "Microsoft.VirtualMachineImages/imageTemplates",
                            "name": "n",
                            "tags": "[parameters('p')]",
                            "properties": {
                                "copy": [{"name": "customize", "count": 1, "input": {"inline": ["[x"]}}],
                                "a": "<t>",
                            },
                        }
                    ],
                },
            },
        }
    ],
    "outputs": {"o": {"value": "[variables('l')]"}},
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 900) | st.floats(-1, 1) | st.sampled_from(
        ["", "[", "[]", "[variables('v')]", "[parameters('a')]", "[copyIndex()]", "<t>", "text", "[f.g(1)]", "[null()]",
         "Microsoft.VirtualMachineImages/imageTemplates", "Microsoft.Resources/deployments", "#/definitions/d"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["name", "type", "value", "count", "input", "copy", "properties", "resources", "template", "x",
                         "defaultValue", "parameters", "$ref", "members", "output", "inline", "source", "<t>"]),
        inner, max_size=4,
    ),
    max_leaves=8,
)  # fmt: skip


def _paths() -> list[tuple[str | int, ...]]:
    root = read_text(json.dumps(BASE), filename="t.json").root
    assert root is not None
    return [path for path, _ in walk(root) if path]


def _replaced(data: object, path: tuple[str | int, ...], value: object) -> object:
    if not path:
        return value
    if isinstance(data, dict):
        return {key: _replaced(item, path[1:], value) if key == path[0] else item for key, item in data.items()}
    assert isinstance(data, list)
    return [_replaced(item, path[1:], value) if index == path[0] else item for index, item in enumerate(data)]


def _survives(data: object, file: object, text: str) -> None:
    document = read_text(json.dumps(data), filename="t.json")
    files = (read_text(json.dumps(file), filename="p.json"),)
    deployment = Deployment(now=NOW, seed="s", parameters={"a": text, "t": text}, parameter_files=files)
    resolution = resolve(document, deployment)
    assert resolution.document is not None or any(diagnostic.is_error for diagnostic in resolution.diagnostics)
    if document.root is not None:
        rehearse(document.root, {"a": text, "b": file}, surroundings=Surroundings(now=NOW, seed="s"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=st.sampled_from(_paths()), value=_JSON, file=_JSON, text=st.text(max_size=5))
def test_any_value_anywhere(path: tuple[str | int, ...], value: object, file: object, text: str) -> None:
    _survives(_replaced(BASE, path, value), file, text)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=_JSON, file=_JSON)
def test_any_file(data: object, file: object) -> None:
    _survives(data, file, "x")


@pytest.mark.parametrize("depth", [50, 99, 140, 190])
@pytest.mark.parametrize("shape", ['{{"a": {}}}', "[{}]"])
def test_deep_files(depth: int, shape: str) -> None:
    deep = "\"[variables('v')]\""
    for _ in range(depth):
        deep = shape.format(deep)
    kind = "Microsoft.VirtualMachineImages/imageTemplates"
    bare = f'{{"type": "{kind}", "properties": {{"source": {deep}}}}}'
    template = f'{{"variables": {{"v": {deep.replace("variables", "nope")}}}, "resources": [{bare}]}}'
    for text in (bare, template):
        resolve(read_text(text, filename="t.json"), Deployment(now=NOW, seed="s"))


@pytest.mark.parametrize("turns", [30, 60, 300, 450])
def test_deep_results(turns: int) -> None:
    deep = f"[reduce(range(0, {turns}), 'x', lambda('c', 'n', createObject('<t>', lambdaVariables('c'))))]"
    template = {"resources": [{"type": "Microsoft.VirtualMachineImages", "name": "n", "tags": deep}]}
    resolution = resolve(read_text(json.dumps(template), filename="t.json"), Deployment(now=NOW, seed="s"))
    assert ("IMG110" in [d.code for d in resolution.diagnostics]) is (turns > 50)


def test_a_nest_of_deployments() -> None:
    inner: dict[str, object] = {"resources": [{"type": "Microsoft.VirtualMachineImages", "name": "n"}]}
    for _ in range(45):
        inner = {
            "resources": [{"type": "Microsoft.Resources/deployments", "name": "n", "properties": {"template": inner}}]
        }
    resolution = resolve(read_text(json.dumps(inner), filename="t.json"), Deployment(now=NOW, seed="s"))
    assert [d.code for d in resolution.diagnostics] == ["IMG102"]


def looped(depth: int, count: int) -> dict[str, object]:
    """Loops of properties within loops of properties."""
    inner: object = "x"
    for level in range(depth):
        inner = {"copy": [{"name": f"l{level}", "count": count, "input": inner}]}
    assert isinstance(inner, dict)
    return inner


def handing_down(depth: int) -> dict[str, object]:
    """Deployments in loops within deployments in loops, an image template at the end."""
    template: dict[str, object] = {"resources": [{"type": "Microsoft.VirtualMachineImages", "name": "n"}]}
    for level in range(depth):
        nested = {
            "type": "Microsoft.Resources/deployments",
            "name": "n",
            "copy": {"name": f"c{level}", "count": 800},
            "properties": {"expressionEvaluationOptions": {"scope": "inner"}, "template": template},
        }
        template = {"resources": [nested]}
    return template


_CALLING_ITSELF = {
    "functions": [
        {"namespace": "f", "members": {"g": {"parameters": [], "output": {"value": "[concat(f.g(), f.g())]"}}}}
    ],
    "resources": [{"type": "Microsoft.VirtualMachineImages", "name": "[f.g()]"}],
}
_ASKING = {
    "variables": {"big": "[range(0, 10000)]"},
    "resources": [
        {
            "type": "Microsoft.VirtualMachineImages",
            "name": "n",
            "tags": {"a": "[reference(string(map(variables('big'), lambda('i', variables('big'))))).x]"},
        }
    ],
}


@pytest.mark.parametrize(
    "template",
    [
        {"resources": [{"type": "Microsoft.VirtualMachineImages", "name": "n", "tags": looped(6, 800)}]},
        {
            "variables": looped(6, 800),
            "resources": [{"type": "Microsoft.VirtualMachineImages", "name": "[variables('l5')]"}],
        },
        handing_down(3),
        _CALLING_ITSELF,
        _ASKING,
        {
            "resources": [
                {"type": "Microsoft.VirtualMachineImages", "name": "n", "copy": {"name": "c", "count": 801}},
            ]
        },
    ],
    ids=["loops", "loops of a variable", "deployments", "a function that calls itself", "a question", "copies"],
)
def test_templates_that_grow_without_end_are_stopped(template: dict[str, object]) -> None:
    resolution = resolve(read_text(json.dumps(template), filename="t.json"), Deployment(now=NOW, seed="s"))
    assert {d.code for d in resolution.diagnostics} & {"IMG110", "IMG126"}


def test_asking_for_the_deployment_costs_no_more_in_a_large_file() -> None:
    """Modules ask for its name in every other expression."""
    variables = {f"v{n}": "[deployment().name]" for n in range(300)} | {"large": "x" * 500_000}
    tags = {f"t{n}": f"[variables('v{n}')]" for n in range(300)}
    template = {
        "variables": variables,
        "resources": [{"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "n", "tags": tags}],
    }
    assert resolve(read_text(json.dumps(template), filename="t.json"), Deployment(now=NOW, seed="s")).diagnostics == ()


@pytest.mark.parametrize("piece", ["/*", "'", '"\\\\', "'\\\\", ",", "//", ", ", "/**"])
def test_a_long_text_that_is_no_json_is_read_once(piece: str) -> None:
    """Whatever begins and does not end takes the rest with it."""
    tags = {"x": "[json(variables('v'))]"}
    template = {
        "variables": {"v": "{" + piece * 100_000},
        "resources": [{"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "n", "tags": tags}],
    }
    resolution = resolve(read_text(json.dumps(template), filename="t.json"), Deployment(now=NOW, seed="s"))
    assert [d.code for d in resolution.diagnostics] == ["IMG106"]
