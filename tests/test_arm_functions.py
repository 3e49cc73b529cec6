"""Template functions against the examples of their documentation and published results."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
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


EXAMPLES: list[tuple[str, object]] = [
    # strings
    ("base64('one, two, three')", "b25lLCB0d28sIHRocmVl"),
    ("base64ToString('b25lLCB0d28sIHRocmVl')", "one, two, three"),
    ('base64ToJson(base64(\'{"one": "a", "two": "b"}\'))', {"one": "a", "two": "b"}),
    ("base64ToJson(base64('{''one'': ''a'', ''two'': ''b''}'))", {"one": "a", "two": "b"}),
    ("concat('prefix', '-', 'x')", "prefix-x"),
    ("concat('a', 1, true())", "a1True"),
    ("concat(createArray('1-1', '1-2'), createArray('2-1'))", ["1-1", "1-2", "2-1"]),
    ("contains('OneTwoThree', 'e')", True),
    ("contains('OneTwoThree', 'z')", False),
    ("contains(createObject('one', 'a'), 'ONE')", True),
    ("contains(createArray('one', 'two'), 'two')", True),
    ("dataUri('Hello')", "data:text/plain;charset=utf8;base64,SGVsbG8="),
    ("dataUriToString('data:;base64,SGVsbG8sIFdvcmxkIQ==')", "Hello, World!"),
    ("endsWith('abcdef', 'ef')", True),
    ("endsWith('abcdef', 'F')", True),
    ("endsWith('abcdef', 'e')", False),
    ("startsWith('abcdef', 'A')", True),
    ("startsWith('abcdef', 'e')", False),
    ("first('One Two Three')", "O"),
    ("last('One Two Three')", "e"),
    (
        "format('{0}, {1}. Formatted number: {2:N0}', 'Hello', 'User', 8175133)",
        "Hello, User. Formatted number: 8,175,133",
    ),
    ("format('{0}-{0}-{{1}}', 'x')", "x-x-{1}"),
    ("format('[{0,4}|{1,-4}|{2:D3}|{3:X}|{4:00}|{5:F1}]', 'a', 'b', 7, 255, 3, 2)", "[   a|b   |007|FF|03|2.0]"),
    ("format('{0}', createArray(1, 'x'))", '[1,"x"]'),
    ("indexOf('abcdef', 'CD')", 2),
    ("indexOf('abcdef', 'z')", -1),
    ("lastIndexOf('test', 't')", 3),
    ("join(createArray('one', 'two', 'three'), ',')", "one,two,three"),
    ("json('{\"a\": 1.5}')", {"a": 1.5}),
    ("json('true')", True),
    ("json('[1, \"x\", null]')", [1, "x", None]),
    ("length('One Two Three')", 13),
    ("padLeft('123', 10, '0')", "0000000123"),
    ("replace('123-123-1234', '-', '')", "1231231234"),
    ("replace('123-123-1234', '1234', 'xxxx')", "123-123-xxxx"),
    ("skip('one two three', 4)", "two three"),
    ("take('one two three', 2)", "on"),
    ("take('ab', 99)", "ab"),
    ("skip(createArray('one', 'two', 'three'), 2)", ["three"]),
    ("take(createArray('one', 'two', 'three'), -1)", []),
    ("split('one,two,three', ',')", ["one", "two", "three"]),
    ("split('one;two,three', createArray(',', ';'))", ["one", "two", "three"]),
    ("string(createObject('valueA', 10, 'valueB', 'Example Text'))", '{"valueA":10,"valueB":"Example Text"}'),
    ("string(createArray('a', 'b'))", '["a","b"]'),
    ("string(5)", "5"),
    ("string(true())", "True"),
    ("substring('one two three', 4, 3)", "two"),
    ("substring('abcdef', 2)", "cdef"),
    ("toLower('One')", "one"),
    ("ToUpper('One')", "ONE"),
    ("trim('    one two three   ')", "one two three"),
    ("uri('http://contoso.org/firstpath', 'myscript.sh')", "http://contoso.org/myscript.sh"),
    ("uri('http://contoso.org/firstpath/', 'myscript.sh')", "http://contoso.org/firstpath/myscript.sh"),
    ("uri('http://contoso.org/firstpath/azuredeploy.json', 'myscript.sh')", "http://contoso.org/firstpath/myscript.sh"),
    ("uriComponent('http://contoso.com/resources/nested')", "http%3A%2F%2Fcontoso.com%2Fresources%2Fnested"),
    ("uriComponentToString('http%3A%2F%2Fcontoso.com')", "http://contoso.com"),
    # arrays and objects
    ("array('efgh')", ["efgh"]),
    ("array(createArray(1))", [1]),
    ("createArray(1, 2, 3)", [1, 2, 3]),
    ("createObject('intProp', 1, 'nested', createObject('a', true()))", {"intProp": 1, "nested": {"a": True}}),
    ("empty('')", True),
    ("empty(createObject())", True),
    ("empty(null())", True),
    ("empty('x')", False),
    ("first(createArray('one', 'two'))", "one"),
    ("last(createArray('one', 'two'))", "two"),
    ("first(createArray())", None),
    ("flatten(createArray(createArray('a'), createArray('b', 'c')))", ["a", "b", "c"]),
    ("intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))", ["two", "three"]),
    (
        "intersection(createObject('one', 'a', 'two', 'b', 'x', 'c'), createObject('one', 'a', 'two', 'z', 'x', 'c'))",
        {"one": "a", "x": "c"},
    ),
    ("indexOf(createArray('one', 'two', 'one'), 'one')", 0),
    ("lastIndexOf(createArray('one', 'two', 'one'), 'one')", 2),
    ("indexFromEnd(createArray('a', 'b', 'c'), 1)", "c"),
    ("tryIndexFromEnd(createArray('a'), 2)", None),
    ("items(createObject('b', 2, 'a', 1))", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("objectKeys(createObject('b', 2, 'a', 1))", ["a", "b"]),
    ("length(createObject('a', 1, 'b', 2))", 2),
    ("max(0, 3, 2, 5, 4)", 5),
    ("min(createArray(0, 3, 2, 5, 4))", 0),
    ("range(5, 3)", [5, 6, 7]),
    (
        "shallowMerge(createArray(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2))))",
        {"a": {"y": 2}},
    ),
    ("tryGet(createObject('a', createObject('b', 7)), 'a', 'b')", 7),
    ("tryGet(createObject('a', 1), 'z')", None),
    ("union(createArray('one', 'two', 'three'), createArray('three', 'four'))", ["one", "two", "three", "four"]),
    (
        'union(json(\'{"one": {"a": 1}, "two": "b"}\'), json(\'{"one": {"z": 2}, "two": "c2"}\'))',
        {"one": {"a": 1, "z": 2}, "two": "c2"},
    ),
    # logic
    ("and(true(), true(), false())", False),
    ("or(false(), true())", True),
    ("not(equals(1, 2))", True),
    ("xor(true(), false())", True),
    ("bool('true')", True),
    ("bool(0)", False),
    ("equals('a', 'A')", False),
    ("equals(createArray('a', 1), createArray('a', 1))", True),
    ("equals(1, true())", False),
    ("equals(null(), null())", True),
    ("if(equals('a', 'a'), 'yes', 'no')", "yes"),
    ("if(false(), reference('x').y, 'not asked')", "not asked"),
    ("or(true(), reference('x').y)", True),
    ("less(1, 2)", True),
    ("lessOrEquals('a', 'a')", True),
    ("greater('A', 'a')", False),
    ("greaterOrEquals(1, 2)", False),
    ("coalesce(null(), null(), 'default')", "default"),
    ("coalesce(null())", None),
    # numbers
    ("add(5, 3)", 8),
    ("sub(7, 3)", 4),
    ("mul(5, 3)", 15),
    ("div(8, 3)", 2),
    ("div(-8, 3)", -2),
    ("mod(7, 3)", 1),
    ("mod(-7, 3)", -1),
    ("int('4')", 4),
    ("int(4)", 4),
    ("float('3.0')", 3.0),
    # dates
    ("utcNow()", "20240506T170809Z"),
    ("utcNow('d')", "05/06/2024"),
    ("utcNow('M d')", "5 6"),
    ("utcNow('yyyy-MM-dd-HH-mm-ss')", "2024-05-06-17-08-09"),
    ("utcNow('dddd, MMM dd, h:mm tt')", "Monday, May 06, 5:08 PM"),
    ("utcNow('yy.M.d')", "24.5.6"),
    ("utcNow('o')", "2024-05-06T17:08:09.1234560Z"),
    ("utcNow('u')", "2024-05-06 17:08:09Z"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'P3Y')", "4/7/2023 2:53:14 PM"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', '-P9D')", "3/29/2020 2:53:14 PM"),
    ("dateTimeAdd('2020-04-07 14:53:14Z', 'PT1H')", "4/7/2020 3:53:14 PM"),
    ("dateTimeAdd('20240506T170809Z', 'P1DT1M', 'yyyy-MM-dd HH:mm')", "2024-05-07 17:09"),
    ("dateTimeFromEpoch(1683040573)", "2023-05-02T15:16:13Z"),
    ("dateTimeToEpoch('2023-05-02T15:16:13Z')", 1683040573),
    # resources
    (
        "resourceId('Microsoft.Storage/storageAccounts', 'st')",
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st",
    ),
    (
        "resourceId('other', 'Microsoft.Compute/galleries/images', 'g', 'i')",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Compute/galleries/g/images/i",
    ),
    (
        f"resourceId('{SUBSCRIPTION}', 'other', 'Microsoft.Compute/images', 'i')",
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other/providers/Microsoft.Compute/images/i",
    ),
    ("resourceId('Microsoft.KeyVault/vaults/', 'v')", f"{GROUP}/providers/Microsoft.KeyVault/vaults/v"),
    (
        "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'r')",
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/r",
    ),
    ("tenantResourceId('Microsoft.Authorization/x', 'r')", "/providers/Microsoft.Authorization/x/r"),
    (
        "extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/locks', 'l')",
        f"{GROUP}/providers/Microsoft.Authorization/locks/l",
    ),
    (
        "managementGroupResourceId('mg', 'Microsoft.Authorization/policies', 'p')",
        "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/policies/p",
    ),
    ("resourcegroup().Location", "westeurope"),
    ("resourceGroup().id", GROUP),
    ("resourceGroup('other').id", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/other"),
    ("subscription().subscriptionId", SUBSCRIPTION),
    ("subscription().id", f"/subscriptions/{SUBSCRIPTION}"),
    ("tenant().tenantId", "22222222-2222-2222-2222-222222222222"),
    ("deployment().name", "contoso"),
    ("environment().suffixes.storage", "core.windows.net"),
    # lambdas
    ("map(createArray('Evie', 'Casper'), lambda('dog', toUpper(lambdaVariables('dog'))))", ["EVIE", "CASPER"]),
    ("map(createArray('a', 'b'), lambda('x', 'i', add(lambdaVariables('i'), 10)))", [10, 11]),
    ("filter(range(0, 5), lambda('n', greater(lambdaVariables('n'), 2)))", [3, 4]),
    (
        "reduce(createArray(5, 3, 2), 0, lambda('cur', 'next', add(lambdaVariables('cur'), lambdaVariables('next'))))",
        10,
    ),
    ("sort(createArray(8, 3, 10), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", [3, 8, 10]),
    (
        "toObject(createArray('a','b'), lambda('i', lambdaVariables('i')), lambda('v', toUpper(lambdaVariables('v'))))",
        {"a": "A", "b": "B"},
    ),
    (
        "groupBy(createArray('ab', 'ac', 'b'), lambda('k', first(lambdaVariables('k'))))",
        {"a": ["ab", "ac"], "b": ["b"]},
    ),
    ("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", {"a": 2}),
]


@pytest.mark.parametrize(("expression", "expected"), EXAMPLES)
def test_documented_examples(expression: str, expected: object) -> None:
    assert value_of(f"[{expression}]") == without_nulls(expected)


def without_nulls(data: object) -> object:
    return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data


def test_every_function_has_an_example() -> None:
    text = " ".join(expression for expression, _ in EXAMPLES).lower()
    elsewhere = {"uniquestring", "guid", "newguid", "parameters", "variables", "copyindex", "references", "pickzones"}
    elsewhere |= {"providers", "getsecret"}
    missing = [name for name in FUNCTIONS if f"{name}(" not in text and name not in elsewhere]
    assert missing == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        # https://stackoverflow.com/q/43295720, computed with the library that ARM itself uses
        (("tyeth",), "zcztcwvu6iyg6"),
        # JasonWhall/go-azure-uniquestring
        (("hello", "world"), "a7wkljktk6wne"),
        # Azure/terraform-provider-azapi, its test of unique_string
        (("/subscriptions/00000000-0000-0000-0000-000000000000", "resource-id"), "cwvxuqg24sifi"),
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
    ("substring('abc')", "IMG106", "substring() takes 2 to 3 arguments, but has 1"),
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
    ("resourceId('storage', 'x')", "IMG106", "resourceId() needs a resource type such as Microsoft.Compute/images"),
    ("resourceId('A.B/c', 'x', 'y')", "IMG106", "the type 'A.B/c' needs 1 names, but resourceId() has 2"),
    ("resourceId('//', 'x')", "IMG106", "resourceId() needs a resource type such as Microsoft.Compute/images"),
    ("map(createArray(), 'x')", "IMG106", "argument 2 of map() must be a lambda: lambda('name', expression)"),
    ("lambdaVariables('x')", "IMG106", "there is no lambda variable 'x' around the expression"),
    ("createArray('a')[3]", "IMG108", "there is no element 3: the array has 1"),
    ("createObject('color', 1).colour", "IMG108", "there is no property 'colour'"),
    ("'x'.y", "IMG108", "property 'y' is asked of a string, which has none"),
    ("reference('x').y", "IMG117", "reference() asks Azure while the deployment runs, so its value is not known"),
    (
        "listKeys('x', '2020-01-01').key1",
        "IMG117",
        "listKeys() asks Azure while the deployment runs, so its value is not known",
    ),
    ("resourceGroup().tags.x", "IMG117", "resourceGroup().tags is only known to Azure"),
    ("variables('nope')", "IMG107", "the file declares no variable 'nope'"),
]


@pytest.mark.parametrize(("expression", "code", "message"), WRONG)
def test_wrong_calls_are_explained(expression: str, code: str, message: str) -> None:
    resolution = evaluate(f"[{expression}]")
    assert [(d.code, d.message) for d in resolution.diagnostics] == [(code, message)]
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
