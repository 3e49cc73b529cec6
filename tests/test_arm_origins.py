"""Origins after evaluation: every value points at the text to change, and tells the way that it came."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from imagesmith.arm import Deployment, resolve
from imagesmith.diagnostics import Path
from imagesmith.source import Value, read_text

TEMPLATE = """{
  "parameters": {
    "region": {"type": "string", "defaultValue": "westeurope"},
    "image": {"type": "object", "defaultValue": {"sku": "22_04", "tags": ["a", "b"]}},
    "given": {"type": "string"},
    "inFile": {"type": "array"}
  },
  "variables": {
    "place": "[parameters('region')]",
    "profile": {"size": "D2", "upper": "[toUpper(variables('place'))]"}
  },
  "resources": [{
    "type": "Microsoft.VirtualMachineImages/imageTemplates",
    "name": "[concat('x-', parameters('region'))]",
    "location": "[variables('place')]",
    "tags": {
      "sku": "[parameters('image').sku]",
      "list": "[parameters('image').tags]",
      "given": "[parameters('given')]",
      "file": "[last(parameters('inFile'))]",
      "plain": "text",
      "token": "/a/<rgName>",
      "whole": "<rgName>",
      "profile": "[variables('profile')]",
      "choice": "[if(true(), parameters('region'), 'x')]",
      "[format('{0}-key', parameters('region'))]": "v",
      "mapped": "[map(parameters('inFile'), lambda('i', lambdaVariables('i')))]",
      "object": "[createObject('a', parameters('region'))]"
    }
  }]
}
"""

PARAMETERS = """{"parameters": {"inFile": {"value": ["one", "two"]}}}"""


@pytest.fixture(scope="module")
def tags() -> Value:
    deployment = Deployment(
        now=datetime(2024, 1, 1, tzinfo=UTC),
        seed="s",
        parameters={"given": "from -p", "rgName": "contoso-rg"},
        parameter_files=(read_text(PARAMETERS, filename="p.json"),),
    )
    resolution = resolve(read_text(TEMPLATE, filename="t.json"), deployment)
    assert resolution.diagnostics == ()
    assert resolution.document is not None
    assert resolution.document.root is not None
    return resolution.document.root


def at(root: Value, path: Path) -> Value:
    value: Value | None = root
    for part in path:
        assert value is not None
        value = value.data[part] if isinstance(value.data, tuple) and isinstance(part, int) else value.data.get(part)  # type: ignore[union-attr, arg-type]
    assert value is not None
    return value


def came(value: Value) -> tuple[str, str, list[str]]:
    """File and text of the origin, and the stations, nearest first."""
    return value.span.file, value.span.text, [via.what for via in value.origin.via]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("tags", "plain"), ("t.json", '"text"', [])),
        (("location",), ("t.json", '"westeurope"', ["variable 'place'", "parameter 'region'"])),
        (("name",), ("t.json", '"westeurope"', ["concat()", "parameter 'region'"])),
        (("tags", "sku"), ("t.json", '"22_04"', ["parameter 'image'"])),
        (("tags", "list", 1), ("t.json", '"b"', ["parameter 'image'"])),
        (("tags", "given"), ("-p given", "from -p", ["parameter 'given'"])),
        (("tags", "file"), ("p.json", '"two"', ["parameter 'inFile'"])),
        (("tags", "token"), ("t.json", '"/a/<rgName>"', ["token <rgName>"])),
        (("tags", "whole"), ("-p rgName", "contoso-rg", ["token <rgName>"])),
        (("tags", "profile", "size"), ("t.json", '"D2"', ["variable 'profile'"])),
        (
            ("tags", "profile", "upper"),
            ("t.json", '"westeurope"', ["variable 'profile'", "toUpper()", "variable 'place'", "parameter 'region'"]),
        ),
        (("tags", "choice"), ("t.json", '"westeurope"', ["parameter 'region'"])),
        (("tags", "westeurope-key"), ("t.json", '"v"', [])),
        (("tags", "mapped", 0), ("p.json", '"one"', ["map()", "parameter 'inFile'"])),
        (("tags", "object", "a"), ("t.json", '"westeurope"', ["createObject()", "parameter 'region'"])),
    ],
)
def test_values_point_at_the_text_to_change(tags: Value, path: Path, expected: tuple[str, str, list[str]]) -> None:
    assert came(at(tags, path)) == expected


def test_a_station_points_at_the_expression(tags: Value) -> None:
    near, far = at(tags, ("location",)).origin.via
    assert near.span.text == "\"[variables('place')]\""
    assert near.span.line == 15
    assert far.span.text == "\"[parameters('region')]\""
    assert far.span.line == 9


def test_a_key_has_the_way_of_its_expression(tags: Value) -> None:
    members = at(tags, ("tags",)).data
    key = members.member("westeurope-key")  # type: ignore[union-attr]
    assert key is not None
    assert came(key.name) == ("t.json", '"westeurope"', ["format()", "parameter 'region'"])


def test_a_fault_points_at_the_function_in_its_string() -> None:
    text = (
        '{"resources": [{"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "[concat(concatt(1), 2)]"}]}'
    )
    resolution = resolve(read_text(text, filename="t.json"), Deployment(now=datetime(2024, 1, 1, tzinfo=UTC), seed="s"))
    (diagnostic,) = resolution.diagnostics
    assert diagnostic.span is not None
    assert diagnostic.span.text == "concatt"


def test_with_escapes_in_the_string_a_fault_points_at_all_of_it() -> None:
    text = '{"resources": [{"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "[nope(\'\\u0041\')]"}]}'
    resolution = resolve(read_text(text, filename="t.json"), Deployment(now=datetime(2024, 1, 1, tzinfo=UTC), seed="s"))
    (diagnostic,) = resolution.diagnostics
    assert diagnostic.span is not None
    assert diagnostic.span.text == "\"[nope('\\u0041')]\""
