"""Values of parameters against declared types: properties, tuples, variants, limits, nullables, secrets inside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_arm_resolve import deployment, found, image, nested, resolve, root

TAG = {"type": "string", "minLength": 2, "maxLength": 4}
DEFINITIONS: dict[str, object] = {
    "tag": TAG,
    "alias": {"$ref": "#/definitions/tag"},
    "size": {"type": "int", "minValue": 1, "maxValue": 8, "nullable": True},
    "disk": {
        "type": "object",
        "properties": {
            "name": {"$ref": "#/definitions/alias"},
            "sizeGB": {"$ref": "#/definitions/size"},
            "key": {"type": "securestring", "nullable": True},
        },
        "additionalProperties": False,
    },
    "disks": {"type": "array", "items": {"$ref": "#/definitions/disk"}, "maxLength": 2},
    "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "int"}], "items": False},
    "map": {"type": "object", "additionalProperties": {"type": "int"}},
    "step": {
        "type": "object",
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"shell": {"$ref": "#/definitions/shell"}, "file": {"$ref": "#/definitions/file"}},
        },
    },
    "shell": {"type": "object", "properties": {"kind": {"type": "string"}, "inline": {"type": "array"}}},
    "file": {"type": "object", "properties": {"kind": {"type": "string"}, "uri": {"type": "secureString"}}},
    "tree": {"type": "object", "properties": {"left": {"$ref": "#/definitions/tree", "nullable": True}}},
    "diskName": {"$ref": "#/definitions/disk/properties/name"},
    "second": {"$ref": "#/definitions/pair/prefixItems/1"},
    "circle": {"$ref": "#/definitions/circle"},
    "nowhere": {"$ref": "#/definitions/none"},
    "color": {"type": "string", "allowedValues": ["red", "green"]},
    "colors": {"type": "array", "allowedValues": ["red", "green"]},
}


def given(name: str, value: object) -> Any:  # a resolution, whatever came of it
    template = {
        **deployment(image(tags={"x": "[string(parameters('p'))]"})),
        "languageVersion": "2.0",
        "definitions": DEFINITIONS,
        "parameters": {"p": {"$ref": f"#/definitions/{name}"}},
    }
    return resolve(template, files=({"parameters": {"p": {"value": value}}},))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alias", "abc"),
        ("disk", {"name": "data"}),
        ("disk", {"name": "data", "sizeGB": None}),
        ("disks", [{"name": "data", "sizeGB": 8}]),
        ("pair", ["a", 1]),
        ("map", {"a": 1, "b": 2}),
        ("step", {"kind": "shell", "inline": []}),
        ("step", {"kind": "FILE", "uri": "https://c.example"}),
        ("tree", {"left": {"left": {}}}),
        ("diskName", "data"),
        ("second", 3),
        ("circle", {"any": "thing"}),
        ("nowhere", ["any", "thing"]),
        ("color", "GREEN"),
        ("colors", ["green", "red", "red"]),
    ],
)
def test_a_value_of_the_type_is_taken(name: str, value: object) -> None:
    resolution = given(name, value)
    assert found(resolution) == []
    assert root(resolution)["tags"]["x"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("alias", "a", [("IMG114", "parameter 'p' must have at least 2 characters")]),
        ("disk", {"name": 7}, [("IMG113", "parameter 'p' at name must be a string, but its value is an integer")]),
        ("disk", {}, [("IMG127", "parameter 'p' lacks the property 'name'")]),
        (
            "disk",
            {"name": "abc", "lun": 1},
            [("IMG127", "parameter 'p' has the property 'lun', which its type does not know")],
        ),
        (
            "disks",
            [{"name": "abc", "sizeGB": 9}, {"name": "toolong"}],
            [
                ("IMG114", "parameter 'p' at [0].sizeGB must be at most 8"),
                ("IMG114", "parameter 'p' at [1].name must have at most 4 characters"),
            ],
        ),
        ("disks", [{"name": "ab"}] * 3, [("IMG114", "parameter 'p' must have at most 2 elements")]),
        ("pair", ["a"], [("IMG127", "parameter 'p' must have 2 elements, but has 1")]),
        ("pair", ["a", 1, 2], [("IMG127", "parameter 'p' must have 2 elements, but has 3")]),
        ("pair", ["a", "b"], [("IMG113", "parameter 'p' at [1] must be an integer, but its value is a string")]),
        ("map", {"a": "x"}, [("IMG113", "parameter 'p' at a must be an integer, but its value is a string")]),
        ("step", {}, [("IMG127", "parameter 'p' lacks the property 'kind', which tells its kind: one of shell, file")]),
        ("step", {"kind": "shel"}, [("IMG114", "parameter 'p' has the kind 'shel'; kind must be one of shell, file")]),
        ("step", {"kind": "shell"}, [("IMG127", "parameter 'p' lacks the property 'inline'")]),
        (
            "tree",
            {"left": {"left": 7}},
            [("IMG113", "parameter 'p' at left.left must be an object, but its value is an integer")],
        ),
        ("second", "3", [("IMG113", "parameter 'p' must be an integer, but its value is a string")]),
        ("color", "blue", [("IMG114", "parameter 'p' must be one of red, green")]),
        ("colors", ["red", "blue"], [("IMG114", "parameter 'p' must be one of red, green")]),
    ],
)
def test_every_part_that_is_not_of_the_type_is_told(name: str, value: object, told: list[tuple[str, str]]) -> None:
    assert found(given(name, value)) == told


def test_each_finding_points_at_its_part() -> None:
    first, second = given("disks", [{"name": "abc", "sizeGB": 9}, {"name": "toolong"}]).diagnostics
    assert (first.span.text, second.span.text) == ("9", '"toolong"')


@pytest.mark.parametrize(
    ("name", "value", "secrets"),
    [
        ("disks", [{"name": "abc", "key": "k1"}, {"name": "abc", "key": "k2"}], {"k1", "k2"}),
        ("step", {"kind": "file", "uri": "https://c.example/?sig=1"}, {"https://c.example/?sig=1"}),
        ("disk", {"name": "abc", "key": None}, set()),
    ],
)
def test_secrets_deep_in_a_value_are_secrets(name: str, value: object, secrets: set[str]) -> None:
    assert set(given(name, value).secrets) == secrets


def test_a_default_is_checked_too() -> None:
    template = deployment(image(location="[parameters('p')]"), parameters={"p": {**TAG, "defaultValue": "x"}})
    (diagnostic,) = resolve(template).diagnostics
    assert (diagnostic.code, diagnostic.span.text if diagnostic.span else "") == ("IMG114", '"x"')


def test_a_deep_value_of_a_recursive_type_ends() -> None:
    value: dict[str, object] = {}
    for _ in range(60):
        value = {"left": value}
    assert found(given("tree", value)) == []


def test_a_property_that_could_not_be_computed_is_not_missing() -> None:
    """Only who asks for it is told; the rest of the value is used."""
    inner = {
        **deployment(image(tags={"x": "[parameters('d').name]", "y": "[parameters('d').sizeGB]"})),
        "definitions": {
            "d": {
                "type": "object",
                "properties": {"name": TAG, "sizeGB": {"type": "int"}},
                "additionalProperties": False,
            }
        },
        "parameters": {"d": {"$ref": "#/definitions/d"}},
    }
    handed = {"d": {"value": {"name": "abc", "sizeGB": "[reference('disk').size]"}}}
    resolution = resolve(deployment(nested(inner, inner=True, properties={"parameters": handed})))
    assert found(resolution) == [
        ("IMG117", "the value of reference('disk').size is only known while the deployment runs")
    ]
    assert root(resolution)["tags"]["x"] == "abc"


def calling(expression: str, output: object) -> Any:  # a resolution, whatever came of it
    takes = [{"name": "n", "type": "int", "maxValue": 9}, {"name": "t", "$ref": "#/definitions/tag"}]
    functions = [{"namespace": "f", "members": {"g": {"parameters": takes, "output": output}}}]
    template = {**deployment(image(tags={"x": f"[{expression}]"})), "functions": functions, "definitions": DEFINITIONS}
    return resolve(template)


@pytest.mark.parametrize(
    ("expression", "output", "told"),
    [
        ("f.g(1, 'abc')", {"type": "string", "value": "[concat(parameters('t'), parameters('n'))]"}, []),
        (
            "f.g('1', 'a')",
            {"type": "string", "value": "x"},
            [("IMG113", "argument 'n' of f.g() must be an integer, but its value is a string")],
        ),
        (
            "f.g(10, 'abc')",
            {"type": "string", "value": "x"},
            [("IMG114", "argument 'n' of f.g() must be at most 9")],
        ),
        (
            "f.g(1, 'a')",
            {"type": "string", "value": "x"},
            [("IMG114", "argument 't' of f.g() must have at least 2 characters")],
        ),
        (
            "f.g(1, 'abc')",
            {"type": "int", "value": "[parameters('t')]"},
            [("IMG113", "what f.g() gives must be an integer, but its value is a string")],
        ),
    ],
)
def test_functions_of_the_file_keep_to_their_types(
    expression: str, output: object, told: list[tuple[str, str]]
) -> None:
    assert found(calling(expression, output)) == told
