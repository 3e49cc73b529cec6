"""Template functions against the examples of their documentation and published results."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from imagesmith.arm import Deployment, Resolution, resolve
from imagesmith.arm.functions import FUNCTIONS
from imagesmith.arm.functions.murmur import murmur64, unique_text
from imagesmith.source import plain, read_text

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/contoso-rg"
DEPLOYMENT = Deployment(
    resource_group="contoso-rg",
    subscription_id=SUBSCRIPTION,
    tenant_id="22222222-2222-2222-2222-222222222222",
    location="westeurope",
    default_name="contoso",
    now=datetime(2024, 5, 6, 17, 8, 9, 123456, tzinfo=UTC),
    seed="seed",
)


def evaluate(expression: str, **variables: object) -> Resolution:
    template = {
        "contentVersion": "1.0.0.0",
        "variables": variables,
        "resources": [
            {"type": "Microsoft.VirtualMachineImages/imageTemplates", "name": "n", "tags": {"x": expression}}
        ],
    }
    return resolve(read_text(json.dumps(template), filename="template.json"), DEPLOYMENT)


def value_of(expression: str, **variables: object) -> Any:  # JSON of any shape
    resolution = evaluate(expression, **variables)
    assert [d for d in resolution.diagnostics if d.is_error] == []
    assert resolution.document is not None
    assert resolution.document.root is not None
    return plain(resolution.document.root)["tags"].get("x")


DATA: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "arm_examples.json").read_text(encoding="utf-8"))
"""By source: expressions and what they give. Where a page of the documentation and ARM's own engine, as the tests of
Azure/bicep run it, do not agree, the engine is right."""

EXAMPLES = [(expression, expected) for examples in DATA.values() for expression, expected in examples.items()]


@pytest.mark.parametrize(("expression", "expected"), EXAMPLES)
def test_documented_examples(expression: str, expected: object) -> None:
    assert value_of(f"[{expression}]") == without_nulls(expected)


def without_nulls(data: object) -> object:
    return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


def test_every_function_has_an_example() -> None:
    """Those that only Azure can answer, and those that need more than an expression, have tests elsewhere."""
    text = " ".join(expression for expression, _ in EXAMPLES).lower()
    elsewhere = {"newguid", "parameters", "copyindex", "references", "resourceinfo", "fail"}
    missing = {name for name, row in FUNCTIONS.items() if f"{name}(" not in text and not row.runtime}
    assert missing == elsewhere


def test_every_row_says_where_it_is_documented() -> None:
    links = {row.name: row.link for row in FUNCTIONS.values()}
    assert links["cidrSubnet"] == (
        "https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-cidr#cidrsubnet"
    )
    assert links["list*"].endswith("template-functions-resource#list")
    assert [row.name for row in FUNCTIONS.values() if not row.note.endswith((".", "null", "true", "false"))] == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # https://stackoverflow.com/q/43295720, computed with the library that ARM itself uses
        (("tyeth",), "zcztcwvu6iyg6"),
        # JasonWhall/go-azure-uniquestring
        (("hello", "world"), "a7wkljktk6wne"),
        # Azure/terraform-provider-azapi, its test of unique_string
        (("/subscriptions/00000000-0000-0000-0000-000000000000", "resource-id"), "cwvxuqg24sifi"),
        # Azure/bicep, FunctionResolverTests.cs: computed with ARM's own engine
        (("snap", "crackle", "pop"), "byghxckddilkc"),
    ],
)
def test_unique_string_gives_what_arm_gives(arguments: tuple[str, ...], expected: str) -> None:
    assert unique_text("-".join(arguments)) == expected
    quoted = ", ".join(f"'{argument}'" for argument in arguments)
    assert value_of(f"[uniqueString({quoted})]") == expected


def test_the_hash_below_unique_string() -> None:
    assert murmur64(b"hello-world") == 571013382255652050


def test_guid_is_the_uuid_5_that_the_documentation_describes() -> None:
    name_space = bytes.fromhex("11fb06fb712d4ddd98c7e71bbd588830")
    digest = bytearray(hashlib.sha1(name_space + b"hello-world", usedforsecurity=False).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x50, digest[8] & 0x3F | 0x80
    assert value_of("[guid('hello', 'world')]").replace("-", "") == digest.hex()
    assert value_of("[guid('hello', 'world')]") == "a5b868f8-11fe-567a-ace0-e77cc87f104e"
    assert value_of("[guid('hello-world')]") == "a5b868f8-11fe-567a-ace0-e77cc87f104e"


def test_new_guid_depends_on_seed_and_place_only() -> None:
    one = value_of("[concat(newGuid(), ' ', newGuid())]")
    first, second = one.split(" ")
    assert first != second
    assert first[14] == "4"
    assert value_of("[concat(newGuid(), ' ', newGuid())]") == one


WRONG: list[tuple[str, str, str]] = [
    ("concatenate('a')", "IMG105", "there is no function concatenate()"),
    ("substring()", "IMG106", "substring() takes 1 to 3 arguments, but has 0"),
    ("toLower(1)", "IMG106", "argument 1 of toLower() must be a string, but is an integer"),
    ("substring('abc', 2, 5)", "IMG106", "substring(2, 5) reaches outside of a text of 3 characters"),
    ("div(1, 0)", "IMG106", "div() divides by zero"),
    ("mul(9223372036854775807, 2)", "IMG106", "the result of mul() does not fit into 64 bits"),
    ("int('x')", "IMG106", "'x' is not the text of an integer"),
    ("json('{')", "IMG106", "the argument of json() is not JSON"),
    ("base64ToString('%%')", "IMG106", "the argument of base64ToString() is not base 64 of UTF-8 text"),
    ("format('{0} {1}', 'x')", "IMG106", "the format asks for {1}, but there are 1 values after it"),
    ("format('{', 'x')", "IMG106", "a '{' stands alone in the format: write '{{' for the character itself"),
    ("createObject('a')", "IMG106", "createObject() takes pairs of key and value, but the last key has no value"),
    ("copyIndex()", "IMG106", "copyIndex() stands outside of any copy loop"),
    ("range(0, 100000000)", "IMG106", "range() makes 0 to 10000 numbers, not 100000000"),
    ("utcNow('q')", "IMG106", "'q' is not a date format"),
    ("dateTimeAdd('x', 'P1D')", "IMG106", "'x' is not a date that can be read"),
    ("dateTimeAdd('2020-01-01', '1 day')", "IMG106", "'1 day' is no ISO 8601 duration such as P1D or -PT90M"),
    ("dateTimeAdd('2020-01-01', 'P99999Y')", "IMG106", "2020-01-01 moved by P99999Y is outside of the calendar"),
    (
        "resourceId(subscription().id, 'g', 'A.B/c', 'x')",
        "IMG106",
        f"resourceId() takes the subscription's bare id, not '/subscriptions/{SUBSCRIPTION}'",
    ),
    ("resourceId('storage', 'x')", "IMG106", "resourceId() needs a resource type such as Microsoft.Compute/images"),
    ("resourceId('A.B/c', 'x', 'y')", "IMG106", "the type 'A.B/c' needs 1 names, but resourceId() has 2"),
    ("resourceId('//', 'x')", "IMG106", "resourceId() needs a resource type such as Microsoft.Compute/images"),
    ("map(createArray(), 'x')", "IMG106", "argument 2 of map() must be a lambda: lambda('name', expression)"),
    ("lambdaVariables('x')", "IMG106", "there is no lambda variable 'x' around the expression"),
    ("createArray('a')[3]", "IMG108", "there is no element 3: the array has 1"),
    ("createObject('color', 1).colour", "IMG108", "there is no property 'colour'"),
    ("'x'.y", "IMG108", "property 'y' is asked of a string, which has none"),
    ("reference('x').y", "IMG117", "the value of reference('x').y is only known while the deployment runs"),
    (
        "listKeys(concat('x', 'y'), '2020-01-01').keys[0]['a b']",
        "IMG117",
        "the value of listKeys('xy', '2020-01-01').keys[0]['a b'] is only known while the deployment runs",
    ),
    (
        "resourceGroup().tags.x",
        "IMG117",
        "the value of resourceGroup().tags.x is only known while the deployment runs",
    ),
    (
        "deployment().properties.templateLink.uri",
        "IMG117",
        "the value of deployment().properties.templateLink.uri is only known while the deployment runs",
    ),
    ("managementGroup().name", "IMG117", "the value of managementGroup().name is only known while the deployment runs"),
    (
        "toLogicalZone('s', 'westeurope', 'westeurope-az1')",
        "IMG117",
        "the value of toLogicalZone('s', 'westeurope', 'westeurope-az1') is only known while the deployment runs",
    ),
    ("listKeys()", "IMG106", "listKeys() takes 1 to 3 arguments, but has 0"),
    ("fail('no name')", "IMG131", "the template ends itself: no name"),
    ("cidrSubnet('10.0.0.0/8', 4, 0)", "IMG106", "a subnet of 10.0.0.0/8 has a prefix within 8 to 32"),
    ("cidrSubnet('10.0.0.0/8', 9, 2)", "IMG106", "10.0.0.0/8 has the /9 subnets 0 to 1, but not 2"),
    ("cidrHost('10.0.0.0/30', 2)", "IMG106", "10.0.0.0/30 has no host 2"),
    ("parseCidr('10.0.0.0/33')", "IMG106", "'10.0.0.0/33' is no address range such as 10.0.0.0/16"),
    ("parseUri('contoso')", "IMG106", "'contoso' is no URI with a scheme and a host"),
    ("buildUri(createObject('scheme', 'https'))", "IMG106", "buildUri() needs at least a scheme and a host"),
    ("int('1_000')", "IMG106", "'1_000' is not the text of an integer"),
    ("float('nan')", "IMG106", "'nan' is not the text of a number"),
    ("range(2147483647, 1)", "IMG106", "range() ends at 2147483647, but 2147483647 and 1 more go beyond it"),
    ("format('{0:Q}', 1)", "IMG106", "'Q' is no number format"),
    ("format('{0:D}', json('1.5'))", "IMG106", "the format 'D' is for integers"),
    ("variables('nope')", "IMG107", "the file declares no variable 'nope'"),
]


@pytest.mark.parametrize(("expression", "code", "message"), WRONG)
def test_wrong_calls_are_explained(expression: str, code: str, message: str) -> None:
    resolution = evaluate(f"[{expression}]")
    assert [(d.code, d.message) for d in resolution.diagnostics if d.is_error] == [(code, message)]
    assert resolution.unresolved == (("tags", "x"),)


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("concatenate('a')", "did you mean 'concat'?"),
        ("createObject('color', 1).colour", "did you mean 'color'?"),
        ("variables('regoin')", "did you mean 'region'?"),
    ],
)
def test_a_similar_name_is_suggested(expression: str, hint: str) -> None:
    assert [d.hint for d in evaluate(f"[{expression}]", region="x").diagnostics] == [hint]


@pytest.mark.parametrize(
    ("expression", "variables"),
    [
        ("[padLeft('x', 2000000000)]", {}),
        ("[format('{0,999999}{0,999999}', replace(padLeft('', 999999), ' ', padLeft('', 99)))]", {}),
        (
            "[variables('v30')]",
            {"v0": "aaaaaaaaaa"}
            | {f"v{n}": f"[concat(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 31)},
        ),
        (
            "[string(variables('v40'))]",
            {"v0": "a"}
            | {f"v{n}": f"[createArray(variables('v{n - 1}'), variables('v{n - 1}'))]" for n in range(1, 41)},
        ),
        ("[variables('v40')]", {"v0": "a"} | {f"v{n}": [f"[variables('v{n - 1}')]"] * 2 for n in range(1, 41)}),
        ("[map(range(0, 9999), lambda('a', map(range(0, 9999), lambda('b', 1))))]", {}),
        ("[variables('v500')]", {"v0": "a"} | {f"v{n}": f"[variables('v{n - 1}')]" for n in range(1, 501)}),
        ("[reduce(range(0, 9999), createArray(), lambda('c', 'n', createArray(lambdaVariables('c'))))]", {}),
    ],
    ids=[
        "padding",
        "format",
        "text doubling",
        "array doubling",
        "shared arrays",
        "nested loops",
        "long chain",
        "deep data",
    ],
)
def test_bombs_are_a_diagnostic(expression: str, variables: dict[str, object]) -> None:
    resolution = evaluate(expression, **variables)
    assert [d.code for d in resolution.diagnostics] == ["IMG110"]
