"""Normalisation: which version a template is read by, what is repaired, and that nothing forgets where it came from."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from imagesmith.arm import Deployment, resolve
from imagesmith.diagnostics import Diagnostic, Severity, SourceText, Span, dotted
from imagesmith.normalise import Normalised, normalise
from imagesmith.normalise.rules import RULES
from imagesmith.source import Document, Member, Object, Origin, Value, plain, read_text, walk, wrap


def document(data: Any) -> Document:
    source = SourceText("t.json", "")
    return Document(source=source, root=wrap(data, Origin(Span(source, 0, 0))))


def placed(data: Any) -> Document:
    """Data whose every text, key or value, has the place where it stands in the JSON of it; others have the start."""
    source = SourceText("t.json", json.dumps(data))

    def at(text: str) -> Origin:
        start = source.text.index(json.dumps(text))
        return Origin(Span(source, start, start + len(json.dumps(text))))

    def build(part: Any) -> Value:
        if isinstance(part, dict):
            members = (Member(Value(key, at(key)), build(value)) for key, value in part.items())
            return Value(Object(members), Origin(Span(source, 0, 0)))
        if isinstance(part, list):
            return Value(tuple(build(item) for item in part), Origin(Span(source, 0, 0)))
        return Value(part, at(part) if isinstance(part, str) else Origin(Span(source, 0, 0)))

    return Document(source=source, root=build(data))


def run(data: Any, **options: Any) -> tuple[Any, list[tuple[str, str, str]], Normalised]:
    result = normalise(document(data), **options)
    root = result.document.root
    found = [(problem.code, dotted(problem.path), problem.severity.value) for problem in result.diagnostics]
    return (plain(root) if root else None), found, result


VERSIONS = [
    (None, None, "2025-10-01", False, []),
    ("", None, "2025-10-01", False, []),
    ("2024-02-01", None, "2024-02-01", True, []),
    ("2025-10-01", None, "2025-10-01", True, []),
    ("2023-07-01", None, "2023-07-01", False, []),
    ("2019-05-01-preview", None, "2019-05-01-preview", False, ["IMG202"]),
    ("2018-02-01-preview", None, "2025-10-01", False, ["IMG201"]),
    ("2019-02-01-preview", None, "2025-10-01", False, ["IMG201"]),
    ("2018-02-01-preview", "2022-07-01", "2022-07-01", False, []),
    ("2020-02-14", "2024-02-01", "2024-02-01", True, []),
    ("2024-02-02", None, "2025-10-01", False, ["IMG200"]),
    ("[parameters('api')]", None, "2025-10-01", False, ["IMG200"]),
    (20240201, None, "2025-10-01", False, ["IMG200"]),
    (None, "yesterday", "2025-10-01", False, ["IMG200"]),
]


@pytest.mark.parametrize(("written", "asked", "version", "strict", "codes"), VERSIONS)
def test_the_api_version(written: Any, asked: str | None, version: str, strict: bool, codes: list[str]) -> None:
    data = {} if written is None else {"apiVersion": written}
    result = normalise(read_text(json.dumps(data), filename="t.json"), api_version=asked)
    assert (result.api_version, result.strict) == (version, strict)
    assert [problem.code for problem in result.diagnostics if problem.code < "IMG203"] == codes


def test_strict_can_be_forced_and_lifted() -> None:
    assert normalise(placed({"apiVersion": "2020-02-14"}), strict=True).strict
    assert not normalise(placed({"apiVersion": "2024-02-01"}), strict=False).strict


@pytest.mark.parametrize(
    ("parameter", "given", "strict"),
    [
        ({"type": "string"}, {}, False),  # the newest version is put in for it: nobody chose it
        ({"type": "string", "defaultValue": "2024-02-01"}, {}, True),
        ({"type": "string", "defaultValue": "2020-02-14"}, {}, False),
        ({"type": "string"}, {"api-version": "2024-02-01"}, True),
    ],
)
def test_a_version_that_nobody_chose_is_read_leniently(parameter: Any, given: dict[str, str], strict: bool) -> None:
    deployment = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {"api-version": parameter},
        "resources": [
            {
                "type": "Microsoft.VirtualMachineImages/imageTemplates",
                "name": "contoso",
                "apiVersion": "[parameters('api-version')]",
                "properties": {"source": {"type": "platformImage"}},
            }
        ],
    }
    options = Deployment(now=datetime(2024, 5, 6, tzinfo=UTC), seed="s", parameters=given)
    resolved = resolve(read_text(json.dumps(deployment), filename="t.json"), options)
    assert resolved.document is not None
    result = normalise(resolved.document)
    assert result.strict == strict
    assert [problem.is_error for problem in result.diagnostics] == [strict]


def test_a_near_miss_is_suggested() -> None:
    [problem] = normalise(document({"apiVersion": "2022-2-14"})).diagnostics
    assert problem.hint == "did you mean 2022-02-14?"


def step(**members: Any) -> dict[str, Any]:
    return {"properties": {"customize": [members]}}


# What is written, what becomes of it, and what is said about it. Repairs are warnings where names are read leniently.
REPAIRS: list[tuple[Any, Any, list[tuple[str, str]]]] = [
    (
        step(type="Shell", scriptURI="u"),
        step(type="Shell", scriptUri="u"),
        [("IMG203", "properties.customize[0].scriptUri")],
    ),
    (
        step(type="Shell", script="u"),
        step(type="Shell", scriptUri="u"),
        [("IMG204", "properties.customize[0].scriptUri")],
    ),
    (
        step(Type="powershell", RunElevated=True),
        step(type="PowerShell", runElevated=True),
        [
            ("IMG203", "properties.customize[0].type"),
            ("IMG205", "properties.customize[0].type"),
            ("IMG203", "properties.customize[0].runElevated"),
        ],
    ),
    (
        step(type="Shell", scriptUri="u", SCRIPTURI="v"),
        step(type="Shell", scriptUri="u"),
        [("IMG206", "properties.customize[0].scriptUri")],
    ),
    (
        step(type="Shell", ScriptUri="u", SCRIPTURI="v"),
        step(type="Shell", scriptUri="u"),
        [("IMG203", "properties.customize[0].scriptUri"), ("IMG206", "properties.customize[0].scriptUri")],
    ),
    (
        step(type="Shell", scriptUri=None, ScriptUri="v"),
        step(type="Shell", scriptUri="v"),
        [("IMG203", "properties.customize[0].scriptUri")],
    ),
    (
        {"properties": {"source": {"type": "SharedImageVersion", "imageVersionID": "v"}}},
        {"properties": {"source": {"type": "SharedImageVersion", "imageVersionId": "v"}}},
        [("IMG203", "properties.source.imageVersionId")],
    ),
    (
        {
            "properties": {
                "distribute": [
                    {"type": "sharedImage", "replicationregions": ["r"], "storageAccountType": "standard_lrs"}
                ]
            }
        },
        {
            "properties": {
                "distribute": [
                    {"type": "SharedImage", "replicationRegions": ["r"], "storageAccountType": "Standard_LRS"}
                ]
            }
        },
        [
            ("IMG205", "properties.distribute[0].type"),
            ("IMG203", "properties.distribute[0].replicationRegions"),
            ("IMG205", "properties.distribute[0].storageAccountType"),
        ],
    ),
    (
        {"Properties": {"vmprofile": {"vnetconfig": {"SubnetId": "s"}}}},
        {"properties": {"vmProfile": {"vnetConfig": {"subnetId": "s"}}}},
        [
            ("IMG203", "properties"),
            ("IMG203", "properties.vmProfile"),
            ("IMG203", "properties.vmProfile.vnetConfig"),
            ("IMG203", "properties.vmProfile.vnetConfig.subnetId"),
        ],
    ),
    (
        {"properties": {"buildTimeoutInMinutes": "60", "vmProfile": {"osDiskSizeGB": 128.0}}},
        {"properties": {"buildTimeoutInMinutes": 60, "vmProfile": {"osDiskSizeGB": 128}}},
        [("IMG208", "properties.buildTimeoutInMinutes"), ("IMG208", "properties.vmProfile.osDiskSizeGB")],
    ),
    (
        step(type="PowerShell", runElevated="False", validExitCodes=["0", 3010]),
        step(type="PowerShell", runElevated=False, validExitCodes=[0, 3010]),
        [
            ("IMG208", "properties.customize[0].runElevated"),
            ("IMG208", "properties.customize[0].validExitCodes[0]"),
        ],
    ),
    (
        {"tags": {"build": 7, "Final": True}},
        {"tags": {"build": "7", "Final": "true"}},
        [("IMG208", "tags.build"), ("IMG208", "tags.Final")],
    ),
]


@pytest.mark.parametrize(("written", "wanted", "problems"), REPAIRS)
def test_what_is_only_spelt_wrongly_is_repaired(written: Any, wanted: Any, problems: list[tuple[str, str]]) -> None:
    data, found, _ = run(written)
    assert data == wanted
    assert found == [(code, path, "warning") for code, path in problems]


@pytest.mark.parametrize(("written", "wanted", "problems"), REPAIRS)
def test_strictly_the_same_are_errors_and_still_repaired(
    written: Any, wanted: Any, problems: list[tuple[str, str]]
) -> None:
    data, found, _ = run(written, strict=True)
    assert data == wanted
    assert found == [(code, path, "error") for code, path in problems]


@pytest.mark.parametrize(("written", "wanted", "problems"), REPAIRS)
def test_a_second_pass_finds_nothing(written: Any, wanted: Any, problems: list[tuple[str, str]]) -> None:
    assert run(wanted)[:2] == (wanted, [])


def test_the_message_names_both_spellings() -> None:
    [problem] = normalise(document(step(type="Shell", scriptURI="u")), strict=True).diagnostics
    assert problem.message == "`scriptURI` is spelt `scriptUri`"
    assert problem.hint.startswith("write `scriptUri`")


def test_the_case_of_the_resource_type_does_not_matter() -> None:
    assert run({"type": "microsoft.virtualmachineimages/IMAGETEMPLATES"}, strict=True)[:2] == (
        {"type": "Microsoft.VirtualMachineImages/imageTemplates"},
        [],
    )


def test_another_resource_type_is_left_for_the_schema() -> None:
    assert run({"type": "Microsoft.Compute/images"})[:2] == ({"type": "Microsoft.Compute/images"}, [])


def test_nulls_go_without_a_word() -> None:
    data = {
        "location": None,
        "properties": {
            "optimize": None,
            "vmProfile": {"vnetConfig": None, "vmSize": "s"},
            "managedResourceTags": {"a": None},
        },
    }
    assert run(data)[:2] == ({"properties": {"vmProfile": {"vmSize": "s"}, "managedResourceTags": {}}}, [])


def test_a_null_in_an_array_stays_for_the_schema() -> None:
    data = step(type="Shell", inline=["a", None])
    assert run(data)[:2] == (data, [])


def test_what_the_service_sets_is_left_out_with_a_note() -> None:
    data, found, _ = run(
        {
            "id": "/subscriptions/s",
            "systemData": {"createdBy": "a"},
            "properties": {
                "provisioningState": "Succeeded",
                "lastRunStatus": {"runState": "Running"},
                "source": {"type": "PlatformImage", "sku": "s", "exactVersion": "1"},
            },
        },
        strict=True,
    )
    assert data == {"properties": {"source": {"type": "PlatformImage", "sku": "s"}}}
    assert {(code, severity) for code, _, severity in found} == {("IMG207", "note")}
    assert [path for _, path, _ in found] == [
        "id",
        "systemData",
        "properties.provisioningState",
        "properties.lastRunStatus",
        "properties.source.exactVersion",
    ]


@pytest.mark.parametrize(
    "data",
    [
        step(type="Shell", inline="apt-get update"),  # a list is what the service wants, and guessing would hide it
        step(type="Nothing", RunElevated=1),
        step(RunElevated=1),
        step(type=5),
        {"properties": {"buildTimeoutInMinutes": "an hour"}},
        {"properties": {"buildTimeoutInMinutes": "99999999999"}},
        {"properties": {"buildTimeoutInMinutes": 1.5}},
        {"properties": {"optimize": [], "errorHandling": [{}]}},
        {"properties": {"distribute": {"type": "VHD"}}},
        {"properties": []},
        {"tags": {"Type": "x", "script": "y"}},
        {"dependsOn": [None, {"Type": 1}], "copy": {"Count": "3"}},
        {"": {"properties": None}},
        [],
        "text",
        10**400,
    ],
)
def test_what_is_not_a_matter_of_spelling_is_left_alone(data: Any) -> None:
    after, found, _ = run(data)
    assert after == data
    assert found == []


def test_an_unread_document_stays_unread() -> None:
    source = SourceText("t.json", "{")
    result = normalise(Document(source=source, root=None))
    assert (result.document.root, result.diagnostics) == (None, ())


def test_a_document_without_faults_is_the_same_object() -> None:
    before = document({"apiVersion": "2024-02-01", **step(type="Shell", inline=["a"])})
    assert normalise(before).document.root is before.root


def text_at(problem: Diagnostic) -> str:
    assert problem.span is not None
    return problem.span.text


def test_a_renamed_key_and_a_repaired_value_keep_their_places() -> None:
    before = placed(step(Type="shell", SCRIPT="https://fabrikam.example/a.sh"))
    result = normalise(before)
    assert [text_at(problem) for problem in result.diagnostics] == ['"Type"', '"shell"', '"SCRIPT"']
    member = result.document.at(("properties", "customize", 0))
    assert member is not None
    assert isinstance(member.data, Object)
    assert [(m.key, m.name.span.text) for m in member.data] == [("type", '"Type"'), ("scriptUri", '"SCRIPT"')]
    kind = result.document.at(("properties", "customize", 0, "type"))
    assert kind is not None
    assert (kind.data, kind.span.text) == ("Shell", '"shell"')


def test_every_diagnostic_knows_its_place_though_the_member_is_gone() -> None:
    before = placed(
        {"apiVersion": "2018-02-01-preview", "etag": "e", "properties": {"Source": {}, "source": {"type": "iso"}}}
    )
    assert [text_at(problem) for problem in normalise(before).diagnostics] == [
        '"2018-02-01-preview"',
        '"etag"',
        '"Source"',
    ]


def test_nothing_is_invented() -> None:
    before = placed({"LOCATION": "l", **step(type="POWERSHELL", runelevated="true", script="u")})
    root = normalise(before).document.root
    assert root is not None
    for _, value in walk(root):
        assert value.span.source is before.source


def test_every_rule_is_complete() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert "IMG200" <= rule.code <= "IMG219"
        assert rule.example
        assert all((rule.title, rule.cause, rule.fix, rule.source)), rule.code
        assert rule.corrected or rule.severity is Severity.NOTE
