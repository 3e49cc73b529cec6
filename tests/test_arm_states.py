"""What a file tells of its own resources: outputs of modules, loops of modules, secure outputs, names and ids."""

from __future__ import annotations

from typing import Any

import pytest

from tests.test_arm_resolve import deployment, found, image, nested, resolve, root

GALLERY = deployment(
    parameters={"n": {"type": "int", "defaultValue": 0}},
    outputs={
        "id": {"type": "string", "value": "[concat('gallery', parameters('n'))]"},
        "off": {"type": "string", "condition": "[equals(1, 2)]", "value": "x"},
        "list": {"type": "array", "copy": {"count": "[length(range(0, 2))]", "input": "[mul(copyIndex(), 10)]"}},
        "key": {"type": "securestring", "value": "hush"},
    },
)


def tags_of(expression: str, **resources: dict[str, object]) -> Any:  # a resolution, whatever came of it
    built = image(tags={"x": f"[{expression}]"})
    return resolve({"languageVersion": "2.0", "resources": {**resources, "image": built}})


def module(**members: object) -> dict[str, object]:
    return nested(GALLERY, inner=True, name="gal", **members)


def loop() -> dict[str, object]:
    values = {"parameters": {"n": {"value": "[copyIndex()]"}}}
    return nested(
        GALLERY, inner=True, name="[concat('gal', copyIndex())]", properties=values, copy={"name": "l", "count": 3}
    )


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("reference('one').outputs.id.value", "gallery0"),
        ("reference('one').outputs.list.value", [0, 10]),
        ("contains(reference('one').outputs, 'off')", False),
        ("reference('one', '2022-09-01', 'full').properties.outputs.id.value", "gallery0"),
        ("reference('gal').outputs.id.value", "gallery0"),
        ("reference(format('all[{0}]', 2)).outputs.id.value", "gallery2"),
        (
            "map(references('all'), lambda('m', lambdaVariables('m').outputs.id.value))",
            ["gallery0", "gallery1", "gallery2"],
        ),
        ("reference('gal1').outputs.id.value", "gallery1"),
        ("resourceInfo('one').name", "gal"),
        ("resourceInfo('image').type", "Microsoft.VirtualMachineImages/imageTemplates"),
    ],
)
def test_the_file_tells_of_its_modules(expression: str, value: object) -> None:
    resolution = tags_of(expression, one=module(), all=loop())
    assert found(resolution) == []
    assert root(resolution)["tags"]["x"] == value


def test_secure_outputs_are_secrets() -> None:
    resolution = tags_of("listOutputsWithSecureValues('one', '2022-09-01').key", one=module())
    assert root(resolution)["tags"]["x"] == "hush"
    assert resolution.secrets == ("hush",)


def test_the_id_of_a_resource_with_a_symbolic_name_is_made_of_its_place() -> None:
    gallery: dict[str, object] = {"type": "Microsoft.Compute/galleries/images", "name": "g/i"}
    template = {
        "languageVersion": "2.0",
        "resources": {"def": gallery, "image": image(tags={"x": "[resourceInfo('def').id]"})},
    }
    resolution = resolve(template, _subscription_id="s", _resource_group="g")
    expected = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/i"
    assert root(resolution)["tags"]["x"] == expected


@pytest.mark.parametrize(
    ("expression", "asked"),
    [
        ("reference('all[3]').outputs.id.value", "reference('all[3]').outputs.id.value"),
        ("reference('one[0]').outputs.id.value", "reference('one[0]').outputs.id.value"),
        ("references('one')[0].outputs", "references('one')[0].outputs"),
        (
            "listOutputsWithSecureValues('image', '2022-09-01').key",
            "listOutputsWithSecureValues('image', '2022-09-01').key",
        ),
        ("resourceInfo('none').id", "resourceInfo('none').id"),
        ("reference('image').provisioningState", "reference('image').provisioningState"),
    ],
)
def test_what_the_file_does_not_tell_is_asked_for(expression: str, asked: str) -> None:
    resolution = tags_of(expression, one=module(), all=loop())
    assert found(resolution) == [("IMG117", f"the value of {asked} is only known while the deployment runs")]


def test_a_module_that_asks_for_its_own_output_is_a_circle() -> None:
    values = {"parameters": {"n": {"value": "[length(reference('one').outputs.list.value)]"}}}
    resolution = tags_of("reference('one').outputs.id.value", one=module(properties=values))
    assert [code for code, _ in found(resolution)] == ["IMG109"]


def test_a_resource_group_of_the_file_is_known_by_its_id() -> None:
    group: dict[str, object] = {"type": "Microsoft.Resources/resourceGroups", "name": "rg-1", "location": "westus"}
    asked = (
        "reference(subscriptionResourceId('Microsoft.Resources/resourceGroups', 'rg-1'), '2024-03-01', 'full').location"
    )
    template = {"languageVersion": "2.0", "resources": {"g": group, "image": image(tags={"x": f"[{asked}]"})}}
    assert root(resolve(template, _subscription_id="s"))["tags"]["x"] == "westus"


PARTLY = {"known": "k", "other": "[reference('r').x]"}
ASKED = [("IMG117", "the value of reference('r').x is only known while the deployment runs")]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("union(variables('v'), createObject('more', 1)).known", "k"),
        ("union(variables('v'), createObject('other', 1)).other", 1),
        ("union(createObject('known', 1), variables('v')).known", "k"),
        ("shallowMerge(createArray(variables('v'), createObject('a', 1))).a", 1),
        ("contains(variables('v'), 'other')", True),
        ("contains(variables('v'), 'none')", False),
        ("empty(variables('v'))", False),
        ("first(createArray(variables('v'))).known", "k"),
    ],
)
def test_the_known_part_of_a_value_can_be_used(expression: str, value: object) -> None:
    resolution = resolve(deployment(image(tags={"x": f"[{expression}]"}), variables={"v": PARTLY}))
    assert found(resolution) == []
    assert root(resolution)["tags"]["x"] == value


@pytest.mark.parametrize(
    "expression",
    [
        "union(variables('v'), createObject('more', 1)).other",
        "union(createObject('other', 1), variables('v')).other",
        "shallowMerge(createArray(createObject('other', 1), variables('v'))).other",
        "string(variables('v'))",
        "format('{0}', variables('v'))",
        "equals(variables('v'), createObject('known', 'k'))",
        "contains(createArray(variables('v')), createObject('known', 'k'))",
        "length(variables('v'))",
        "length(items(variables('v')))",
        "intersection(variables('v'), createObject('other', 1)).other",
        "base64(string(variables('v')))",
    ],
)
def test_what_needs_the_unknown_part_says_so(expression: str) -> None:
    """Nothing is left out in silence."""
    resolution = resolve(deployment(image(tags={"x": f"[{expression}]"}), variables={"v": PARTLY}))
    assert found(resolution) == ASKED
